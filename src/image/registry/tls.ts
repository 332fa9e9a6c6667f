/** Certificates for registries, where Docker and Podman look for them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';

export interface TlsMaterial {
  /** PEM texts, trusted beside those of the system. */
  readonly authorities: readonly string[];
  /** What we show of ourselves. */
  readonly certificates: readonly { readonly certificate: string; readonly key: string }[];
  readonly isVerified: boolean;
}

/** Directories with one directory per registry, `HOST[:PORT]`. */
export function certificateDirectories(environment: Readonly<Record<string, string | undefined>>): string[] {
  const home = environment.HOME;
  const docker = environment.DOCKER_CONFIG || (home ? join(home, '.docker') : '');
  const config = environment.XDG_CONFIG_HOME || (home ? join(home, '.config') : '');
  return [
    ...(docker ? [join(docker, 'certs.d')] : []),
    ...(config ? [join(config, 'docker/certs.d'), join(config, 'containers/certs.d')] : []),
    '/etc/docker/certs.d',
    '/etc/containers/certs.d',
  ];
}

/**
 * Reads `*.crt`, authorities, and `*.cert` with its `*.key`, client certificates, of one registry. Throws INVALID for a
 * certificate without its key and for what cannot be read.
 */
export function readCertificates(domain: string, directories: readonly string[]): Omit<TlsMaterial, 'isVerified'> {
  const authorities: string[] = [];
  const certificates: { certificate: string; key: string }[] = [];
  for (const directory of directories.map((each) => join(each, domain))) {
    for (const name of namesIn(directory)) {
      const path = join(directory, name);
      if (name.endsWith('.crt')) authorities.push(read(path));
      if (!name.endsWith('.cert')) continue;
      certificates.push({ certificate: read(path), key: read(path.replace(/\.cert$/, '.key')) });
    }
  }
  return { authorities, certificates };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR') || hasErrno(error, 'EACCES')) return [];
    throw error;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ComposeError('INVALID', `cannot read the certificate file ${path}: ${code}`, { cause: error });
  }
}
