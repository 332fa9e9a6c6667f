import { ComposeError } from '../util/errors.ts';
import type { Service } from './service.ts';

/** Whether a project name given by flag or variable can be used as it is. */
export function isProjectName(name: string): boolean {
  return /^[a-z0-9][a-z0-9_-]*$/.test(name);
}

/** Makes a project name of a `name:` or a directory: lower case, other characters left out. Empty when nothing is left. */
export function normalizeProjectName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '')
    .replace(/^[_-]+/, '');
}

/** Returns a name given by flag or variable; throws INVALID, with the repaired name as a hint, when it breaks the rules. */
export function checkProjectName(name: string): string {
  if (isProjectName(name)) return name;
  const repaired = normalizeProjectName(name);
  throw new ComposeError(
    'INVALID',
    `project name ${JSON.stringify(name)} must consist of lower-case letters, digits, hyphens and underscores, and begin with a letter or digit`,
    repaired === '' ? {} : { hint: `use ${JSON.stringify(repaired)}` },
  );
}

/** What stands between the parts of a container's name: `_` under `--compatibility`. */
export type NameSeparator = '-' | '_';

/** The name of replica `number` (from 1) of a service. */
export function containerName(
  project: string,
  serviceName: string,
  number: number,
  separator: NameSeparator,
  service?: Pick<Service, 'container_name'>,
): string {
  return service?.container_name ?? [project, serviceName, number].join(separator);
}

/** The container in which hook `index` (from 0) of `pre_start` runs. */
export function preStartName(project: string, serviceName: string, index: number): string {
  return `${project}-${serviceName}-pre-start-${index + 1}`;
}

/** What a container is called while another one has its name: as Docker Compose does it. */
export function passingName(otherId: string, name: string): string {
  return `${otherId.slice(0, 12)}_${name}`;
}

/** The name that a container has, or will have when the other one is gone. */
export function lastingName(name: string): string {
  return name.replace(/^[0-9a-f]{12}_/, '');
}

/** The name of a one-off container: `slug` is what makes it unique. */
export function oneOffContainerName(
  project: string,
  serviceName: string,
  slug: string,
  separator: NameSeparator,
): string {
  return [project, serviceName, 'run', slug].join(separator);
}

/** The name of a network, volume, config or secret on this machine when the file gives none. */
export function resourceName(project: string, key: string, isExternal = false): string {
  return isExternal ? key : `${project}_${key}`;
}

/** How containers of builds are told from others: no id of a container begins so. */
export const buildContainerPrefix = 'build-';

/** The image a service runs: its own, or the one its build is tagged with. */
export function imageName(
  project: string,
  serviceName: string,
  service: Pick<Service, 'image'>,
  separator: NameSeparator,
): string {
  return service.image !== undefined && service.image !== '' ? service.image : `${project}${separator}${serviceName}`;
}

/** How many containers a service asks for. */
export function replicaCount(service: Pick<Service, 'scale' | 'deploy'>): number {
  return service.scale ?? service.deploy?.replicas ?? 1;
}

/** The name that log lines carry: the container's without the project's prefix. */
export function logName(project: string, name: string, separator: NameSeparator): string {
  return name.startsWith(`${project}${separator}`) ? name.slice(project.length + 1) : name;
}
