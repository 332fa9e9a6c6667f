/** `rootfs:DIR`: an extracted root file system as an image; `rootfs:/` is the host's own userland (DESIGN.md, decision 9). */
import { readdir as readdirCallback, realpath as realpathCallback, stat as statCallback } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultPath, emptyImageConfig, type ImageConfig, type ResolvedImage } from '../model/image.ts';
import { ComposeError } from '../util/errors.ts';

// node:fs/promises would load a millisecond and a half of modules.
const readdir = promisify(readdirCallback);
const realpath = promisify(realpathCallback);
const stat = promisify(statCallback);

const scheme = 'rootfs:';

const config: ImageConfig = { ...emptyImageConfig, env: [`PATH=${defaultPath}`] };

export function isRootfsReference(reference: string): boolean {
  return reference.startsWith(scheme);
}

/**
 * Resolves `rootfs:DIR` (relative to `workingDirectory`). Throws IMAGE_NOT_FOUND when the directory is missing or holds
 * no root file system.
 */
export async function resolveRootfs(
  reference: string,
  options: { readonly workingDirectory: string },
): Promise<ResolvedImage> {
  const directory = await existingDirectory(reference, options.workingDirectory);
  if (directory === '/') {
    return { reference, digest: `rootfs:/#${maskVersion}`, layers: ['/'], config, origin: 'host' };
  }
  const { ino, dev } = await stat(directory);
  return {
    reference,
    digest: `rootfs:${directory}#${dev}:${ino}`,
    layers: [directory],
    config,
    origin: 'layers',
  };
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

/** Raise when what is hidden of the host changes: it is part of the image's digest. */
const maskVersion = 1;
