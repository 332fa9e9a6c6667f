/**
 * The addon's exports, typed. The single place that loads it; a test compares the names here with what it exports.
 * Whatever can block is a promise that a worker thread settles. A failed system call rejects with an Error that has
 * `code` ("ENOENT"), `errno`, `syscall` and `step`; wrong input with `code` being one of ErrorCode.
 */
import { loadFrom } from './load.ts';

export interface Binding {
  readonly version: string;

  // Processes
  /** /proc/sys/kernel/random/boot_id. */
  bootId(): string;
  /** Field 22 of /proc/<pid>/stat; null when there is no such process. */
  processStartTicks(pid: number): number | null;
  /** Whether that very process runs: not another one with its number, not a zombie. */
  processAlive(pid: number, startTicks: number): boolean;
  /** Calls back once, when the process ends (a pidfd on the event loop, no thread); at once when it is gone already. */
  watchExit(pid: number, startTicks: number, onExit: () => void): NativeHandle;
  /**
   * Starts a program that forks for us (addon/monitor/fork_server.h) as a daemon: new session, stdio on /dev/null, nothing
   * inherited but one end of a socket, whose number replaces each `{fd}` in `args`. Rejects also when it cannot be
   * executed. `environment`: `NAME=value`.
   */
  openForkServer(file: string, args: readonly string[], environment: readonly string[]): Promise<ForkServer>;

  // Digests and chance, without the 8 ms that node:crypto takes to load
  /** 64 hexadecimal digits. */
  sha256(data: Uint8Array): string;
  /** At most 256, from the kernel. */
  randomBytes(size: number): Uint8Array;

  // Files
  /**
   * Null when `nonblocking` and somebody else holds it. The file is made when missing (0600). A lock that is held for long
   * is waited for by waitForLock: here each waiter keeps a worker, of which its holder may need one.
   */
  flock(path: string, options: { exclusive: boolean; nonblocking: boolean }): Promise<FileLock | null>;
  /** The lock of a file, made when missing (0600); null when somebody else holds it. */
  tryLock(path: string, options: { exclusive: boolean }): FileLock | null;
  /**
   * Waits for the lock of a file, made when missing, on a thread of its own. Once abandoned, the promise stays unsettled
   * and keeps nothing alive.
   */
  waitForLock(path: string, options: { exclusive: boolean }): { readonly lock: Promise<FileLock>; abandon(): void };
  mount(source: string, target: string, type: string, flags: number, options: string): Promise<void>;
  /** Detaches (MNT_DETACH); not mounted is success. */
  unmount(path: string): Promise<void>;
  /** Null: there is none. A symlink is not followed. */
  getXattr(path: string, name: string): Promise<Uint8Array | null>;
  setXattr(path: string, name: string, value: Uint8Array): Promise<void>;
  /** mkdir -p of a directory whose subdirectories are unrelated: the file system may keep them apart (chattr(1), T). */
  makeTopDirectory(path: string, mode: number): void;
  /** rm -r that follows no symlink and crosses no mount; absent is success. */
  removeTree(path: string): Promise<void>;
  /**
   * Copies what the image made of `layers` (top first) holds below `path` into the directory `destination`, which takes
   * that directory's owner and mode. False when the image has no such directory.
   */
  copyFromLayers(layers: readonly string[], path: string, destination: string): Promise<boolean>;
  /** Makes a bundle's directories and files; `last` in one step, once all others are there. */
  writeBundle(options: WriteBundleOptions): Promise<void>;
  /**
   * An overlay as a mount that has no place: an open directory, whose entries are found below `/proc/self/fd/FD`. It goes
   * when the descriptor is closed or the process ends. Without `upper` it cannot be written. The caller closes it.
   */
  openOverlay(overlay: OverlayOptions): Promise<number>;
  /**
   * Makes entries below the open directory `root`, in their order, replacing what is no directory. What was made when it
   * fails or is cancelled stays. An entry that would put a file in a directory's place, or the other way round: INVALID.
   * With `sourceRoot`, an open directory, sources are paths inside it, and nothing leads out of it.
   */
  copyEntries(root: number, entries: readonly TreeEntry[], sourceRoot?: number): TreeOperation<void>;
  /**
   * rm -r of paths inside the open directory `root`, that follows no symlink, crosses no mount and leads nowhere else, whoever
   * changes the tree meanwhile; absent is success.
   */
  removeInRoot(root: number, paths: readonly string[]): Promise<void>;
  /**
   * What is at `path` inside the open directory `root`, and below it, a directory before what it holds. Nothing leads out of
   * the root, whoever changes it meanwhile. A symlink at the end of `path` is not followed; sockets are left out.
   */
  listTree(root: number, path: string): TreeOperation<FoundEntry[]>;
  /** An overlay whiteout: a character device 0:0. */
  mknodWhiteout(path: string): Promise<void>;

