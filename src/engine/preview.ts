/** The plan without carrying it out: what `plan` and `--dry-run` show is what `apply` would do. */

import { readHostFacts } from '../container/host.ts';
import { isRootfsReference } from '../image/rootfs.ts';
import { openImageStore } from '../image/store/store.ts';
import { imageName } from '../model/names.ts';
import type { ProjectOrigin } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import { withoutProviders } from '../model/providers.ts';
import type { ApplySettings } from '../model/settings.ts';
import { native } from '../native/binding.ts';
import { openNetworkDriver } from '../network/network-driver.ts';
import { planPulls } from '../plan/images.ts';
import { inSequence, type Plan } from '../plan/plan.ts';
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
import { imageNeeds } from './pull.ts';
import { refuseUnsupported, validateProject } from './validate.ts';

/** Observes and plans, in this process and without a supervisor. Throws what `apply` would refuse. */
export async function previewPlan(options: {
  readonly project: Project;
  readonly origin: ProjectOrigin;
  readonly variables: GivenVariables;
  readonly settings: ApplySettings;
  readonly paths: Paths;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Promise<{ readonly plan: Plan; readonly hash: string }> {
  const { settings, paths, variables } = options;
  const project = withoutProviders(options.project);
  const binding = native();
  using database = openDatabase(paths, 'read');
  const services = new Set(
    [...selectedServices(project.services, settings)].filter((name) => project.services[name] !== undefined),
  );
  const bringsUp = settings.intent === 'up' || settings.intent === 'create' || settings.intent === 'scale';
  if (bringsUp) refuseUnsupported(project, services);
  const pulls = bringsUp ? pullsFor(project, services, options) : noPulls;
  const pulled = new Set(pulls.nodes.map(({ operation }) => operation.resource));
  const { nameSeparator } = settings.manner;
  const withoutImages = [...services].filter((name) => {
    const service = project.services[name];
    if (service === undefined) return false;
    return service.build !== undefined || pulled.has(imageName(project.name, name, service, nameSeparator));
  });
  const wanted = await resolveDesired({
    project,
    workingDirectory: options.origin.workingDirectory,
    services,
    nameSeparator,
    variables,
    paths,
    withoutImages: new Set(withoutImages),
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
  const desired = { ...wanted.desired, declared: options.origin.declared };
  const value = plan(desired, observed, settings);
  checkCapacity(value, project, database);
  // The hash is that of what the supervisor will plan, which pulls nothing.
  return { plan: inSequence(pulls, value), hash: planHash(value, desired) };
}

const noPulls: Plan = { nodes: [], warnings: [], unchanged: [], updates: {} };

function pullsFor(
  project: Project,
  services: ReadonlySet<string>,
  options: Pick<Parameters<typeof previewPlan>[0], 'paths' | 'environment' | 'settings'>,
): Plan {
  const names = [...services].filter((name) => !isRootfsReference(project.services[name]?.image ?? ''));
  if (names.length === 0) return noPulls;
  using store = openImageStore(options.paths);
  const { nameSeparator } = options.settings.manner;
  const needs = imageNeeds(project, names, { store, environment: options.environment, nameSeparator });
  return planPulls(needs, Date.now());
}
