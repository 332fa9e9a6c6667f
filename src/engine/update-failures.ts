/** What becomes of an update in which replicas fail: it goes on, stops there, or everything is as before. */
import type { ApplyRequest } from '../client/api.ts';
import { healthCheckOf } from '../container/health.ts';
import { openImageStore } from '../image/store/store.ts';
import type { ResolvedImage } from '../model/image.ts';
import type { Project } from '../model/project.ts';
import type { ContainerRecord } from '../model/records.ts';
import type { Service } from '../model/service.ts';
import { type ApplySettings, defaultSettings } from '../model/settings.ts';
import type { Observed } from '../plan/observed.ts';
import { type Plan, PlanBuilder, type PlanNode, renumber } from '../plan/plan.ts';
import { plan } from '../plan/reconcile.ts';
import { ComposeError } from '../util/errors.ts';
import type { EngineContext } from './context.ts';
import type { DesiredWithImages } from './desired.ts';
import type { EffectInput } from './effect-input.ts';
import type { EngineOptions } from './engine.ts';
import { OperationFailure } from './execute.ts';
import { withoutContents } from './given-files.ts';

type CarryOut = (input: EffectInput, thePlan: Plan, options: CarryOutOptions) => Promise<void>;

export interface CarryOutOptions extends EngineOptions {
  readonly parallel: number | null;
  readonly judge?: (node: PlanNode, failure: OperationFailure) => 'stop' | 'skip';
}

interface Failure {
  readonly group: string;
  readonly reason: OperationFailure;
}

/**
 * Carries out a plan whose updates may fail, as each service's `update_config` says. Throws UPDATE_FAILED once the rest is
 * done (continue) or everything is as before (rollback), and the failure itself otherwise.
 */
export async function carryOutUpdates(options: {
  readonly context: EngineContext;
  readonly request: ApplyRequest;
  readonly input: EffectInput;
  readonly plan: Plan;
  readonly observed: Observed;
  readonly engine: EngineOptions;
  readonly observe: () => Promise<Observed>;
  readonly carryOut: CarryOut;
}): Promise<void> {
  const { input, engine, carryOut } = options;
  const { updates } = options.plan;
  const { parallel } = options.request.settings.manner;
  const failures = new Map<string, Failure[]>();
  const judge = ({ operation, group }: PlanNode, reason: OperationFailure): 'stop' | 'skip' => {
    const service = operation.service ?? '';
    const terms = updates[service];
    if (terms === undefined || group === null) return 'stop';
    const list = failures.get(service) ?? [];
    list.push({ group, reason });
    failures.set(service, list);
    return terms.failureAction === 'continue' || list.length <= terms.toleratedFailures ? 'skip' : 'stop';
  };
  const previous = previousServices(options.plan, options.observed, input.wanted);
  try {
    await carryOut(input, options.plan, { ...engine, parallel, judge });
  } catch (error) {
    const service =
      error instanceof OperationFailure && error.node.group !== null ? error.node.operation.service : null;
    const record = service === null ? undefined : previous.get(service);
    if (service === null || record === undefined || updates[service]?.failureAction !== 'rollback') throw error;
    throw await rollBack(options, service, record, error as OperationFailure);
  }
  const errors: ComposeError[] = [];
  for (const [service, list] of failures) {
    const { toleratedFailures = 0 } = updates[service] ?? {};
    await discard(options, service, list);
    const reason = list[0]?.reason.message ?? '';
    const groups = options.plan.nodes.flatMap(({ operation, group }) =>
      operation.service === service ? (group ?? []) : [],
    );
    const count = `${list.length} of ${new Set(groups).size} replicas`;
    const message = `service ${service}: ${count} could not be updated: ${reason}`;
    if (list.length > toleratedFailures) errors.push(new ComposeError('UPDATE_FAILED', message));
    else engine.emit({ type: 'warning', message });
  }
  const [first] = errors;
  if (first !== undefined) throw errors.length === 1 ? first : new AggregateError(errors, first.message);
}

/** What each updated service was before: its container of the lowest number that is not yet as it shall be. */
function previousServices({ updates }: Plan, observed: Observed, { desired }: DesiredWithImages) {
  const records = new Map<string, ContainerRecord>();
  const byNumber = observed.containers.toSorted((a, b) => a.record.number - b.record.number);
  for (const { record } of byNumber) {
    const wanted = desired.services[record.service];
    const isOld = record.configHash !== wanted?.hash || record.imageDigest !== wanted.imageDigest;
    if (updates[record.service] === undefined || record.oneOff || !isOld || records.has(record.service)) continue;
    records.set(record.service, record);
  }
  return records;
}

