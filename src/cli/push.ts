import { errorData } from '../engine/execute.ts';
import type { Descriptor, Platform } from '../image/oci.ts';
import { type PushProgress, pushImage } from '../image/push.ts';
import type { StepEvent } from '../model/events.ts';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';
import { withImageStore } from './image-store.ts';
import { openProgress } from './progress.ts';
import { openRegistries } from './registry-client.ts';

export interface PushSettings {
  readonly isQuiet: boolean;
  /** Whether an image that cannot be sent is only warned about. */
  readonly failures: 'stop' | 'warn';
  readonly platform?: Platform;
}

/** Events of a layer that is only further on come no more often. */
const minIntervalMs = 100;

/**
 * Sends images to the registries that their names say, showing the progress; what they are stored as. One after another:
 * each has its layers sent side by side, and what they share is sent once.
 */
export async function pushImages(
  names: readonly string[],
  { isQuiet, failures, ...options }: PushSettings,
  context: Context,
): Promise<Descriptor[]> {
  const { signal, clock } = context;
  const reporter = await openProgress(context, isQuiet ? 'quiet' : undefined);
  const pushed: Descriptor[] = [];
  try {
    using client = await openRegistries(context);
    await withImageStore(context, async (store) => {
      const common = { kind: 'image', service: null, operation: 'pushImage', cause: 'asked for' } as const;
      const nodes = names.map((resource, id) => ({ ...common, id, resource, after: [], changes: [] }));
      reporter.report({ type: 'plan', hash: '', nodes });
      for (const [id, resource] of names.entries()) {
        const begun = clock.now();
        const tell = (status: StepEvent['status'], text: string, error: unknown = null): void => {
          const now = clock.now();
          const durationMs = status === 'started' ? null : now.getTime() - begun.getTime();
          const details = error === null ? null : errorData(error);
          const step = { type: 'step', ...common, id, resource, status, text, at: now.toISOString() } as const;
          reporter.report({ ...step, durationMs, error: details });
        };
        tell('started', 'Pushing');
        try {
          const report = sparsely((layer) => reporter.report({ type: 'layer', resource, ...layer }));
          pushed.push(await pushImage(store, client, resource, { ...options, signal, report }));
          tell('done', 'Pushed');
        } catch (error) {
          if (failures === 'stop' || !(error instanceof ComposeError)) {
            tell('failed', 'Error', error);
            throw error;
          }
          reporter.report({ type: 'warning', message: error.message });
          tell('skipped', 'Warning');
        }
      }
    });
  } finally {
    await reporter.close();
  }
  return pushed;
}

/** Leaves out what is only a little further on than before. */
function sparsely(report: (progress: PushProgress) => void): (progress: PushProgress) => void {
  const latest = new Map<string, number>();
  return (progress) => {
    const at = performance.now();
    if (progress.status === 'uploading' && at - (latest.get(progress.digest) ?? 0) < minIntervalMs) return;
    latest.set(progress.digest, at);
    report(progress);
  };
}
