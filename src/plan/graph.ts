import type { Service } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';

type Services = Readonly<Record<string, Pick<Service, 'depends_on'>>>;

/**
 * Service names so that each comes after what it depends on, alphabetical where the order is free. Dependencies that are
 * not in `services` are skipped. Throws CYCLE with the names along it.
 */
export function dependencyOrder(services: Services): string[] {
  const order: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const visit = (name: string): void => {
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'open') {
      const cycle = [...path.slice(path.indexOf(name)), name];
      throw new ComposeError('CYCLE', `dependency cycle detected: ${cycle.join(' -> ')}`);
    }
    state.set(name, 'open');
    path.push(name);
    for (const dependency of dependenciesOf(services, name)) visit(dependency);
    path.pop();
    state.set(name, 'done');
    order.push(name);
  };
  for (const name of Object.keys(services).sort()) visit(name);
  return order;
}

/** Names that `name` depends on and that are in `services`, sorted. */
export function dependenciesOf(services: Services, name: string): string[] {
  return Object.keys(services[name]?.depends_on ?? {})
    .filter((dependency) => services[dependency] !== undefined)
    .sort();
}

/** Names of the services that depend on `name`, sorted. */
export function dependentsOf(services: Services, name: string): string[] {
  return Object.keys(services)
    .filter((other) => services[other]?.depends_on?.[name] !== undefined)
    .sort();
}

/** `names` and everything they depend on, directly or not. */
export function withDependencies(services: Services, names: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const dependency of dependenciesOf(services, name)) visit(dependency);
  };
  for (const name of names) visit(name);
  return found;
}
