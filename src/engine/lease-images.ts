import { existsSync } from 'node:fs';
import { openImageStore } from '../image/store/store.ts';
import type { Paths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';
import type { DesiredWithImages } from './desired.ts';

/**
 * Keeps the images that containers are about to be made of, until those are written down and keep them themselves. Null:
 * they are no images of the store. Throws IMAGE_NOT_FOUND when somebody has just removed one.
 */
export async function leaseImages(
  paths: Pick<Paths, 'images'>,
  { images }: Pick<DesiredWithImages, 'images'>,
): Promise<AsyncDisposable | null> {
  const stored = [...images.values()].filter(({ digest }) => digest.startsWith('sha256:'));
  if (stored.length === 0) return null;
  const store = openImageStore(paths);
  try {
    const lease = await store.lease();
    lease.protect(...stored.map(({ digest }) => digest));
    const gone = stored.find(({ layers }) => !layers.every((layer) => existsSync(layer)));
    if (gone !== undefined) {
      await lease[Symbol.asyncDispose]();
      throw new ComposeError('IMAGE_NOT_FOUND', `image ${gone.reference} has just been removed`, {
        hint: 'pull or build it again',
      });
    }
    return {
      async [Symbol.asyncDispose]() {
        await lease[Symbol.asyncDispose]();
        store[Symbol.dispose]();
      },
    };
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
}
