/** The plan without carrying it out: what `plan` and `--dry-run` show is what `apply` would do. */

import { readHostFacts } from '../container/host.ts';
import type { ProjectOrigin } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import type { ApplySettings } from '../model/settings.ts';
import { native } from '../native/binding.ts';
import { openNetworkDriver } from '../network/network-driver.ts';
import type { Plan } from '../plan/plan.ts';
import { plan } from '../plan/reconcile.ts';
import { selectedServices } from '../plan/selection.ts';
import { openDatabase } from '../state/database.ts';
import type { Paths } from '../state/paths.ts';
import { VolumeDriver } from '../volume/volume-driver.ts';
import { checkCapacity } from './capacity.ts';
import { resolveDesired } from './desired.ts';
import { planHash } from './engine.ts';
import type { GivenVariables } from './given-files.ts';
import { observe } from './observe.ts';
import { refuseUnsupported, validateProject } from './validate.ts';

/** Observes and plans, in this process and without a supervisor. Throws what `apply` would refuse. */
export async function previewPlan(options: {
  readonly project: Project;
  readonly origin: ProjectOrigin;
  readonly variables: GivenVariables;
  readonly settings: ApplySettings;
  readonly paths: Paths;
}): Promise<{ readonly plan: Plan; readonly hash: string }> {
  const { project, settings, paths, variables } = options;
  const binding = native();
  using database = openDatabase(paths, 'read');
  const services = new Set(
    [...selectedServices(project.services, settings)].filter((name) => project.services[name] !== undefined),
  );
  const bringsUp = settings.intent === 'up' || settings.intent === 'create' || settings.intent === 'scale';
  if (bringsUp) refuseUnsupported(project, services);
  const wanted = await resolveDesired({
    project,
    workingDirectory: options.origin.workingDirectory,
    services,
    nameSeparator: settings.manner.nameSeparator,
    variables,
    paths,
  });
  if (bringsUp) {
    const { workingDirectory } = options.origin;
    const { images } = wanted;
    const world = { host: readHostFacts(), database, workingDirectory, images, variables };
    validateProject(project, services, settings, world);
  }
  const observed = await observe({
    paths,
    database,
    project: project.name,
    native: binding,
    network: openNetworkDriver({ paths, native: binding }),
    volumes: new VolumeDriver({ paths, native: binding }),
    externalNetworks: Object.values(project.networks ?? {})
      .filter(({ external }) => external)
      .map(({ name }) => name),
  });
  const value = plan(wanted.desired, observed, settings);
  checkCapacity(value, project, database);
  return { plan: value, hash: planHash(value) };
}
