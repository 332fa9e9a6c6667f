/** `rootfs:DIR`: an extracted root file system as an image; `rootfs:/` is the host's own userland (DESIGN.md, decision 9). */
import { chmod, chown, lstat, mkdir, readdir, realpath, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageConfig, ResolvedImage } from '../model/image.ts';
import type { Binding } from '../native/binding.ts';
import type { Paths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';

const scheme = 'rootfs:';

const emptyConfig: ImageConfig = {
  env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  entrypoint: [],
  cmd: [],
  user: '',
  workingDir: '/',
  volumes: [],
  exposedPorts: [],
  labels: {},
  stopSignal: null,
  healthcheck: null,
};

export function isRootfsReference(reference: string): boolean {
  return reference.startsWith(scheme);
}

/**
 * Resolves `rootfs:DIR` (relative to `workingDirectory`). Throws IMAGE_NOT_FOUND when the directory is missing or holds
 * no root file system.
 */
export async function resolveRootfs(
  reference: string,
  options: { readonly workingDirectory: string; readonly paths: Paths; readonly native: Binding },
): Promise<ResolvedImage> {
  const directory = await existingDirectory(reference, options.workingDirectory);
  if (directory === '/') {
    const mask = await ensureHostMask(options.paths, options.native);
    return { reference, digest: `rootfs:/#${maskVersion}`, layers: [mask, '/'], config: emptyConfig };
  }
  const { ino, dev } = await stat(directory);
  return { reference, digest: `rootfs:${directory}#${dev}:${ino}`, layers: [directory], config: emptyConfig };
}

async function existingDirectory(reference: string, workingDirectory: string): Promise<string> {
  const written = reference.slice(scheme.length);
  try {
    const directory = await realpath(join(written.startsWith('/') ? '/' : workingDirectory, written));
    const names = await readdir(directory);
    if (names.some((name) => name === 'bin' || name === 'usr' || name === 'etc')) return directory;
    throw new ComposeError('IMAGE_NOT_FOUND', `${reference} is not a root file system: it has no bin, usr or etc`, {
      hint: 'name the directory of an extracted root, for instance one made by debootstrap',
    });
  } catch (error) {
    if (error instanceof ComposeError) throw error;
    const reason = (error as NodeJS.ErrnoException).code === 'ENOTDIR' ? 'is not a directory' : 'does not exist';
    throw new ComposeError('IMAGE_NOT_FOUND', `image ${reference}: directory ${written} ${reason}`, { cause: error });
  }
}

/** Raise when the mask's content changes: it is part of the image's digest. */
const maskVersion = 1;

/** Directories whose content on the host is private or belongs to its own services: name → mode. */
const emptyDirectories: Readonly<Record<string, number>> = {
  boot: 0o755,
  home: 0o755,
  media: 0o755,
  mnt: 0o755,
  root: 0o700,
  run: 0o755,
  srv: 0o755,
  tmp: 0o1777,
  var: 0o755,
};

/** What programs expect to find below an empty /var (hier(7)). */
const varDirectories: Readonly<Record<string, number>> = {
  'var/backups': 0o755,
  'var/cache': 0o755,
  'var/lib': 0o755,
  'var/local': 0o2775,
  'var/log': 0o755,
  'var/mail': 0o2775,
  'var/opt': 0o755,
  'var/spool': 0o755,
  'var/tmp': 0o1777,
};

/** Host files that no container needs to read: password hashes and host keys. */
const hiddenFiles = ['etc/shadow', 'etc/shadow-', 'etc/gshadow', 'etc/gshadow-', 'etc/ssh'];

/**
 * The overlay layer that lies above `/` and hides the host's private directories: opaque empty directories and whiteouts
 * (kernel documentation, filesystems/overlayfs). Made once, moved into place when complete.
 */
async function ensureHostMask(paths: Paths, native: Binding): Promise<string> {
  const target = join(paths.images, `mask-${maskVersion}`);
  if (await exists(target)) return target;
  const draft = `${target}.${process.pid}.tmp`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  await chmod(draft, 0o755);
  for (const [name, mode] of Object.entries(emptyDirectories)) {
    await makeDirectory(draft, name, mode);
    await native.setXattr(join(draft, name), 'trusted.overlay.opaque', Buffer.from('y'));
  }
  for (const [name, mode] of Object.entries(varDirectories)) await makeDirectory(draft, name, mode);
  await chown(join(draft, 'var/mail'), 0, 8);
  await symlink('/run', join(draft, 'var/run'));
  await symlink('/run/lock', join(draft, 'var/lock'));
  await makeDirectory(draft, 'run/lock', 0o1777);
  await makeDirectory(draft, 'etc', 0o755);
  for (const name of hiddenFiles) {
    if (await exists(join('/', name))) await native.mknodWhiteout(join(draft, name));
  }
  try {
    await rename(draft, target);
  } catch (error) {
    // Another process was first with the same content.
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(target))) throw error;
  }
  return target;
}

async function makeDirectory(root: string, name: string, mode: number): Promise<void> {
  const path = join(root, name);
  await mkdir(path);
  await chmod(path, mode);
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