  /** Waits until everything written to the file system of `path` is on the disk. */
  syncFilesystem(path: string): Promise<void>;

  // cgroups, by OCI path, in every hierarchy of this machine
  cgroupExists(path: string): boolean;
  /** SIGKILL to every process below, complete when it resolves. */
  cgroupKill(path: string): Promise<void>;
  /** Already gone is success. */
  cgroupRemove(path: string): Promise<void>;
  cgroupProcesses(path: string): number[];
  cgroupStatistics(path: string): Promise<CgroupStatistics>;

  // Networks
  /** Subnets of the host's addresses and routes, default routes excluded. */
  hostSubnets(): Promise<string[]>;
  ensureBridge(bridge: BridgeOptions): Promise<void>;
  /** Removes links, all in one go; none of that name is success. */
  removeLinks(names: readonly string[]): Promise<void>;
  plug(options: PlugOptions): Promise<void>;
  /** Also forgets the host's connections to those addresses. */
  unplug(netnsPaths: readonly string[], hostInterfaces: readonly string[], addresses: readonly string[]): Promise<void>;
  /** Every link of the host's namespace, with the bridge it is a port of and its addresses. */
  links(): Promise<LinkStatus[]>;
  /** The links inside a namespace, loopback excluded; null when `netnsPath` is no namespace. */
  namespaceLinks(netnsPaths: readonly string[]): Promise<(LinkStatus[] | null)[]>;
  /**
   * Sockets inside the namespace, with a rule there that redirects 127.0.0.11:53 to them: those that a process of ours has
   * kept, else new ones. The caller owns the fds.
   */
  openDnsSockets(
    netnsPath: string,
    kept: { readonly pid: number; readonly udp: number; readonly tcp: number } | null,
  ): Promise<{ udp: number; tcp: number }>;
  /**
   * Replaces the tables, and the owner's rules in the chains of others, in one transaction; a table without chains and sets
   * is deleted.
   */
  replaceTables(tables: readonly NftTable[], guests: readonly NftGuest[]): Promise<void>;
  /**
   * What the kernel holds under that name, and of the guests, whatever their rules are; all of it at one moment, before or
   * after another process's transaction.
   */
  rulesStatus(family: NftFamily, name: string, guests: readonly NftGuest[]): Promise<RulesStatus>;
  /** Chains of all tables that are hooked into `forward`, with their policy. */
  forwardChains(): Promise<ForwardChain[]>;
  /**
   * Lets the packets of a netfilter queue pass all further chains of their hook, on a thread of its own. One process
   * at a time does it, the one that holds the lock; the others stand by.
   */
  startForwarder(queue: number, lockPath: string): NativeHandle;
  /** Tells about removed links and about changes of nftables tables, until closed. */
  linkMonitor(onEvent: (event: LinkEvent) => void): NativeHandle;
}

/** A cgroup that is gone has used nothing. A limit of 0 is none. */
export interface CgroupStatistics {
  /** Usage without inactive file cache. */
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly memoryPeakBytes: number;
  readonly cpuNanoseconds: number;
  readonly cpuUserNanoseconds: number;
  readonly cpuSystemNanoseconds: number;
  readonly cpuThrottledPeriods: number;
  readonly pids: number;
  readonly pidsLimit: number;
  readonly ioReadBytes: number;
  readonly ioWriteBytes: number;
  readonly oomKills: number;
}

/** Something native that goes on until it is closed. It does not keep the process alive. */
export interface NativeHandle {
  close(): void;
}

export interface FileLock {
  readonly fd: number;
  release(): void;
}

export interface OverlayOptions {
  /** Top first. */
  readonly lower: readonly string[];
  readonly upper?: string;
  readonly work?: string;
  /** An existing directory, for kernels before 6.7. */
  readonly place: string;
}

export interface TreeOperation<T> {
  readonly result: Promise<T>;
  /** The result rejects with ECANCELED soon after. */
  cancel(): void;
}

export interface FoundEntry {
  readonly kind: 'directory' | 'file' | 'other';
  /** Relative to where the listing began; empty: that place itself. */
  readonly path: string;
  /** Of a file with several names: equal for those of one file. */
  readonly identity: string | null;
}

/** One entry of a tree that is made (addon/core/copy_entries.h). */
export interface TreeEntry {
  /** `directory`: one that is there stays as it is, unless it is `updated`. `other`: a symlink, device or FIFO. `link`: a hard link. */
  readonly kind: 'directory' | 'file' | 'other' | 'link';
  /** Relative to the root; its parent exists. */
  readonly target: string;
  /** What it is copied from; for `link` a path in the tree. Absent: `content`, or a new directory. */
  readonly source?: string;
  readonly content?: Uint8Array;
  /** Absent: the source's, as are owner and time. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds. */
  readonly modified?: number;
  /** Of a file: renamed into its place once it is whole. */
  readonly atOnce?: boolean;
  /** False: extended attributes are left behind. */
  readonly attributes?: boolean;
  /** Of a directory that is there: it takes over what a new one would have. */
  readonly updated?: boolean;
}

