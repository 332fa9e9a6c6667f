/** A Compose project as an artifact in a registry, as Docker Compose publishes and reads it (OCI image-spec 1.1). */
import { createHash } from 'node:crypto';
import { type Descriptor, mediaTypes } from './oci.ts';
import type { ImageReference } from './reference.ts';
import type { RegistryClient } from './registry/client.ts';

export interface ArtifactFile {
  /** Compose files, which are merged in their order, and files of variables that these name. */
  readonly kind: 'compose' | 'variables';
  /** Of a Compose file for whoever looks at the artifact, of another what it is called beside that. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const artifactType = 'application/vnd.docker.compose.project';
const fileTypes = {
  compose: { mediaType: 'application/vnd.docker.compose.file+yaml', nameKey: 'com.docker.compose.file' },
  variables: { mediaType: 'application/vnd.docker.compose.envfile', nameKey: 'com.docker.compose.envfile' },
} as const;
/** The configuration of an artifact that has none: `{}`. */
const emptyTypes = {
  '1.1': 'application/vnd.oci.empty.v1+json',
  '1.0': 'application/vnd.docker.compose.config.empty.v1+json',
} as const;

export type OciVersion = keyof typeof emptyTypes;

/** Sends the files of a project; the descriptor of the manifest. */
export async function pushArtifact(
  client: RegistryClient,
  reference: ImageReference,
  files: readonly ArtifactFile[],
  options: { readonly ociVersion: OciVersion; readonly composeVersion: string; readonly signal: AbortSignal },
): Promise<Descriptor> {
  const { ociVersion, composeVersion, signal } = options;
  const send = async (
    mediaType: string,
    bytes: Uint8Array,
    annotations?: Readonly<Record<string, string>>,
  ): Promise<Descriptor> => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const descriptor = { digest, size: bytes.length };
    const read = async function* (start: number, end: number) {
      yield bytes.subarray(start, end);
    };
    await client.pushBlob(reference, { descriptor, read }, { signal });
    return { mediaType, ...descriptor, ...(annotations && { annotations }) };
  };
  const config = await send(emptyTypes[ociVersion], Buffer.from('{}'));
  const layers: Descriptor[] = [];
  for (const { kind, name, bytes } of files) {
    const { mediaType, nameKey } = fileTypes[kind];
    layers.push(await send(mediaType, bytes, { 'com.docker.compose.version': composeVersion, [nameKey]: name }));
  }
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
