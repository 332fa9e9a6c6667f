/** observe → plan → execute, for every command and for self-healing alike. */

import type { ApplyRequest } from '../client/api.ts';
import { lastLogLines } from '../logs/tail.ts';
import type { ErrorData, ProgressEvent, RepairEvent } from '../model/events.ts';
import type { ProjectOrigin } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import { withoutProviders } from '../model/providers.ts';
import { defaultSettings } from '../model/settings.ts';
import { sha256 } from '../native/digest.ts';
import type { Desired } from '../plan/desired.ts';
import type { Observed } from '../plan/observed.ts';
import { formatPlan, type Operation, type Plan, planData, planDifference, planLines } from '../plan/plan.ts';
import { plan } from '../plan/reconcile.ts';
import { selectedServices } from '../plan/selection.ts';
import { ComposeError } from '../util/errors.ts';
import { checkCapacity } from './capacity.ts';
import { containerEvent } from './container-event.ts';
import type { EngineContext } from './context.ts';
import { type DesiredWithImages, resolveDesired } from './desired.ts';
import type { EffectInput } from './effect-input.ts';
import { createEffects } from './effects.ts';
import { errorData, execute } from './execute.ts';
import { withoutContents } from './given-files.ts';
import { leaseImages } from './lease-images.ts';
import { observe } from './observe.ts';
import { type CarryOutOptions, carryOutUpdates } from './update-failures.ts';
import { refuseUnsupported, validateProject } from './validate.ts';
import { checkStart } from './validate-start.ts';

/** Name of a plan: two equal plans for equal services have equal hashes. */
export function planHash(value: Plan, { services }: Pick<Desired, 'services'>): string {
  const hashes = value.nodes.map(({ operation }) =>
    operation.type === 'createContainer' ? services[operation.service ?? '']?.hash : undefined,
  );
  return sha256(`${formatPlan(value)}\n${JSON.stringify(hashes)}`).slice(0, 16);
}

export interface EngineOptions {
  readonly signal: AbortSignal;
  readonly emit: (event: ProgressEvent) => void;
}

/**
 * Carries out one request. Everything is validated before anything is touched; progress goes to `emit`, the plan first.
 * Throws what stopped it.
 */
export async function apply(context: EngineContext, request: ApplyRequest, options: EngineOptions): Promise<void> {
  const { settings } = request;
  const whole = request.project ?? knownProject(context);
  const project = withoutProviders(whole);
  const origin = request.origin;
  const bringsUp = settings.intent === 'up' || settings.intent === 'create' || settings.intent === 'scale';
  const needsImages = bringsUp || settings.intent === 'start' || settings.intent === 'restart';
  checkServiceNames(context, whole, settings.services);
  const isContainer = (name: string) => whole.services[name]?.provider === undefined;
  const services = new Set(needsImages ? [...selectedServices(project.services, settings)].filter(isContainer) : []);
  if (bringsUp) refuseUnsupported(project, services);
  const wanted = await resolveDesired({
    project,
    workingDirectory: origin.workingDirectory,
    services: new Set([...services].filter((name) => project.services[name] !== undefined)),
    nameSeparator: settings.manner.nameSeparator,
    variables: request.variables,
    paths: context.paths,
    // What exists starts from what it was made of.
    ...(bringsUp ? {} : { withoutImages: services }),
  });
  await using _lease = bringsUp ? await leaseImages(context.paths, wanted) : null;
  if (bringsUp) {
    const { host, database } = context;
    const { workingDirectory } = origin;
    const { images } = wanted;
    const world = { host, database, workingDirectory, images, variables: request.variables };
    validateProject(project, services, settings, world);
  }
  const observed = await observeAll(context, project);
  const desired = { ...wanted.desired, declared: origin.declared };
  const thePlan = plan(desired, observed, settings);
  checkCapacity(thePlan, project, context.database);
  if (bringsUp) await checkStart(context, thePlan, project, wanted.images);
  const hash = planHash(thePlan, desired);
  if (request.expectedPlanHash !== null && request.expectedPlanHash !== hash) {
    const lines = planDifference(request.expectedPlan ?? [], planLines(thePlan));
    throw new ComposeError(
      'PLAN_CHANGED',
      ['the plan that was shown is not the plan that would run now', ...lines].join('\n'),
      {
        hint: 'nothing was done: look at the new plan and confirm it again',
      },
    );
  }
  options.emit({ type: 'plan', hash, nodes: planData(thePlan) });
  for (const message of thePlan.warnings) options.emit({ type: 'warning', message });
  reportUnchanged(context, thePlan, options.emit);
  if (bringsUp) {
    context.database.saveProject({
      name: context.projectName,
      origin,
      project: withoutContents(whole),
      updatedAt: context.clock().toISOString(),
    });
  }
  const { variables } = request;
  const hooks = 'run' as const;
  const input = {
    project,
    origin,
    wanted,
    variables,
    waitTimeoutMs: settings.waitTimeoutMs,
    hooks,
    tell: options.emit,
  };
  await carryOutUpdates({
    context,
    request,
    input,
    plan: thePlan,
    observed,
    engine: options,
    observe: () => observeAll(context, project),
    carryOut: (...what) => carryOut(context, ...what),
  });
  context.database.settle();
  if (settings.intent === 'restart') announceRestarts(context, thePlan);
}

