import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { median } from './table.ts';

/** What one side leaves to the kernel and its daemons to tidy up is not to fall into the other's time. */
export const settleMs = 2_000;

/** So many runs of a command add what they compiled to what the next one starts from (src/util/code-cache.ts): not measured. */
export const settlingRuns = 8;

const checkout = resolve(import.meta.dirname, '..');
const image = 'tscompose-bench';

/** A directory that both sides see, one root file system for both, and ways to run either side. */
export interface Workshop extends AsyncDisposable {
  readonly directory: string;
  readonly rootfs: string;
  readonly image: string;
  readonly peerVersions: string;
  /** What entering the peers' root costs; already taken off `peer`'s times. */
  readonly entryMs: number;
  /** Writes compose files of the same services for both sides and names the project. */
  project(name: string, services: Readonly<Record<string, object>>): Project;
  /** Milliseconds of a native command. */
  ours(command: readonly string[]): number;
  /** Milliseconds of a command among the peers. */
  peer(command: readonly string[]): number;
  peerOutput(command: readonly string[]): string;
  /** What `tscompose` prints. */
  ownOutput(args: readonly string[]): string;
}

export interface Project {
  readonly ours: readonly string[];
  readonly peer: readonly string[];
  readonly stateDirectory: string;
}

export async function openWorkshop(): Promise<Workshop> {
  const peers = resolve(process.env.TSCOMPOSE_PEERS ?? join(checkout, '../shared/tools/peers'));
  if (!existsSync(peers)) throw new Error(`no peers at ${peers}: set TSCOMPOSE_PEERS`);
  const directory = mkdtempSync('/tmp/tsc-bench-');
  const rootfs = join(directory, 'root');
  makeRoot(rootfs);
  execFileSync(peers, ['image', image, rootfs], { stdio: ['ignore', 'ignore', 'inherit'] });

  const time = (file: string, args: readonly string[]) => {
    const start = performance.now();
    const { status, error } = spawnSync(file, args, {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: environment,
    });
    const elapsed = performance.now() - start;
    if (error || status !== 0) {
      const again = [file, ...args].join(' ');
      throw new Error(`${again} ended with ${error?.message ?? status}`);
    }
    return elapsed;
  };
  const environment = { ...process.env, TSCOMPOSE_STATE_DIR: join(directory, 's'), NO_COLOR: '1' };
  // Of the way in alone: to start a process at all is part of both sides' times.
  const entries = Array.from({ length: 9 }, () => time(peers, ['run', 'true']) - time('true', []));
  const entryMs = Math.max(median(entries), 0);
  const peerOutput = (command: readonly string[]) =>
    execFileSync(peers, ['run', ...command], { cwd: directory, encoding: 'utf8', maxBuffer: 2 ** 30 });
  const projects: Project[] = [];

  return {
    directory,
    rootfs,
    image,
    entryMs,
    peerVersions: [
      `Docker ${peerOutput(['docker', 'version', '--format', '{{.Server.Version}}']).trim()}`,
      `Compose ${peerOutput(['docker', 'compose', 'version', '--short']).trim()}`,
      peerOutput(['runc', '--version']).split('\n')[0]!.trim(),
    ].join(', '),
    project(name, services) {
      const write = (side: 'ours' | 'peer', reference: string) => {
        const path = join(directory, `${name}-${side}.yaml`);
        const withImage = Object.fromEntries(
          Object.entries(services).map(([service, keys]) => [service, { image: reference, ...keys }]),
        );
        writeFileSync(path, stringify({ name: `tscbench-${name}`, services: withImage }));
        return path;
      };
      const project = {
        ours: [join(checkout, 'bin/tscompose'), '-f', write('ours', `rootfs:${rootfs}`)],
        peer: ['docker', 'compose', '-f', write('peer', image)],
        stateDirectory: join(directory, 's'),
      };
      projects.push(project);
      return project;
    },
    ours: ([file, ...args]) => time(file!, args),
    peer: (command) => Math.max(time(peers, ['run', ...command]) - entryMs, 0),
    peerOutput,
    ownOutput: (args) =>
      execFileSync(join(checkout, 'bin/tscompose'), args, { cwd: directory, env: environment, encoding: 'utf8' }),
    async [Symbol.asyncDispose]() {
      for (const { ours, peer } of projects) {
        spawnSync(ours[0]!, [...ours.slice(1), 'down', '-v', '-t', '0'], { env: environment, stdio: 'ignore' });
        spawnSync(peers, ['run', ...peer, 'down', '-v', '-t', '0'], { cwd: directory, stdio: 'ignore' });
      }
      spawnSync(peers, ['run', 'docker', 'rmi', '-f', image], { cwd: directory, stdio: 'ignore' });
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** busybox, and nginx with the libraries it needs: what both sides run. */
function makeRoot(root: string): void {
  for (const path of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev', 'run'])
    mkdirSync(join(root, path), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const name of ['sh', 'true', 'sleep', 'yes', 'head']) symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
  const nginx = '/usr/sbin/nginx';
  if (!existsSync(nginx)) throw new Error('nginx is missing: apt-get install nginx-light');
  const libraries = execFileSync('ldd', [nginx], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  for (const path of [nginx, ...libraries]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
  writeFileSync(
    join(root, 'etc/nginx.conf'),
    `user root; daemon off; pid /tmp/nginx.pid; error_log stderr; events { worker_connections 1024; }
     http { access_log off; keepalive_requests 1000000; client_body_temp_path /tmp/a; proxy_temp_path /tmp/b;
            fastcgi_temp_path /tmp/c; uwsgi_temp_path /tmp/d; scgi_temp_path /tmp/e;
            server { listen 80; location / { return 200 "ok\\n"; } } }`,
  );
}

/** Proportional set sizes in KiB of the processes whose command line matches. */
export function proportionalSizes(pattern: RegExp): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      if (!/^\d+$/.test(name) || !pattern.test(readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')))
        return [];
      const rollup = readFileSync(`/proc/${name}/smaps_rollup`, 'utf8');
      return [Number(rollup.match(/^Pss:\s+(\d+)/m)?.[1] ?? 0)];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

/** Runs wrk on a URL and answers requests per second. */
export async function requestsPerSecond(url: string, seconds: number): Promise<number> {
  const wrk = spawn('wrk', ['-t1', '-c32', `-d${seconds}s`, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of wrk.stdout) output += chunk;
  const rate = output.match(/Requests\/sec:\s+([\d.]+)/)?.[1];
  if (!rate || /Non-2xx|Socket errors/.test(output)) throw new Error(`wrk ${url}:\n${output}`);
  return Number(rate);
}
