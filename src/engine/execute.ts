/** Carries out a plan along its graph. Decides nothing: what fails stops the rest, what succeeded stays. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ErrorData, ProgressEvent, StepEvent } from '../model/events.ts';
import type { Operation, OperationOf, OperationType, Plan, PlanNode } from '../plan/plan.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { processLimitHint } from '../util/errno.ts';
import { ComposeError } from '../util/errors.ts';
import { describeStep } from './step-text.ts';

/** What carries out an operation. Resolves with another text than usual, if any. */
export type EffectsOf<Types extends OperationType> = {
  readonly [T in Types]: (
    operation: OperationOf<T>,
    options: { readonly signal: AbortSignal },
  ) => Promise<string | undefined>;
};

/** One effect per operation of the supervisor, which pulls nothing; one without is a type error. */
export type Effects = EffectsOf<Exclude<OperationType, 'pullImage'>>;

/** What stopped a plan: the first operation that failed, as the user should see it. */
export class OperationFailure extends Error {
  readonly data: ErrorData;
  readonly node: PlanNode;

  constructor(data: ErrorData, cause: unknown, node: PlanNode) {
    super(data.message, { cause });
    this.name = 'OperationFailure';
    this.data = data;
    this.node = node;
  }
}

/** Where nobody sets a limit: most of their time is waiting, and what waits together for the kernel waits once. */
const parallelOperations = 64;

/**
 * Executes every node after the ones it names. The first failure aborts what runs and skips the rest; it is thrown once
 * everything has settled, as OperationFailure. Throws the signal's reason when aborted.
 */
export async function execute(
  plan: Plan,
  effects: Partial<EffectsOf<OperationType>>,
  options: {
    readonly signal: AbortSignal;
    readonly emit: (event: ProgressEvent) => void;
    /** Most operations at once; null: no limit was asked for. */
    readonly parallel: number | null;
    readonly clock: () => Date;
    readonly describeError: (error: unknown, operation: Operation) => ErrorData;
    /** What a failed step of a group means: the end of it all (also when absent), or that the rest of its group is skipped. */
    readonly judge?: (node: PlanNode, failure: OperationFailure) => 'stop' | 'skip';
  },
): Promise<void> {
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const waitingFor = new Map(plan.nodes.map((node) => [node.id, new Set(node.after)]));
  const dependents = new Map<number, PlanNode[]>();
  for (const node of plan.nodes) {
    for (const id of node.after) dependents.set(id, [...(dependents.get(id) ?? []), node]);
  }
  const queue = plan.nodes.filter((node) => node.after.length === 0);
  const running = new Set<Promise<void>>();
  const skipped = new Set<string>();
  const limit = options.parallel ?? parallelOperations;
  let firstFailure: OperationFailure | undefined;

  const runNode = async (node: PlanNode): Promise<void> => {
    const { operation } = node;
    const began = monotonicMs();
    const step = (status: StepEvent['status'], text: string, error: ErrorData | null): void =>
      options.emit({
        type: 'step',
        id: node.id,
        kind: operation.kind,
        resource: operation.resource,
        service: operation.service,
        operation: operation.type,
        cause: operation.cause,
        status,
        text,
        at: options.clock().toISOString(),
        durationMs: status === 'started' ? null : monotonicMs() - began,
        error,
      });
    const texts = describeStep(operation);
    const release = (): void => {
      for (const dependent of dependents.get(node.id) ?? []) {
        const missing = waitingFor.get(dependent.id);
        missing?.delete(node.id);
        // Before what has not begun: a container's process starts while the next one is only being written down.
        if (missing?.size === 0) queue.unshift(dependent);
      }
    };
    if (node.group !== null && skipped.has(node.group)) {
      step('skipped', 'Skipped', null);
      release();
      return;
    }
    step('started', texts.started, null);
    try {
      const effect = effects[operation.type] as
        | ((operation: Operation, options: { readonly signal: AbortSignal }) => Promise<string | undefined>)
        | undefined;
      if (effect === undefined) throw new Error(`nothing here carries out ${operation.type}`);
      const text = await effect(operation, { signal });
      step('done', text ?? texts.done, null);
      release();
    } catch (error) {
      if (signal.aborted && error === signal.reason) return;
      const data = options.describeError(error, operation);
      step('failed', 'Error', data);
      const reason = new OperationFailure(data, error, node);
      if (node.group !== null && firstFailure === undefined && options.judge?.(node, reason) === 'skip') {
        skipped.add(node.group);
        release();
        return;
      }
      firstFailure ??= reason;
      failure.abort(error);
    }
  };

  for (;;) {
    while (queue.length > 0 && running.size < limit && !signal.aborted) {
      const node = queue.shift();
      if (node === undefined) break;
      const run = runNode(node).finally(() => running.delete(run));
      running.add(run);
      // What it set going, and what was going before, gets its turn.
      await nextTurn();
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (firstFailure !== undefined) throw firstFailure;
  options.signal.throwIfAborted();
}

/** A failure as it travels to the CLI; a bug keeps its stack in the supervisor's log, not here. */
export function errorData(error: unknown, log: readonly string[] = []): ErrorData {
  if (error instanceof OperationFailure) return error.data;
  if (error instanceof AggregateError && error.errors.length > 0) {
    const [first, ...others] = error.errors.map((each) => errorData(each, log)) as [ErrorData, ...ErrorData[]];
    return { ...first, others };
  }
  if (error instanceof ComposeError) {
    return {
      code: error.code,
      message: error.message,
      hint: error.hint ?? null,
      exitCode: error.exitCode ?? null,
      path: error.path ?? null,
      log,
    };
  }
  const native = nativeError(error);
  if (native !== null) return { ...native, log };
  return {
    code: 'BUG',
    message: error instanceof Error ? error.message : String(error),
    hint: 'this is a defect of tscompose: the supervisor’s log has the details',
    exitCode: null,
    log,
  };
}

/** A failed system call of the addon or of Node: the kernel's words, and what they usually mean. */
function nativeError(error: unknown): Omit<ErrorData, 'log'> | null {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return null;
  const code = String(error.code);
  const known: Readonly<Record<string, { readonly code: string; readonly hint: string }>> = {
    EPERM: { code: 'NO_PERMISSION', hint: 'run as root' },
    EACCES: { code: 'NO_PERMISSION', hint: 'run as root' },
    ENOSPC: { code: 'NO_SPACE', hint: 'free some space on the disk, or inodes: df -h, df -i' },
    EDQUOT: { code: 'NO_SPACE', hint: 'the disk quota is used up' },
    EMFILE: { code: 'LIMIT', hint: 'raise the limit of open files: ulimit -n' },
    ENFILE: { code: 'LIMIT', hint: 'raise fs.file-max' },
    EAGAIN: { code: 'LIMIT', hint: processLimitHint },
    ENOMEM: { code: 'LIMIT', hint: 'this machine has no memory left' },
  };
  return {
    code: known[code]?.code ?? 'KERNEL',
    message: error.message,
    hint: known[code]?.hint ?? null,
    exitCode: null,
  };
}
