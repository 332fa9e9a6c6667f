import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const suite = 'bookworm';
/** Beside the kernel of the lane v2 (scripts/v2-run): made once, for all checkouts. */
const cache = join(process.env.TSCOMPOSE_TEST_CACHE ?? '/var/cache/tscompose-test', `debian-${suite}`);

/** What debootstrap makes: the smallest Debian that apt works in. */
export interface Debian extends AsyncDisposable {
  readonly root: string;
  /** A proxy for containers that reach this machine as `host`, which keeps what apt gets. */
  proxyAt(host: string): string;
}

/** Why there is none; null when there is, or one can be made. */
export async function debianObstacle(): Promise<string | null> {
  if (existsSync(join(cache, 'root')) && existsSync(join(cache, 'used'))) return null;
  if (spawnSync('debootstrap', ['--version']).status !== 0) return 'debootstrap';
  const mirror = debianMirror();
  if (mirror === null) return 'a mirror of Debian: /etc/apt names none';
  try {
    const response = await fetch(`${mirror}/dists/${suite}/InRelease`, { method: 'HEAD' });
    return response.ok ? null : `a mirror of Debian: ${mirror} answers ${response.status}`;
  } catch (error) {
    const { cause } = error as Error;
    return `a mirror of Debian: ${mirror} cannot be reached: ${cause instanceof Error ? cause.message : String(error)}`;
  }
}

/** The root, made when it is not there yet, and its proxy. */
export async function openDebian(): Promise<Debian> {
  mkdirSync(cache, { recursive: true });
  const root = join(cache, 'root');
  if (!existsSync(root)) await bootstrap(root);
  const files = join(cache, 'files');
  mkdirSync(files, { recursive: true });
  const server = createServer((request, response) => {
    fetched(files, request.url ?? '').then(
      (bytes) => response.end(bytes),
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return {
    root,
    proxyAt: (host) => `http://${host}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** From now on no mirror is needed: all that is asked for is here. */
export function debianWasUsed(): void {
  writeFileSync(join(cache, 'used'), '');
}

function debianMirror(): string | null {
  const { stdout } = spawnSync('apt-get', ['indextargets', '--format', '$(REPO_URI) $(CREATED_BY)'], {
    encoding: 'utf8',
  });
  const sites = [...(stdout ?? '').matchAll(/^(http:\S+\/debian)\/? Packages$/gm)].map(([, site]) => site as string);
  return sites[0] ?? null;
}

/** Renamed into place whole, so that nobody finds half a root. */
async function bootstrap(root: string): Promise<void> {
  const work = mkdtempSync(`${root}.`);
  try {
    await run('debootstrap', ['--variant=minbase', suite, work, debianMirror() ?? ''], { maxBuffer: 1 << 26 });
    execFileSync('chroot', [work, 'apt-get', 'clean']);
    // As in the images of Debian that registries have.
    writeFileSync(join(work, 'etc/dpkg/dpkg.cfg.d/docker-apt-speedup'), 'force-unsafe-io\n');
    renameSync(work, root);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    if (!existsSync(root)) throw error;
  }
}

async function fetched(directory: string, url: string): Promise<Buffer> {
  const path = join(directory, createHash('sha256').update(url).digest('hex'));
  if (existsSync(path)) return await readFile(path);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: the mirror answers ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const part = mkdtempSync(`${path}.`);
  await writeFile(join(part, 'file'), bytes);
  await rename(join(part, 'file'), path);
  rmSync(part, { recursive: true });
  return bytes;
}
