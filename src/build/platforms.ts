/** One image for each platform, under one name. */
import { type Descriptor, describe, mediaTypes } from '../image/oci.ts';
import type { StoredImage } from '../image/store/resolve.ts';
import type { ImageStore } from '../image/store/store.ts';

/** What a name stands for: the only image, or an index of several. */
export async function buildPlatforms(store: ImageStore, images: readonly StoredImage[]): Promise<Descriptor> {
  const [only, ...others] = images;
  if (only === undefined) throw new Error('a build makes at least one image');
  if (others.length === 0) return only.target;
  const manifests = images.map(({ descriptor, document }): Descriptor => {
    const { os, architecture, variant } = document;
    const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    return { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size, platform };
  });
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  const bytes = Buffer.from(JSON.stringify(index));
  await store.blobs.put(mediaTypes.ociIndex, bytes);
  return describe(mediaTypes.ociIndex, bytes);
}
