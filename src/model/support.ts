import { ComposeError } from '../util/errors.ts';
import type { Project } from './project.ts';
import type { Service } from './service.ts';

/** What a service cannot do without, and cannot be given: starting it would only pretend. */
const REFUSED: readonly {
  readonly attribute: string;
  readonly isAsked: (service: Service) => boolean;
  readonly why: string;
}[] = [
  { attribute: 'gpus', isAsked: ({ gpus }) => gpus !== undefined, why: 'device requests need a driver' },
  {
    attribute: 'deploy.resources.reservations.devices',
    isAsked: ({ deploy }) => deploy?.resources.reservations?.devices !== undefined,
    why: 'device requests need a driver',
  },
  { attribute: 'models', isAsked: ({ models }) => models !== undefined, why: 'there is no program that runs models' },
  { attribute: 'pre_start', isAsked: ({ pre_start }) => pre_start !== undefined, why: 'hooks do not run yet' },
  { attribute: 'provider', isAsked: ({ provider }) => provider !== undefined, why: 'providers are not started yet' },
  {
    attribute: 'use_api_socket',
    isAsked: ({ use_api_socket }) => use_api_socket === true,
    why: 'there is no Docker API to give access to',
  },
  {
    attribute: 'volumes',
    isAsked: ({ volumes }) =>
      volumes?.some((mount) => mount.type === 'image' || mount.type === 'npipe' || mount.type === 'cluster') ?? false,
    why: 'mounts are of type bind, volume or tmpfs',
  },
];

/** Throws UNSUPPORTED for the first of `services` that asks for what there is not (docs/compatibility.md, refused). */
export function refuseUnsupported(project: Project, services: Iterable<string>): void {
  for (const name of services) {
    const service = Object.hasOwn(project.services, name) ? project.services[name] : undefined;
    const refused = service === undefined ? undefined : REFUSED.find((row) => row.isAsked(service));
    if (refused !== undefined) {
      throw new ComposeError('UNSUPPORTED', `service ${name}: ${refused.attribute} is not supported: ${refused.why}`);
    }
    for (const { source } of service?.secrets ?? []) {
      const secret = project.secrets?.[source];
      if (secret?.driver !== undefined) {
        throw new ComposeError('UNSUPPORTED', `secret ${source}: driver is not supported: there are no secret drivers`);
      }
    }
  }
}
