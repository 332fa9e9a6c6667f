/** Documents of images: OCI image-spec 1.1, and Docker's schema 2, which differs in its media types alone. */
import { sha256 as digestOf } from '../native/digest.ts';
import { ComposeError } from '../util/errors.ts';
import { isDigest } from './reference.ts';

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** What a registry may answer when it is asked for an image. */
export const manifestMediaTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
];

/** Of a manifest, an index or a configuration: what is larger is none. */
export const maxDocumentBytes = 4 * 1024 * 1024;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Where else a blob may be fetched. */
  readonly urls?: readonly string[];
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export interface Manifest {
  readonly mediaType: string;
  readonly config: Descriptor;
  /** Bottom first. */
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Index {
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** The configuration as it is written in the image; `config` is what a container is made of. */
export interface ImageDocument {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly created?: string;
  readonly author?: string;
  readonly config?: RunConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] };
  readonly history?: readonly HistoryEntry[];
}

export interface RunConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  /** Docker's own; durations in nanoseconds. */
  readonly Healthcheck?: {
    readonly Test?: readonly string[];
    readonly Interval?: number;
    readonly Timeout?: number;
    readonly StartPeriod?: number;
    readonly StartInterval?: number;
    readonly Retries?: number;
  };
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[];
}

export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${digestOf(bytes)}`;
}

export function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: sha256(bytes), size: bytes.length };
}

/**
 * Reads a manifest or an index. `what` names it in messages; `mediaType` is what it was announced as, for documents that
 * do not say it themselves. Throws INVALID.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string, what: string): Manifest | Index {
  const body = parseObject(bytes, what);
  const isList = Array.isArray(body.manifests);
  const isImage = Array.isArray(body.layers);
  // CVE-2021-41190: a document that is both is read differently by different readers.
  if (isList && isImage) throw invalid(what, 'it is both an index and a manifest');
  const written = typeof body.mediaType === 'string' ? body.mediaType : '';
  const type = written || (isIndexType(mediaType) || isManifestType(mediaType) ? mediaType : '');
  if (written !== '' && (isIndexType(mediaType) || isManifestType(mediaType)) && written !== mediaType) {
    throw invalid(what, `it says it is ${quote(written)} and was announced as ${quote(mediaType)}`);
  }
  if (body.schemaVersion === 1) throw invalid(what, 'it has the format that Docker gave up in 2017 (schema 1)');
  const annotations = texts(body.annotations, what, 'annotations');
  if (isList) {
    const indexType = type || mediaTypes.ociIndex;
    if (!isIndexType(indexType)) throw invalid(what, `it lists images and says it is ${quote(indexType)}`);
    return { mediaType: indexType, manifests: descriptors(body.manifests, what, 'manifests'), annotations };
  }
  if (!isImage) throw invalid(what, 'it has neither layers nor manifests');
  const manifestType = type || mediaTypes.ociManifest;
  if (!isManifestType(manifestType)) throw invalid(what, `it has layers and says it is ${quote(manifestType)}`);
  return {
    mediaType: manifestType,
    config: parseDescriptor(body.config, what, 'config'),
    layers: descriptors(body.layers, what, 'layers'),
    annotations,
  };
}

export function isIndex(document: Manifest | Index): document is Index {
  return 'manifests' in document;
}

/** Reads an image's configuration. Throws INVALID. */
export function parseImageDocument(bytes: Uint8Array, what: string): ImageDocument {
  const body = parseObject(bytes, what);
  const rootfs = objectAt(body.rootfs, what, 'rootfs');
  const diffIds = rootfs.diff_ids ?? [];
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === 'string' && isSha256(id))) {
    throw invalid(what, 'rootfs.diff_ids are no list of digests');
  }
  const config = body.config === null || body.config === undefined ? {} : objectAt(body.config, what, 'config');
  const variant = optionalText(body.variant, what, 'variant');
  const created = optionalText(body.created, what, 'created');
  const author = optionalText(body.author, what, 'author');
  return {
    architecture: optionalText(body.architecture, what, 'architecture') ?? '',
    os: optionalText(body.os, what, 'os') ?? '',
    ...(variant ? { variant } : {}),
    ...(created ? { created } : {}),
    ...(author ? { author } : {}),
    config: parseRunConfig(config, what),
    rootfs: { type: 'layers', diff_ids: diffIds as string[] },
    history: parseHistory(body.history, what),
  };
}

/** Only sha256 names what is kept here. */
export function isSha256(digest: string): boolean {
  return digest.startsWith('sha256:') && isDigest(digest);
}

export function hexOf(digest: string): string {
  if (!isSha256(digest)) throw new ComposeError('INVALID', `${quote(digest)} is no sha256 digest`);
  return digest.slice('sha256:'.length);
}

function parseRunConfig(config: Json, what: string): RunConfig {
  const path = 'config';
  const healthcheck = config.Healthcheck;
  const kept: Record<string, unknown> = {};
  const keep = (key: string, value: unknown): void => {
    if (value !== undefined) kept[key] = value;
  };
  for (const key of ['User', 'WorkingDir', 'StopSignal']) keep(key, optionalText(config[key], what, `${path}.${key}`));
  for (const key of ['Env', 'Entrypoint', 'Cmd', 'Shell', 'OnBuild']) {
    keep(key, optionalList(config[key], what, `${path}.${key}`));
  }
  for (const key of ['ExposedPorts', 'Volumes']) {
    const value = config[key];
    if (value !== undefined && value !== null) keep(key, objectAt(value, what, `${path}.${key}`));
  }
  if (config.Labels !== undefined && config.Labels !== null)
    keep('Labels', texts(config.Labels, what, `${path}.Labels`));
  if (healthcheck !== undefined && healthcheck !== null) {
    const written = objectAt(healthcheck, what, `${path}.Healthcheck`);
    const check: Record<string, unknown> = {};
    const test = optionalList(written.Test, what, `${path}.Healthcheck.Test`);
    if (test !== undefined) check.Test = test;
    for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries']) {
      const value = written[key];
      if (value === undefined || value === null) continue;
      if (typeof value !== 'number' || value < 0) throw invalid(what, `${path}.Healthcheck.${key} is no number`);
      check[key] = value;
    }
    kept.Healthcheck = check;
  }
  return kept as RunConfig;
}

function parseHistory(value: unknown, what: string): HistoryEntry[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(what, 'history is no list');
  return value.map((entry: unknown, index) => {
    const { created, created_by, author, comment, empty_layer } = objectAt(entry, what, `history[${index}]`);
    return {
      ...(typeof created === 'string' ? { created } : {}),
      ...(typeof created_by === 'string' ? { created_by } : {}),
      ...(typeof author === 'string' ? { author } : {}),
      ...(typeof comment === 'string' ? { comment } : {}),
      ...(empty_layer === true ? { empty_layer } : {}),
    };
  });
}

function descriptors(value: unknown, what: string, path: string): Descriptor[] {
  return (value as unknown[]).map((entry, index) => parseDescriptor(entry, what, `${path}[${index}]`));
}

function parseDescriptor(value: unknown, what: string, path: string): Descriptor {
  const { mediaType, digest, size, platform, annotations, urls } = objectAt(value, what, path);
  if (typeof digest !== 'string' || !isSha256(digest)) throw invalid(what, `${path} has no sha256 digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(what, `${path} has no size`);
  return {
    mediaType: optionalText(mediaType, what, `${path}.mediaType`) ?? '',
    digest,
    size,
    ...(platform === undefined || platform === null ? {} : { platform: parsePlatform(platform, what, path) }),
    ...(annotations === undefined || annotations === null ? {} : { annotations: texts(annotations, what, path) }),
    ...(Array.isArray(urls) && urls.length > 0 ? { urls: optionalList(urls, what, `${path}.urls`) ?? [] } : {}),
  };
}

