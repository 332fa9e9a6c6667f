/** Which services and containers a command means. */
import type { ApplySettings } from '../model/settings.ts';
import type { Desired } from './desired.ts';
import { withDependencies } from './graph.ts';
import type { Observed, ObservedContainer } from './observed.ts';

type Services = Desired['project']['services'];

/** Services that `up` drives: the named ones and, unless excluded, what they depend on; all when none is named. */
export function selectedServices(services: Services, settings: ApplySettings): ReadonlySet<string> {
  if (settings.services.length === 0) return new Set(Object.keys(services));
  return settings.dependencies === 'include'
    ? withDependencies(services, settings.services)
    : new Set(settings.services);
}

/** Containers that a life-cycle command acts on: of the named services, or of all; one-off containers only on request. */
export function selectedContainers(
  observed: Observed,
  settings: ApplySettings,
  options: { readonly oneOffs: 'include' | 'exclude' } = { oneOffs: 'exclude' },
): ObservedContainer[] {
  const names = new Set(settings.services);
  return observed.containers.filter(
    ({ record }) =>
      (names.size === 0 || names.has(record.service)) && (options.oneOffs === 'include' || !record.oneOff),
  );
}

export function isActive(container: ObservedContainer): boolean {
  const { status } = container.state;
  return status === 'running' || status === 'paused' || status === 'restarting';
}
