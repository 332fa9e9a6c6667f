/** From a name to an image that can be run. */
import {
  defaultPath,
  type ImageConfig,
  type ImageHealthcheck,
  overlayOrder,
  type ResolvedImage,
} from '../../model/image.ts';
import { ComposeError } from '../../util/errors.ts';
import {
  type Descriptor,
  type ImageDocument,
  isIndex,
  isIndexType,
  type Manifest,
  type Platform,
  parseImageDocument,
  parseManifest,
} from '../oci.ts';
import { formatPlatform, platformsOf, selectManifest, suits } from '../platform.ts';
import type { BlobStore } from './blobs.ts';
import type { StoreLayout } from './layout.ts';

/** An image of one platform, with its documents. */
export interface StoredImage {
  readonly reference: string;
  /** What the name stands for: the manifest itself, or an index. */
  readonly target: Descriptor;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly document: ImageDocument;
  /** Digest of the configuration. */
  readonly id: string;
}

/**
 * The image of `target` for a platform. Throws IMAGE_NOT_FOUND when a part of it is not here, and UNSUPPORTED when it is
 * not made for that platform.
 */
export async function readImage(
  blobs: BlobStore,
  reference: string,
  target: Descriptor,
  platform: Platform,
): Promise<StoredImage> {
  const descriptor = await manifestFor(blobs, reference, target, platform);
  const manifest = parseManifest(await blobs.read(descriptor.digest), descriptor.mediaType, `image ${reference}`);
  if (isIndex(manifest)) throw new ComposeError('INVALID', `image ${reference} is an index within an index`);
  const id = manifest.config.digest;
  const document = parseImageDocument(await blobs.read(id), `the configuration of image ${reference}`);
  const own: Platform = { os: document.os || 'linux', architecture: document.architecture, ...variantOf(document) };
  if (own.architecture !== '' && !suits(own, platform)) throw mismatch(reference, platform, [formatPlatform(own)]);
  if (document.rootfs.diff_ids.length !== manifest.layers.length) {
    throw new ComposeError('INVALID', `image ${reference} has another number of layers than its configuration says`);
  }
  return { reference, target, descriptor, manifest, document, id };
}

async function manifestFor(
  blobs: BlobStore,
  reference: string,
  target: Descriptor,
  platform: Platform,
): Promise<Descriptor> {
  if (!isIndexType(target.mediaType)) return target;
  const index = parseManifest(await blobs.read(target.digest), target.mediaType, `image ${reference}`);
  if (!isIndex(index)) return target;
  const found = selectManifest(index, platform);
  if (found === null) throw mismatch(reference, platform, platformsOf(index));
  return found;
}

/** UNSUPPORTED: the image is made for other machines. */
export function mismatch(reference: string, platform: Platform, available: readonly string[]): ComposeError {
  const made = available.length === 0 ? '' : `: it is made for ${available.join(', ')}`;
  return new ComposeError('UNSUPPORTED', `image ${reference} has no variant for ${formatPlatform(platform)}${made}`, {
    hint: 'choose an image that is made for it, or name another one with `platform:`',
  });
}

/** The image as a container is made of it; its layers must have been unpacked. */
export function asResolved(layout: StoreLayout, { reference, id, document }: StoredImage): ResolvedImage {
  return {
    reference,
    digest: id,
    layers: overlayOrder(document.rootfs.diff_ids.map(layout.layer)),
    config: runConfig(document),
    origin: 'layers',
  };
}

/** What of the configuration containers are made of, in our words. */
export function runConfig({ config = {} }: ImageDocument): ImageConfig {
  const env = config.Env ?? [];
  return {
    env: env.some((entry) => entry.startsWith('PATH=')) ? env : [`PATH=${defaultPath}`, ...env],
    entrypoint: config.Entrypoint ?? [],
    cmd: config.Cmd ?? [],
    user: config.User ?? '',
    workingDir: config.WorkingDir || '/',
    volumes: Object.keys(config.Volumes ?? {}).sort(),
    exposedPorts: Object.keys(config.ExposedPorts ?? {}).sort(),
    labels: config.Labels ?? {},
    stopSignal: config.StopSignal || null,
    healthcheck: healthcheckOf(config.Healthcheck, config.Shell),
  };
}

function healthcheckOf(
  written: NonNullable<ImageDocument['config']>['Healthcheck'],
  shell: readonly string[] = [],
): ImageHealthcheck | null {
  if (written?.Test === undefined || written.Test.length === 0) return null;
  const [kind, ...rest] = written.Test;
  // 0 means the default (moby, HealthConfig).
  const milliseconds = (nanoseconds: number | undefined) => (nanoseconds ? Math.max(1, nanoseconds / 1e6) : null);
  return {
    // The image's own shell runs it, where it has one (SHELL).
    test: kind === 'CMD-SHELL' && shell.length > 0 ? ['CMD', ...shell, ...rest] : written.Test,
    intervalMs: milliseconds(written.Interval),
    timeoutMs: milliseconds(written.Timeout),
    retries: written.Retries || null,
    startPeriodMs: milliseconds(written.StartPeriod),
    startIntervalMs: milliseconds(written.StartInterval),
  };
}

function variantOf({ variant }: ImageDocument): { readonly variant?: string } {
  return variant === undefined ? {} : { variant };
}
