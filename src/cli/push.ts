import type { Descriptor, Platform } from '../image/oci.ts';
import { pushImage } from '../image/push.ts';
import type { Context } from './context.ts';
import { withImageStore } from './image-store.ts';
import { openRegistries } from './registry-client.ts';
import { runSteps } from './steps.ts';

export interface PushSettings {
  readonly isQuiet: boolean;
  /** Whether an image that cannot be sent is only warned about. */
  readonly failures: 'stop' | 'warn';
  readonly platform?: Platform;
}

/**
 * Sends images to the registries that their names say, showing the progress; what they are stored as. One after another:
 * each has its layers sent side by side, and what they share is sent once.
 */
export async function pushImages(
  names: readonly string[],
  { isQuiet, failures, ...options }: PushSettings,
  context: Context,
): Promise<Descriptor[]> {
  const pushed: Descriptor[] = [];
  using client = await openRegistries(context);
  await withImageStore(context, async (store) => {
    const steps = { operation: 'pushImage', kind: 'image', texts: ['Pushing', 'Pushed'], isQuiet, failures } as const;
    await runSteps(names, steps, context, async (name, report) => {
      pushed.push(await pushImage(store, client, name, { ...options, signal: context.signal, report }));
    });
  });
  return pushed;
}
