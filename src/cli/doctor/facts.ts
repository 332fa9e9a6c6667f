/** What this machine offers, looked at. */
import { closeSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { parseCapabilityMask } from '../../container/capabilities.ts';
import { type CgroupFacts, readCgroupFacts } from '../../container/cgroup-facts.ts';
import { type ForwardChain, native } from '../../native/binding.ts';
import type { Paths } from '../../state/paths.ts';

export interface MachineFacts {
  readonly kernelRelease: string;
  /** Effective ones of this process. */
  readonly capabilities: readonly string[];
  readonly cgroup: Pick<CgroupFacts, 'mode' | 'controllers'>;
  /** Null: one was made; else why not. */
  readonly overlayProblem: string | null;
  /** The kernel has overlayfs, loaded or built in. */
  readonly knowsOverlay: boolean;
  /** Null: its tables can be read; else why not. */
  readonly nftablesProblem: string | null;
  /** Of those that links and rules need. */
  readonly absentModules: readonly string[];
  readonly hasSeccomp: boolean;
  /** Null: this kernel has none. */
  readonly maxUserNamespaces: number | null;
  readonly inotify: { readonly instances: number; readonly watches: number };
  readonly disk: {
    readonly path: string;
    readonly freeBytes: number;
    readonly freeInodes: number;
    readonly totalInodes: number;
  };
  readonly forwardChains: readonly ForwardChain[];
}

/** Looks at this machine; what is made for it is gone afterwards. */
export async function readMachineFacts(paths: Paths): Promise<MachineFacts> {
  const status = readFileSync('/proc/self/status', 'utf8');
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  const nftablesProblem = await problemOf(() => native().rulesStatus('inet', 'tscompose', []));
  return {
    kernelRelease: release(),
    capabilities: parseCapabilityMask(mask),
    cgroup: readCgroupFacts(),
    overlayProblem: await problemOf(() => tryOverlay(paths)),
    knowsOverlay: /\boverlay$/m.test(textOf('/proc/filesystems') ?? ''),
    nftablesProblem,
    absentModules: ['bridge', 'veth', 'nft_chain_nat', 'nft_masq'].filter(isAbsentModule),
    hasSeccomp: existsSync('/proc/sys/kernel/seccomp/actions_avail'),
    maxUserNamespaces: numberIn('/proc/sys/user/max_user_namespaces'),
    inotify: {
      instances: numberIn('/proc/sys/fs/inotify/max_user_instances') ?? 0,
      watches: numberIn('/proc/sys/fs/inotify/max_user_watches') ?? 0,
    },
    disk: readDisk(paths.stateDir),
    forwardChains: nftablesProblem === null ? await native().forwardChains() : [],
  };
}

async function problemOf(action: () => Promise<unknown>): Promise<string | null> {
  try {
    await action();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** On the file system that containers are kept on: not every one can hold what they write. */
async function tryOverlay({ stateDir }: Paths): Promise<void> {
  mkdirSync(stateDir, { recursive: true, mode: 0o711 });
  const directory = mkdtempSync(join(stateDir, 'doctor-'));
  try {
    const [lower, upper, work, place] = ['lower', 'upper', 'work', 'place'].map((name) => {
      mkdirSync(join(directory, name));
      return join(directory, name);
    }) as [string, string, string, string];
    closeSync(await native().openOverlay({ lower: [lower], upper, work, place }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** True only where the kernel's own list of modules says so. */
function isAbsentModule(name: string): boolean {
  if (existsSync(`/sys/module/${name}`)) return false;
  const lists = ['modules.builtin', 'modules.dep'].map((file) => textOf(`/lib/modules/${release()}/${file}`));
  if (lists.some((list) => list === null)) return false;
  return !lists.some((list) => new RegExp(`/${name.replaceAll('_', '[-_]')}\\.ko`).test(list ?? ''));
}

function readDisk(directory: string): MachineFacts['disk'] {
  let path = directory;
  while (!existsSync(path)) path = dirname(path);
  const { bavail, bsize, ffree, files } = statfsSync(path);
  return { path, freeBytes: bavail * bsize, freeInodes: ffree, totalInodes: files };
}

function numberIn(path: string): number | null {
  const text = textOf(path);
  return text === null ? null : Number(text);
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