function parsePlatform(value: unknown, what: string, path: string): Platform {
  const platform = objectAt(value, what, `${path}.platform`);
  const variant = optionalText(platform.variant, what, `${path}.platform.variant`);
  return {
    os: optionalText(platform.os, what, `${path}.platform.os`) ?? '',
    architecture: optionalText(platform.architecture, what, `${path}.platform.architecture`) ?? '',
    ...(variant ? { variant } : {}),
  };
}

type Json = Readonly<Record<string, unknown>>;

function parseObject(bytes: Uint8Array, what: string): Json {
  if (bytes.length > maxDocumentBytes) throw invalid(what, 'it is too large');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid(what, 'it is not JSON');
  }
  return objectAt(value, what, 'it');
}

function objectAt(value: unknown, what: string, path: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(what, `${path} is no object`);
  return value as Json;
}

function optionalText(value: unknown, what: string, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw invalid(what, `${path} is no text`);
}

function optionalList(value: unknown, what: string, path: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
  throw invalid(what, `${path} is no list of texts`);
}

function texts(value: unknown, what: string, path: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  const entries = Object.entries(objectAt(value, what, path));
  for (const [key, text] of entries) {
    if (typeof text !== 'string') throw invalid(what, `${path}: ${quote(key)} is no text`);
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function invalid(what: string, reason: string): ComposeError {
  return new ComposeError('INVALID', `${what} cannot be read: ${reason}`);
}
