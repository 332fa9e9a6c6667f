/** What a service mounts, resolved to places on this machine. */
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { OciMount } from '../container/oci.ts';
import type { ResolvedImage } from '../model/image.ts';
import type { Mount, Service } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';

export interface VolumeUse {
  readonly target: string;
  /** Key of a top-level volume; null: anonymous. */
  readonly key: string | null;
  readonly subpath: string | null;
  /** Its place in `volumes`; null: it is the image's. */
  readonly index: number | null;
  readonly isReadOnly: boolean;
  /** Whether the image's content at `target` fills a fresh volume. */
  readonly isFilledFromImage: boolean;
}

/** Volumes a service uses: those it names, its anonymous ones, and the image's own that nothing else covers. */
export function volumeUses(service: Service, image: ResolvedImage): VolumeUse[] {
  const uses: VolumeUse[] = [...(service.volumes ?? []).entries()]
    .filter(([, { type }]) => type === 'volume')
    .map(([index, mount]) => ({
      target: cleanTarget(mount.target),
      key: mount.source ?? null,
      subpath: mount.volume?.subpath ?? null,
      index,
      isReadOnly: mount.read_only ?? false,
      isFilledFromImage: !(mount.volume?.nocopy ?? false),
    }));
  const covered = new Set([
    ...(service.volumes ?? []).map(({ target }) => cleanTarget(target)),
    ...(service.tmpfs ?? []).map((entry) => cleanTarget(entry.split(':')[0] ?? entry)),
  ]);
  for (const target of image.config.volumes.map(cleanTarget)) {
    if (covered.has(target)) continue;
    uses.push({ target, key: null, subpath: null, index: null, isReadOnly: false, isFilledFromImage: true });
  }
  return uses;
}

/**
 * The OCI mounts of a service, parents before children. `sourceOf` gives the host directory of a volume use. Missing
 * bind sources are made unless the file says no; then VOLUME_NOT_FOUND.
 */
export function ociMounts(options: {
  readonly serviceName: string;
  readonly service: Service;
  readonly uses: readonly VolumeUse[];
  readonly sourceOf: (use: VolumeUse) => string;
  /** Whether the parts of volumes must be there, and within their volume. */
  readonly subpaths: 'required' | 'as written';
}): OciMount[] {
  const { service, serviceName } = options;
  const mounts: OciMount[] = [
    ...(service.volumes ?? []).flatMap((mount) => bindOrTmpfs(serviceName, mount)),
    ...(service.tmpfs ?? []).map(tmpfsEntry),
    ...options.uses.map((use) => volumeMount(use, options.sourceOf(use), options.subpaths)),
  ];
  return mounts.sort((a, b) => depth(a.destination) - depth(b.destination));
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length;
}

function cleanTarget(target: string): string {
  const path = normalize(join('/', target));
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}

function volumeMount(use: VolumeUse, source: string, subpaths: 'required' | 'as written'): OciMount {
  const part = use.subpath;
  if (part !== null && subpaths === 'required') checkPart(source, part, use);
  return {
    destination: use.target,
    type: 'bind',
    source: part === null ? source : join(source, part),
    options: [
      'rbind',
      'rprivate',
      ...(use.isReadOnly ? ['ro'] : []),
      ...(part === null ? [] : [`${beneathOption}${source}`]),
    ],
  };
}

/** The core finds the source within this directory (docs/architecture.md). */
const beneathOption = 'x-tscompose.beneath=';

/** The directory of the volume that a mount is of, or of which it is a part. */
export function volumeOfMount({ source, options }: OciMount): string | undefined {
  return options?.find((option) => option.startsWith(beneathOption))?.slice(beneathOption.length) ?? source;
}

/**
 * A container must not be given what lies outside of its volume. This tells the user so; whoever can write to the volume may
 * change it afterwards, and then the core refuses it.
 */
function checkPart(volume: string, subpath: string, { index }: VolumeUse): void {
  const path = join(volume, subpath);
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
  const real = isThere ? realpathSync(path) : path;
  const isInside = `${real}/`.startsWith(`${realpathSync(volume)}/`);
  if (isThere && isInside) return;
  const reason = isInside ? 'does not exist' : 'leads out of the volume';
  throw new ComposeError('VOLUME_NOT_FOUND', `volume subpath ${subpath} ${reason}`, {
    ...(index === null ? {} : { attribute: ['volumes', index, 'volume', 'subpath'] }),
  });
}

function bindOrTmpfs(serviceName: string, mount: Mount): OciMount[] {
  const destination = cleanTarget(mount.target);
  if (mount.type === 'bind') {
    const source = mount.source ?? '';
    ensureBindSource(serviceName, mount, source);
    const recursive = mount.bind?.recursive ?? 'enabled';
    const bind = recursive === 'disabled' ? 'bind' : 'rbind';
    // Read-only means all of it, submounts included, unless the file says that they stay writable.
    const access = mount.read_only
      ? recursive === 'writable' || recursive === 'disabled'
        ? ['ro']
        : ['ro', 'rro']
      : [];
    return [{ destination, type: 'bind', source, options: [bind, mount.bind?.propagation ?? 'rprivate', ...access] }];
  }
  if (mount.type === 'tmpfs') {
    const { size, mode } = mount.tmpfs ?? {};
    return [
      {
        destination,
        type: 'tmpfs',
        source: 'tmpfs',
        options: [
          ...tmpfsDefaults,
          ...(size === undefined || size === '0' ? [] : [`size=${size}`]),
          ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
          ...(mount.read_only ? ['ro'] : []),
        ],
      },
    ];
  }
  if (mount.type === 'volume') return [];
  throw new ComposeError(
    'UNSUPPORTED',
    `service ${serviceName}: mounts of type ${mount.type} cannot be made on this machine`,
  );
}

const tmpfsDefaults = ['noexec', 'nosuid', 'nodev'];

/** Short form: `/run`, `/run:size=64m,mode=755,exec`. */
function tmpfsEntry(entry: string): OciMount {
  const [target = entry, options = ''] = entry.split(/:(.*)/s);
  const given = options.split(',').filter(Boolean);
  const defaults = tmpfsDefaults.filter((name) => !given.includes(name.slice(2)));
  return { destination: cleanTarget(target), type: 'tmpfs', source: 'tmpfs', options: [...defaults, ...given] };
}

function ensureBindSource(serviceName: string, mount: Mount, source: string): void {
  if (statSync(source, { throwIfNoEntry: false }) !== undefined) return;
  if (mount.bind?.create_host_path === false) {
    throw new ComposeError('VOLUME_NOT_FOUND', `service ${serviceName}: bind source ${source} does not exist`, {
      hint: 'create it, or set bind.create_host_path: true',
    });
  }
  mkdirSync(source, { recursive: true });
}