/** Removes what was to take the place of containers that are still there. */
async function discard(
  { context, input, engine, carryOut, plan: done }: Parameters<typeof carryOutUpdates>[0],
  service: string,
  failures: readonly Failure[],
): Promise<void> {
  const groups = new Set(failures.map(({ group }) => group));
  const names = new Set(
    done.nodes.flatMap(({ operation, group }) =>
      operation.type === 'awaitReplica' && group !== null && groups.has(group) ? [operation.name] : [],
    ),
  );
  const builder = new PlanBuilder();
  for (const { id, name, replaces } of context.database.containers(context.projectName)) {
    if (!names.has(name) || replaces === undefined || context.database.container(replaces) === null) continue;
    const cause = 'it failed, and what it was to replace stays';
    const common = { kind: 'container', resource: name, service, cause, changes: [], containerId: id } as const;
    const stop = builder.add({ ...common, type: 'stopContainer', timeoutMs: null });
    builder.add({ ...common, type: 'removeContainer', volumes: [] }, [stop]);
  }
  await carryOut(input, renumber(builder.build(), done.nodes.length), { ...engine, parallel: null });
}

/** Brings a service back to what it was; answers the error that says so. */
async function rollBack(
  options: Parameters<typeof carryOutUpdates>[0],
  service: string,
  before: ContainerRecord,
  failure: OperationFailure,
): Promise<Error> {
  const { context, input, engine, request } = options;
  const reason = failure.data.message;
  engine.emit({ type: 'warning', message: `service ${service}: update failed, rolling back: ${reason}` });
  const project: Project = { ...input.project, services: { ...input.project.services, [service]: before.config } };
  const { origin } = request;
  context.database.saveProject({
    name: context.projectName,
    origin,
    project: withoutContents(project),
    updatedAt: context.clock().toISOString(),
  });
  try {
    const wanted = await wantedBefore(context, input, service, before, project);
    const settings: ApplySettings = {
      ...defaultSettings('up'),
      services: [service],
      dependencies: 'exclude',
      orphans: 'ignore',
      scale: request.settings.scale,
      stopTimeoutMs: request.settings.stopTimeoutMs,
      manner: request.settings.manner,
    };
    const back = renumber(plan(wanted.desired, await options.observe(), settings), options.plan.nodes.length);
    await options.carryOut({ ...input, project, wanted }, back, { ...engine, parallel: null });
  } catch (error) {
    if (engine.signal.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return told(failure, `service ${service}: update failed, and so did rolling back (${why}): ${reason}`);
  }
  return told(failure, `service ${service}: update failed and was rolled back: ${reason}`);
}

/** The same failure, with what became of it. */
function told({ data, cause, node }: OperationFailure, message: string): OperationFailure {
  return new OperationFailure({ ...data, code: 'UPDATE_FAILED', message }, cause, node);
}

/** What was wanted before: the definition, the image and the hash that the old container has. */
async function wantedBefore(
  context: EngineContext,
  input: EffectInput,
  service: string,
  before: ContainerRecord,
  project: Project,
): Promise<DesiredWithImages> {
  const image = await imageBefore(context, input, service, before);
  const { desired } = input.wanted;
  const hasHealthCheck = healthCheckOf(before.config.healthcheck, image.config.healthcheck) !== null;
  const known = {
    service: withRollbackConfig(before.config, input.project.services[service]),
    hash: before.configHash,
    imageDigest: before.imageDigest,
    hasHealthCheck,
  };
  return {
    ...input.wanted,
    desired: { ...desired, project, services: { ...desired.services, [service]: known } },
    images: new Map(input.wanted.images).set(service, image),
  };
}

async function imageBefore(
  context: EngineContext,
  input: EffectInput,
  service: string,
  { imageDigest, imageReference }: ContainerRecord,
): Promise<ResolvedImage> {
  const image = input.wanted.images.get(service);
  if (image?.digest === imageDigest) return image;
  if (!imageDigest.startsWith('sha256:')) {
    const { resolveRootfs } = await import('../image/rootfs.ts');
    return await resolveRootfs(imageReference, { workingDirectory: input.origin.workingDirectory });
  }
  using store = openImageStore(context.paths);
  return { ...(await store.resolveImage(imageDigest)), reference: imageReference };
}

/**
 * The definition before, to be brought back as the present one's `rollback_config` says, or as the update itself went. A
 * rollback that fails is not rolled back.
 */
export function withRollbackConfig(before: Service, now: Service | undefined): Service {
  const { update_config: update, rollback_config: rollback } = now?.deploy ?? {};
  const config = rollback ?? update;
  if (config === undefined) return before;
  const failure_action = config.failure_action === 'continue' ? 'continue' : 'pause';
  const update_config = { ...config, failure_action };
  return { ...before, deploy: { resources: {}, placement: {}, ...before.deploy, update_config } };
}
