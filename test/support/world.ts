import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What a machine can have left over, each as sorted lines a person can read. */
interface Belongings {
  readonly namespaces: readonly string[];
  readonly links: readonly string[];
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  readonly rules: readonly string[];
  readonly processes: readonly string[];
  readonly files: readonly string[];
}

export interface World extends Belongings {
  /** Who held each namespace, for the message: that it came or went says little without. */
  readonly holders: ReadonlyMap<string, string>;
}

const parts = ['namespaces', 'links', 'mounts', 'cgroups', 'rules', 'processes', 'files'] as const;

/** Reads the world; `directories` are those whose files count, in a scenario its state directory. */
export function worldSnapshot(directories: readonly string[] = []): World {
  const holders = namespaces();
  return {
    holders,
    namespaces: [...holders.keys()].sort(),
    links: readdirSync('/sys/class/net').sort(),
    mounts: mounts(),
    cgroups: directoriesUnder('/sys/fs/cgroup'),
    rules: rules(),
    processes: processes(),
    files: directories.flatMap(filesUnder).sort(),
  };
}

/** Fails naming every difference: `+` is what appeared, `-` what went. */
export function assertSameWorld(before: World, after: World): void {
  const name = (line: string, { holders }: World) =>
    holders.has(line) ? `${line} held by ${holders.get(line)}` : line;
  const differences = parts.flatMap((part) => [
    ...without(after[part], before[part]).map((line) => `+ ${part}: ${name(line, after)}`),
    ...without(before[part], after[part]).map((line) => `- ${part}: ${name(line, before)}`),
  ]);
  assert.deepEqual(differences, [], 'the machine is not as it was');
}

/** The elements of `lines` that `others` lacks, counting repetitions. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = counts.get(line) ?? 0;
    counts.set(line, count - 1);
    return count <= 0;
  });
}

function processIds(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** A process may end between the listing and the look: then it is not there. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** Namespaces that a tscompose process or one of its containers holds, and those that a mount keeps; by whom. */
function namespaces(): Map<string, string> {
  const found = new Map<string, string>();
  for (const pid of processIds()) {
    if (!belongsToTscompose(pid)) continue;
    for (const kind of ['net', 'mnt', 'pid', 'ipc', 'uts', 'user', 'cgroup']) {
      const namespace = attempt(() => readlinkSync(`/proc/${pid}/ns/${kind}`));
      if (!namespace || namespace === attempt(() => readlinkSync(`/proc/self/ns/${kind}`))) continue;
      found.set(namespace, describeProcess(pid));
    }
  }
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const namespace = line.match(/ ((?:net|mnt|pid|ipc|uts|user|cgroup):\[\d+\]) /)?.[1];
    if (namespace) found.set(namespace, `a mount at ${line.split(' ')[4]}`);
  }
  return found;
}

/** What it is, whether it is dying (Z), who must collect it, and whose cgroup it was in. */
function describeProcess(pid: string): string {
  const [, name, state, parent] =
    attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))?.match(/\((.*)\) (\S) (\d+)/s) ?? [];
  const parentName = attempt(() => readFileSync(`/proc/${parent}/comm`, 'utf8').trim());
  const cgroup = attempt(() => readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.match(/^.*tscompose.*$/m)?.[0];
  return `${pid} ${name} (${state}) below ${parent} ${parentName}, ${cgroup}`;
}

/** Dead, orphaned, and not collected yet by the machine's init: nothing holds it back that anybody else could mend. */
function isLeftToInit(pid: string): boolean {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '';
  return /\) Z 1 /.test(stat);
}

function belongsToTscompose(pid: string): boolean {
  if (isLeftToInit(pid)) return false;
  const cgroup = attempt(() => readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? '';
  return cgroup.includes('tscompose') || processName(pid) !== undefined;
}

/** The command line of our own processes; the kernel cuts comm at 15 bytes. */
function processName(pid: string): string | undefined {
  const command = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.split('\0') ?? [];
  const ours = /(?:^|\/)tscompose-(?:monitor|runtime)$|^tscompose-supervisor |\/dist\/(?:supervisor|cli)\.js$/;
  return command.slice(0, 4).some((word) => ours.test(word)) ? command.join(' ').trim() : undefined;
}

function processes(): string[] {
  return processIds()
    .flatMap((pid) => processName(pid) ?? [])
    .sort();
}

function mounts(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [left, right] = line.split(' - ') as [string, string];
      return `${left.split(' ')[4]} ${right.split(' ')[0]}`;
    })
    .sort();
}

function rules(): string[] {
  // -s: without counters and other state.
  const { status, stdout, stderr } = spawnSync('nft', ['-s', 'list', 'ruleset'], { encoding: 'utf8' });
  assert.equal(status, 0, `nft: ${stderr}`);
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '}')
    .sort();
}

function directoriesUnder(root: string): string[] {
  const found: string[] = [];
  const visit = (path: string) => {
    for (const entry of attempt(() => readdirSync(path, { withFileTypes: true })) ?? []) {
      if (!entry.isDirectory()) continue;
      found.push(join(path, entry.name));
      visit(join(path, entry.name));
    }
  };
  visit(root);
  return found.sort();
}

function filesUnder(root: string): string[] {
  const entries = attempt(() => readdirSync(root, { withFileTypes: true, recursive: true })) ?? [];
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}
