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
import { observe } from './observe.ts';
import { validateProject } from './validate.ts';
import { validateServices } from './validate-services.ts';

/** Observes and plans, in this process and without a supervisor. Throws what `apply` would refuse. */
export async function previewPlan(options: {
  readonly project: Project;
  readonly origin: ProjectOrigin;
  readonly settings: ApplySettings;
  readonly paths: Paths;
}): Promise<{ readonly plan: Plan; readonly hash: string }> {
  const { project, settings, paths } = options;
  const binding = native();
  using database = openDatabase(paths, 'read');
  const services = new Set(
    [...selectedServices(project.services, settings)].filter((name) => project.services[name] !== undefined),
  );
  const wanted = await resolveDesired({
    project,
    workingDirectory: options.origin.workingDirectory,
    services,
    nameSeparator: settings.manner.nameSeparator,
  });
  if (settings.intent === 'up' || settings.intent === 'create' || settings.intent === 'scale') {
    validateProject(project, services, settings, database);
    await validateServices(project, services, {
      host: readHostFacts(),
      workingDirectory: options.origin.workingDirectory,
    });
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
