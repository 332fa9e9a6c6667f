/** Services that another program provides: they have no containers, and their dependents learn of them by variables. */
import type { Project } from './project.ts';
import type { Service } from './service.ts';

/** Whether another program is to be asked before anything else is done. */
export function hasProviders(project: Project): boolean {
  return Object.values(project.services).some(({ provider }) => provider !== undefined);
}

/** The project as containers are made of it: what is provided is there already. */
export function withoutProviders(project: Project): Project {
  if (!hasProviders(project)) return project;
  const isProvided = (name: string) => project.services[name]?.provider !== undefined;
  const services = Object.entries(project.services)
    .filter(([name]) => !isProvided(name))
    .map(([name, { depends_on, ...service }]): [string, Service] => {
      const left = Object.entries(depends_on ?? {}).filter(([dependency]) => !isProvided(dependency));
      return [name, left.length === 0 ? service : { ...service, depends_on: Object.fromEntries(left) }];
    });
  return { ...project, services: Object.fromEntries(services) };
}

/** Adds variables to the services that depend on `provided`. */
export function withVariables(
  project: Project,
  provided: string,
  variables: Readonly<Record<string, string>>,
): Project {
  const services = Object.entries(project.services).map(([name, service]): [string, Service] => {
    if (service.depends_on?.[provided] === undefined) return [name, service];
    return [name, { ...service, environment: { ...service.environment, ...variables } }];
  });
  return {
    ...project,
    provided: { ...project.provided, [provided]: variables },
    services: Object.fromEntries(services),
  };
}

/** The same variables as last time, for who only looks and asks no provider. */
export function withRememberedVariables(project: Project, earlier: Project | null): Project {
  return Object.entries(earlier?.provided ?? {}).reduce(
    (result, [name, variables]) =>
      project.services[name]?.provider === undefined ? result : withVariables(result, name, variables),
    project,
  );
}

/** The services that a command line names; all when it names none. */
export function namedServices(project: Project, names: readonly string[]): ReadonlySet<string> {
  return new Set(names.length === 0 ? Object.keys(project.services) : names);
}
