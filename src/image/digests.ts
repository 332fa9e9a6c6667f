import { readCredentials } from './credentials.ts';
import { formatReference, parseReference, withDefaultTag } from './reference.ts';
import { openRegistryClient } from './registry/client.ts';
import { readRegistrySettings, registrySettingsPaths } from './registry/settings.ts';
import { isRootfsReference } from './rootfs.ts';

const maxLookups = 6;

/**
 * Each image with its digest, `NAME:TAG@sha256:…`, looked up in its registry; one that has a digest is only written out,
 * one of `rootfs:` stays as it is. All are checked before a registry is asked. Throws what `parseReference` and
 * `RegistryClient` throw.
 */
export async function pinImages(
  images: readonly string[],
  options: {
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
    readonly backoffMs?: number;
  },
): Promise<ReadonlyMap<string, string>> {
  const pinned = new Map<string, string>();
  const open: (readonly [image: string, reference: ReturnType<typeof parseReference>])[] = [];
  for (const image of new Set(images)) {
    if (isRootfsReference(image)) {
      pinned.set(image, image);
      continue;
    }
    const reference = withDefaultTag(parseReference(image));
    // A digest says all; the reference implementation leaves out the tag beside it.
    if (reference.digest !== null) pinned.set(image, formatReference({ ...reference, tag: null }));
    else open.push([image, reference]);
  }
  if (open.length === 0) return pinned;

  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  using client = openRegistryClient({
    ...options,
    signal,
    credentials: await readCredentials(options.environment),
    settings: readRegistrySettings(registrySettingsPaths(options.environment)),
  });
  const queue = open.values();
  const work = async (): Promise<void> => {
    for (const [image, reference] of queue) {
      signal.throwIfAborted();
      const digest = await client.resolveDigest(reference);
      pinned.set(image, formatReference({ ...reference, digest }));
    }
  };
  // The first failure ends the others, which are waited for.
  const workers = Array.from({ length: Math.min(maxLookups, open.length) }, () =>
    work().catch((error: unknown) => failed.abort(error)),
  );
  await Promise.all(workers);
  signal.throwIfAborted();
  return pinned;
}