function announceRestarts(context: EngineContext, { nodes }: Plan): void {
  const restarted = new Set(
    nodes.flatMap(({ operation }) => (operation.type === 'startContainer' ? operation.name : [])),
  );
  for (const record of context.database.containers(context.projectName)) {
    if (!restarted.has(record.name)) continue;
    context.announce(containerEvent(record, 'restart', context.clock().toISOString()));
  }
}

/** The project as last applied; else what its containers say they were made of. */
function knownProject(context: EngineContext): Project {
  const record = context.database.project(context.projectName);
  if (record?.project) return record.project;
  const services = Object.fromEntries(
    context.database.containers(context.projectName).map(({ service, config }) => [service, config]),
  );
  return { name: context.projectName, services };
}

function checkServiceNames(context: EngineContext, project: Project, names: readonly string[]): void {
  const existing = new Set(context.database.containers(context.projectName).map(({ service }) => service));
  for (const name of names) {
    if (project.services[name] !== undefined || existing.has(name)) continue;
    throw new ComposeError('NO_SERVICE', `no such service: ${name}`);
  }
}

async function observeAll(context: EngineContext, project: Project | null): Promise<Observed> {
  return await observe({
    paths: context.paths,
    database: context.database,
    project: context.projectName,
    native: context.native,
    network: context.networks,
    volumes: context.volumes,
    externalNetworks: Object.values(project?.networks ?? {})
      .filter(({ external }) => external)
      .map(({ name }) => name),
  });
}

/** Carries out a plan with the effects of the engine. */
export async function carryOut(
  context: EngineContext,
  input: EffectInput,
  thePlan: Plan,
  options: CarryOutOptions,
): Promise<void> {
  if (thePlan.nodes.length === 0) return;
  await execute(thePlan, createEffects(context, input), {
    ...options,
    clock: context.clock,
    describeError: (error, operation) => describeError(context, error, operation),
  });
  await context.rules.settled();
}

function describeError(context: EngineContext, error: unknown, operation: Operation): ErrorData {
  if (operation.kind !== 'container') return errorData(error);
  const containers = context.database.containers(context.projectName);
  // A step that is about a whole service has its name; of one replica it is that replica's log that says why.
  const record =
    containers.find(({ name }) => name === operation.resource) ??
    containers.find(({ service }) => service === operation.service);
  return errorData(error, record === undefined ? [] : lastLogLines(context.paths.container(record.id).log, 10));
}

function reportUnchanged(context: EngineContext, thePlan: Plan, emit: EngineOptions['emit']): void {
  thePlan.unchanged.forEach(({ kind, resource, service, text }, index) => {
    emit({
      type: 'step',
      id: -1 - index,
      kind,
      resource,
      service,
      operation: 'none',
      cause: 'as wanted',
      status: 'done',
      text,
      at: context.clock().toISOString(),
      durationMs: 0,
      error: null,
    });
  });
}

/**
 * Self-healing: looks at the world and puts right what drifted. Reports each repair; a repair that fails is reported and
 * does not stop the others from being tried at the next look.
 */
export async function repair(
  context: EngineContext,
  report: (event: RepairEvent) => void,
  signal: AbortSignal,
): Promise<number> {
  const project = withoutProviders(knownProject(context));
  const observed = await observeAll(context, project);
  const empty: DesiredWithImages = {
    desired: { project, services: {}, networks: {}, volumes: {} },
    images: new Map(),
    contents: new Map(),
  };
  // Nobody's doing but ours: whoever changed the records may have been killed before he wrote their rules.
  if (observed.firewall === 'behind') await context.rules.request();
  const thePlan = plan(empty.desired, observed, defaultSettings('repair'));
  if (thePlan.nodes.length === 0) return 0;
  const emit = (event: ProgressEvent): void => {
    if (event.type !== 'step' || (event.status !== 'done' && event.status !== 'failed')) return;
    report({
      type: 'repair',
      kind: event.kind,
      resource: event.resource,
      cause: event.cause,
      status: event.status === 'done' ? 'repaired' : 'failed',
      message: event.error?.message ?? null,
      at: event.at,
    });
  };
  const origin: ProjectOrigin = context.database.project(context.projectName)?.origin ?? {
    workingDirectory: '/',
    configFiles: [],
    environmentFiles: [],
  };
  const input: EffectInput = {
    project,
    origin,
    wanted: empty,
    variables: {},
    waitTimeoutMs: null,
    hooks: 'skip',
    tell: () => {},
  };
  await carryOut(context, input, thePlan, { signal, emit, parallel: null });
  return thePlan.nodes.length;
}