export interface WriteBundleOptions {
  readonly directories: readonly string[];
  /** The upper directory of an overlay over `/`, which hides the host's private directories and keys; or empty. */
  readonly hostUpper: string;
  /** Written in place: a running container may have them mounted. */
  readonly files: readonly NewFile[];
  readonly last: NewFile;
}

export interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

export interface ForkServer {
  /** Resolves with all that the fork wrote to its pipe until it closed it: nothing when the server went before it forked. */
  fork(args: readonly string[]): Promise<string>;
  /** It ends once it has heard of this; its forks go on. */
  close(): void;
}

export interface BridgeOptions {
  readonly name: string;
  readonly mtu: number;
  /** Addresses with prefix length: `172.18.0.1/16`, `fd00::1/64`. */
  readonly addresses: readonly string[];
  readonly macAddress: string;
  /** Below /proc/sys, in the host's namespace: `net/ipv4/ip_forward` → `1`. */
  readonly sysctls: readonly (readonly [string, string])[];
}

export interface PlugOptions {
  readonly netnsPath: string;
  readonly interfaces: readonly PlugInterface[];
  /** Below /proc/sys, inside the namespace. */
  readonly sysctls: readonly (readonly [string, string])[];
}

export interface PlugInterface {
  readonly name: string;
  readonly hostInterface: string;
  readonly bridge: string;
  readonly macAddress: string;
  readonly mtu: number;
  readonly addresses: readonly string[];
  /** Next hops of the default routes, v4 and v6; empty when another network is the gateway. */
  readonly gateways: readonly string[];
  /** Cut off from the bridge's other isolated ports. */
  readonly isIsolated: boolean;
}

export interface LinkStatus {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly mtu: number;
  readonly isUp: boolean;
  readonly macAddress: string;
  /** Index of the bridge it is a port of, else 0. */
  readonly master: number;
  /** Index of the other end of a veth pair, else 0. */
  readonly peer: number;
  readonly addresses: readonly string[];
}

export type NftFamily = 'inet' | 'ip' | 'ip6' | 'netdev';

export interface NftTable {
  readonly family: NftFamily;
  readonly name: string;
  /** Kept in the table's user data; tells whether a table is the one that was written. */
  readonly digest: string;
  readonly sets: readonly NftSet[];
  readonly chains: readonly NftChain[];
}

/** Rules of ours at the end of another program's chain; their comment is `owner digest`. */
export interface NftGuest {
  readonly family: NftFamily;
  readonly table: string;
  readonly chain: string;
  readonly owner: string;
  readonly digest: string;
  readonly rules: readonly (readonly NftExpression[])[];
}

export interface GuestStatus {
  /** How many rules of the owner are in the chain. */
  readonly rules: number;
  /** How many of that digest end it. */
  readonly last: number;
}

export interface NftSet {
  readonly name: string;
  readonly keyLength: number;
  /** Bytes of the value; 0 for a plain set. */
  readonly dataLength: number;
  /** nft's own numbers, so that `nft list` prints the elements readably. */
  readonly keyType: number;
  readonly dataType: number;
  readonly elements: readonly { readonly key: Uint8Array; readonly data?: Uint8Array }[];
}

export interface NftChain {
  readonly name: string;
  /** Absent: a chain that others jump to. */
  readonly hook?: {
    readonly type: 'filter' | 'nat';
    readonly name: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress';
    readonly priority: number;
    /** Only for ingress. */
    readonly devices?: readonly string[];
  };
  readonly rules: readonly (readonly NftExpression[])[];
}

/** One libnftnl expression: its name and attributes (addon/core/nft_expression.cc has the table). */
export type NftExpression = readonly [name: string, attributes: Readonly<Record<string, number | string | Uint8Array>>];

export interface RulesStatus {
  /** Null: there is no such table. */
  readonly table: TableStatus | null;
  /** As many as were asked for, in their order. */
  readonly guests: readonly GuestStatus[];
}

export interface TableStatus {
  readonly digest: string;
  readonly chains: number;
  readonly rules: number;
  readonly elements: number;
}

export interface ForwardChain {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly policy: 'accept' | 'drop';
}

export interface LinkEvent {
  readonly kind: 'link-removed' | 'firewall-changed' | 'lost';
  /** The link, or `family table`; empty for `lost`: events were dropped, look at everything. */
  readonly name: string;
}

let loaded: Binding | undefined;

/** Loads the addon on first use. Throws when it was not built. */
export function native(): Binding {
  loaded ??= loadFrom<Binding>('tscompose');
  return loaded;
}
