import { ComposeError, type ErrorPath } from '../util/errors.ts';
import type { Project } from './project.ts';
import type { Service } from './service.ts';

interface Refusal {
  /** The attributes, from the service on, with which it asks for it. */
  readonly askedBy: (service: Service) => readonly ErrorPath[];
  readonly why: string;
}

const when = (isAsked: boolean, ...attribute: ErrorPath): readonly ErrorPath[] => (isAsked ? [attribute] : []);

/** What a service cannot do without, and cannot be given: starting it would only pretend. */
const REFUSED: readonly Refusal[] = [
  { askedBy: ({ gpus }) => when(gpus !== undefined, 'gpus'), why: 'device requests need a driver' },
  {
    askedBy: ({ deploy }) =>
      when(
        deploy?.resources.reservations?.devices !== undefined,
        ...['deploy', 'resources', 'reservations', 'devices'],
      ),
    why: 'device requests need a driver',
  },
  { askedBy: ({ models }) => when(models !== undefined, 'models'), why: 'there is no program that runs models' },
  {
    askedBy: ({ pre_start }) =>
      [...(pre_start ?? []).entries()].flatMap(([index, { per_replica }]) =>
        when(per_replica === true, 'pre_start', index, 'per_replica'),
      ),
    why: 'a hook runs once, before the first replica',
  },
  {
    askedBy: ({ use_api_socket }) => when(use_api_socket === true, 'use_api_socket'),
    why: 'there is no Docker API to give access to',
  },
  {
    askedBy: ({ volumes }) =>
      [...(volumes ?? []).entries()].flatMap(([index, { type, image }]) =>
        when(!['bind', 'volume', 'tmpfs'].includes(type), 'volumes', index, image === undefined ? 'type' : 'image'),
      ),
    why: 'mounts are of type bind, volume or tmpfs',
  },
];

/** What `services` ask for and there is not (docs/compatibility.md, refused). */
export function* findUnsupported(project: Project, services: Iterable<string>): Generator<ComposeError> {
  const given = { secrets: new Set<string>(), configs: new Set<string>() };
  for (const name of services) {
    const service = Object.hasOwn(project.services, name) ? project.services[name] : undefined;
    if (service === undefined) continue;
    for (const { askedBy, why } of REFUSED) {
      for (const attribute of askedBy(service)) {
        const word = attribute.filter((part) => typeof part === 'string').join('.');
        const message = `service ${name}: ${word} is not supported: ${why}`;
        yield new ComposeError('UNSUPPORTED', message, { path: ['services', name, ...attribute] });
      }
    }
    for (const { source } of service.secrets ?? []) given.secrets.add(source);
    for (const { source } of service.configs ?? []) given.configs.add(source);
  }
  for (const kind of ['secrets', 'configs'] as const) {
    const what = kind.slice(0, -1);
    for (const source of given[kind]) {
      const definition = project[kind]?.[source];
      if (definition?.external) {
        const message = `${what} ${source}: external is not supported: there is no store of ${kind}`;
        yield new ComposeError('UNSUPPORTED', message, {
          path: [kind, source, 'external'],
          hint: `give it file: or environment:${kind === 'configs' ? ', or content:' : ''}`,
        });
      } else if (definition?.driver !== undefined) {
        const message = `${what} ${source}: driver is not supported: there are no drivers of ${kind}`;
        yield new ComposeError('UNSUPPORTED', message, { path: [kind, source, 'driver'] });
      }
    }
  }
}
