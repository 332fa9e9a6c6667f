import { errorData } from '../engine/execute.ts';
import type { LayerEvent, StepEvent } from '../model/events.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';
import { openProgress } from './progress.ts';

type Layer = Omit<LayerEvent, 'type' | 'resource'>;

export interface StepOptions {
  readonly operation: 'pushImage' | 'loadImage' | 'copyFiles' | 'publish' | 'askProvider';
  readonly kind: 'image' | 'container' | 'project' | 'provider';
  /** What is said of each at the beginning and at the end. */
  readonly texts: readonly [started: string, done: string];
  readonly isQuiet: boolean;
  /** Whether one that fails is only warned about. */
  readonly failures: 'stop' | 'warn';
}

/** Events of a layer that is only further on come no more often. */
const minIntervalMs = 100;

/** Runs `action` for one resource after another, each a step of the progress that is shown, with an image's layers. */
export async function runSteps(
  names: readonly string[],
  { operation, kind, texts, isQuiet, failures }: StepOptions,
  context: Context,
  action: (name: string, report: (layer: Layer) => void) => Promise<void>,
): Promise<void> {
  const { clock } = context;
  const reporter = await openProgress(context, isQuiet ? 'quiet' : undefined);
  try {
    const common = { kind, service: null, operation, cause: 'asked for' } as const;
    const nodes = names.map((resource, id) => ({ ...common, id, resource, after: [], changes: [] }));
    reporter.report({ type: 'plan', hash: '', nodes });
    for (const [id, resource] of names.entries()) {
      const begun = clock.now();
      const tell = (status: StepEvent['status'], text: string, error: unknown = null): void => {
        const now = clock.now();
        const durationMs = status === 'started' ? null : now.getTime() - begun.getTime();
        const step = { type: 'step', ...common, id, resource, status, text, at: now.toISOString() } as const;
        reporter.report({ ...step, durationMs, error: error === null ? null : errorData(error) });
      };
      tell('started', texts[0]);
      try {
        await action(
          resource,
          sparsely((layer) => reporter.report({ type: 'layer', resource, ...layer })),
        );
        tell('done', texts[1]);
      } catch (error) {
        if (failures === 'stop' || !(error instanceof ComposeError)) {
          tell('failed', 'Error', error);
          throw error;
        }
        reporter.report({ type: 'warning', message: error.message });
        tell('skipped', 'Warning');
      }
    }
  } finally {
    await reporter.close();
  }
}

/** Leaves out what is only a little further on than before. */
export function sparsely(report: (layer: Layer) => void): (layer: Layer) => void {
  const latest = new Map<string, { readonly status: string; readonly at: number }>();
  return (layer) => {
    const at = monotonicMs();
    const before = latest.get(layer.digest);
    if (before?.status === layer.status && at - before.at < minIntervalMs) return;
    latest.set(layer.digest, { status: layer.status, at });
    report(layer);
  };
}
