import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { eventually } from './eventually.ts';

/** Whether this machine has the real server and what fills it. */
const run = promisify(execFile);

export function hasRegistryTools(): boolean {
  return ['docker-registry', 'skopeo'].every((command) => spawnSync(command, ['--version']).status === 0);
}

/** Debian's docker-registry on a free port of 127.0.0.1, with its files in a directory that goes with it. */
export interface RegistryServer extends AsyncDisposable {
  readonly domain: string;
  /** Copies `NAME` of the layout `directory` into the registry; `credentials` is `USER:PASSWORD`. */
  push(directory: string, name: string, image: string, credentials?: string): Promise<void>;
}

/** Starts a registry; `auth` and `tls` are sections of its configuration, in JSON. */
export async function startRegistry(auth: object | null = null, tls: object | null = null): Promise<RegistryServer> {
  const root = mkdtempSync(join(tmpdir(), 'tscompose-registry-'));
  const domain = `127.0.0.1:${await freePort()}`;
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(root, 'data') } },
    http: { addr: domain, secret: 'of the test', ...(tls === null ? {} : { tls }) },
    ...(auth === null ? {} : { auth }),
  };
  const path = join(root, 'config.yml');
  writeFileSync(path, JSON.stringify(config));
  let log = '';
  const server = spawn('docker-registry', ['serve', path], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [server.stdout, server.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text));
  const ended = once(server, 'exit');
  const close = async (): Promise<void> => {
    server.kill('SIGKILL');
    await ended;
    rmSync(root, { recursive: true, force: true });
  };
  try {
    await eventually(async () => {
      if (server.exitCode !== null) throw new Error(log);
      const [host, port] = domain.split(':');
      const socket = connect(Number(port), host);
      await once(socket, 'connect');
      socket.destroy();
    });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    domain,
    async push(directory, name, image, credentials) {
      const login = credentials === undefined ? [] : ['--dest-creds', credentials];
      const target = `docker://${domain}/${image}`;
      const fixed = ['--quiet', '--all', '--preserve-digests', '--dest-tls-verify=false'];
      // Not in the way of the event loop: the token server that skopeo asks may live in this process.
      await run('skopeo', ['copy', ...fixed, ...login, `oci:${directory}:${name}`, target]);
    },
    [Symbol.asyncDispose]: close,
  };
}

/** A certificate authority with a certificate for 127.0.0.1 and one for a client: PEM files in `directory`. */
export function writeCertificates(directory: string) {
  const path = (name: string) => join(directory, name);
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  mkdirSync(directory, { recursive: true });
  openssl('req', '-x509', ...curve, '-subj', '/CN=test CA', '-keyout', path('ca.key'), '-out', path('ca.crt'));
  for (const name of ['server', 'client']) {
    openssl('req', ...curve, '-subj', `/CN=${name}`, '-keyout', path(`${name}.key`), '-out', path(`${name}.csr`));
    writeFileSync(path('extensions'), 'subjectAltName = IP:127.0.0.1\n');
    const issuer = ['-CA', path('ca.crt'), '-CAkey', path('ca.key'), '-CAcreateserial', '-extfile', path('extensions')];
    openssl('x509', '-req', '-in', path(`${name}.csr`), ...issuer, '-out', path(`${name}.crt`));
  }
  return { authority: path('ca.crt'), server: path('server'), client: path('client') };
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has a port');
  return address.port;
}

/** Writes an OCI layout with the image `one` and the index `many` for two platforms; their digests. */
export function writeLayout(directory: string): { readonly one: string; readonly many: string } {
  const blobs = join(directory, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (mediaType: string, body: Buffer | object) => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const hash = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hash), bytes);
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
  };
  const type = (name: string) => `application/vnd.oci.image.${name}`;
  const tar = Buffer.alloc(1024);
  const layer = put(type('layer.v1.tar+gzip'), gzipSync(tar));
  const diff = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
  const [one, other] = ['amd64', 'arm64'].map((architecture) => {
    const rootfs = { type: 'layers', diff_ids: [diff] };
    const config = put(type('config.v1+json'), { architecture, os: 'linux', config: {}, rootfs });
    const manifest = { schemaVersion: 2, mediaType: type('manifest.v1+json'), config, layers: [layer] };
    return { ...put(type('manifest.v1+json'), manifest), platform: { architecture, os: 'linux' } };
  });
  const mediaType = type('index.v1+json');
  const many = put(mediaType, { schemaVersion: 2, mediaType, manifests: [one, other] });
  const named = (descriptor: object | undefined, name: string) => ({
    ...descriptor,
    annotations: { 'org.opencontainers.image.ref.name': name },
  });
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const index = { schemaVersion: 2, manifests: [named(one, 'one'), named(many, 'many')] };
  writeFileSync(join(directory, 'index.json'), JSON.stringify(index));
  return { one: one?.digest ?? '', many: many.digest };
}
