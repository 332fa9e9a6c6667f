/** A Compose project as an artifact in a registry, as Docker Compose publishes and reads it (OCI image-spec 1.1). */
import { createHash } from 'node:crypto';
import { type Descriptor, mediaTypes } from './oci.ts';
import type { ImageReference } from './reference.ts';
import type { RegistryClient } from './registry/client.ts';

export interface ArtifactFile {
  /** Its name, for whoever looks at the artifact. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const artifactType = 'application/vnd.docker.compose.project';
const fileType = 'application/vnd.docker.compose.file+yaml';
/** The configuration of an artifact that has none: `{}`. */
const emptyTypes = {
  '1.1': 'application/vnd.oci.empty.v1+json',
  '1.0': 'application/vnd.docker.compose.config.empty.v1+json',
} as const;

export type OciVersion = keyof typeof emptyTypes;

/** Sends Compose files, in the order in which they are merged; the descriptor of the manifest. */
export async function pushArtifact(
  client: RegistryClient,
  reference: ImageReference,
  files: readonly ArtifactFile[],
  options: { readonly ociVersion: OciVersion; readonly composeVersion: string; readonly signal: AbortSignal },
): Promise<Descriptor> {
  const { ociVersion, composeVersion, signal } = options;
  const send = async (mediaType: string, bytes: Uint8Array, name?: string): Promise<Descriptor> => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const descriptor = { digest, size: bytes.length };
    const read = async function* (start: number, end: number) {
      yield bytes.subarray(start, end);
    };
    await client.pushBlob(reference, { descriptor, read }, { signal });
    const annotations = { 'com.docker.compose.version': composeVersion, 'com.docker.compose.file': name ?? '' };
    return { mediaType, ...descriptor, ...(name === undefined ? {} : { annotations }) };
  };
  const config = await send(emptyTypes[ociVersion], Buffer.from('{}'));
  const layers: Descriptor[] = [];
  for (const { name, bytes } of files) layers.push(await send(fileType, bytes, name));
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(ociVersion === '1.1' ? { artifactType } : {}),
    config,
    layers,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return await client.pushManifest(reference, mediaTypes.ociManifest, bytes, { signal });
}
