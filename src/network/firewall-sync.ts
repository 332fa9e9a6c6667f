import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FirewallState } from '../model/firewall-state.ts';
import type { Binding, ForwardChain, NativeHandle, NftTable } from '../native/binding.ts';
import { sha256 } from '../native/digest.ts';
import type { Paths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';
import type { NetworkWorld } from './contract.ts';
import { countOf, firewallTable, guestRules, type Passage } from './firewall.ts';

/**
 * Keeps the kernel's table equal to what firewall.ts says.
 *
 * - One transaction replaces the table; whoever does it holds the flock `R/nftables.lock`.
 * - Calls that arrive while one is under way become one more, with the last world.
 * - A table that is so already is left alone.
 * - Where iptables' forward chain drops what it does not know, as Docker has it do, rules of ours end it (firewall.ts).
 * - Where firewalld rejects it, packets that our rules let pass go through a queue whose answer skips the rest of that hook
 *   (addon/core/forwarder.h).
 */
export class Firewall {
  readonly #native: Binding;
  readonly #paths: Paths;
  readonly #tableName: string;
  readonly #queue: number;
  readonly #packetTargets = new Set<string>();
  #world: NetworkWorld | undefined;
  #running: Promise<void> | undefined;
  #next: { world: NetworkWorld; done: PromiseWithResolvers<void> } | undefined;
  #forwarder: NativeHandle | undefined;
  /** A refused rule costs a grace period: begin with what this kernel has for certain. */
  #isCompatible = !existsSync('/sys/module/nft_queue');

  constructor(options: { readonly paths: Paths; readonly native: Binding }) {
    this.#native = options.native;
    this.#paths = options.paths;
    ({ tableName: this.#tableName, queue: this.#queue } = namesFor(options.paths.runDir));
  }

  async sync(world: NetworkWorld): Promise<void> {
    if (this.#running !== undefined) {
      this.#next ??= { world, done: Promise.withResolvers<void>() };
      this.#next.world = world;
      return this.#next.done.promise;
    }
    this.#running = this.#write(world);
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
      const next = this.#next;
      this.#next = undefined;
      if (next !== undefined) this.sync(next.world).then(next.done.resolve, next.done.reject);
    }
  }

  /** What the kernel holds beside that world's rules; without a world, beside those of the last sync of this process. */
  async stateFor(world: NetworkWorld | undefined): Promise<FirewallState> {
    const known = world ?? this.#world;
    if (known === undefined) return 'intact';
    const foreign = await this.#native.forwardChains();
    return this.#state(firewallTable(known, this.#tableName, this.#passage(foreign)), known, foreign);
  }

  /** Whether a changed table needs an answer: ours, when it is no longer what was written, or a new `policy drop`. */
  async isDisturbedBy(table: string): Promise<boolean> {
    if (this.#world === undefined || this.#running !== undefined) return false;
    const isOurs = table === `inet ${this.#tableName}`;
    if (!isOurs && !/^(ip|ip6|inet) (filter|firewalld)$/.test(table)) return false;
    return (await this.stateFor(undefined)) !== 'intact';
  }

  /** Whether UDP was ever published to that address: only such flows outlive their target, and looking costs 5 ms. */
  hasPacketFlows(address: string): boolean {
    return this.#packetTargets.has(address);
  }

  async #write(world: NetworkWorld): Promise<void> {
    mkdirSync(dirname(this.#paths.firewallLock), { recursive: true, mode: 0o700 });
    const lock = await this.#native.flock(this.#paths.firewallLock, { exclusive: true, nonblocking: false });
    try {
      const foreign = await this.#native.forwardChains();
      const passage = this.#passage(foreign);
      const table = firewallTable(world, this.#tableName, passage);
      this.#world = world;
      for (const { endpoints, ports } of world.containers) {
        if (ports.every(({ protocol }) => protocol === 'tcp')) continue;
        for (const address of endpoints.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])) {
          if (address !== null) this.#packetTargets.add(address);
        }
      }
      if ((await this.#state(table, world, foreign)) !== 'intact') await this.#replace(table, world, passage, foreign);
      this.#forward(passage.kind === 'queue' && table.chains.length > 0);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const isRefused = error instanceof Error && 'code' in error && error.code === 'EPERM';
      throw new ComposeError(isRefused ? 'NO_PERMISSION' : 'KERNEL', `cannot set firewall rules: ${reason}`, {
        cause: error,
      });
    } finally {
      lock?.release();
    }
  }

  async #replace(
    table: NftTable,
    world: NetworkWorld,
    passage: Passage,
    foreign: readonly ForwardChain[],
  ): Promise<void> {
    const guests = guestRules(world, this.#tableName, foreign);
    try {
      await this.#native.replaceTables([table], guests);
    } catch (error) {
      const isUnknown = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (passage.kind !== 'queue' || !isUnknown) throw error;
      // The queue is nftables' own expression or iptables' target; a kernel may have only one of them.
      const other = { ...passage, compatible: !passage.compatible };
      await this.#native.replaceTables([firewallTable(world, this.#tableName, other)], guests);
      this.#isCompatible = other.compatible;
    }
  }

  async #state(table: NftTable, world: NetworkWorld, foreign: readonly ForwardChain[]): Promise<FirewallState> {
    const guests = guestRules(world, this.#tableName, foreign);
    const status = await this.#native.rulesStatus('inet', this.#tableName, guests);
    const written = status.table;
    // The digest is ours, whatever became of the rules since.
    if (written !== null && (table.chains.length === 0 || written.digest !== table.digest)) return 'behind';
    const areWhole = guests.every(({ rules: { length } }, index) => {
      const guest = status.guests[index];
      return guest?.rules === length && guest.last === length;
    });
    if (!areWhole) return 'changed';
    if (written === null) return table.chains.length === 0 ? 'intact' : 'changed';
    const { chains, rules, elements } = countOf(table);
    const isWhole = written.chains === chains && written.rules === rules && written.elements === elements;
    return isWhole ? 'intact' : 'changed';
  }

  #passage(foreign: readonly ForwardChain[]): Passage {
    const isRejected = foreign.some(({ table }) => table === 'firewalld');
    return isRejected ? { kind: 'queue', number: this.#queue, compatible: this.#isCompatible } : { kind: 'accept' };
  }

  #forward(isNeeded: boolean): void {
    if (isNeeded) {
      this.#forwarder ??= this.#native.startForwarder(this.#queue, join(this.#paths.runDir, 'forwarder.lock'));
    } else {
      this.#forwarder?.close();
      this.#forwarder = undefined;
    }
  }
}

/**
 * State directories share the kernel: each has a table and a queue of its own. `tscompose` alone is that of the default
 * one.
 */
export function namesFor(runDir: string): { readonly tableName: string; readonly queue: number } {
  if (runDir === '/run/tscompose') return { tableName: 'tscompose', queue: 29539 };
  const digest = Buffer.from(sha256(runDir), 'hex');
  return { tableName: `tscompose-${digest.toString('hex').slice(0, 8)}`, queue: 0x8000 | digest.readUInt16BE(8) };
}
