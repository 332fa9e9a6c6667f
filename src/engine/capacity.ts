/** Whether this machine can hold what a plan adds: asked before the first container is made, not found out at the last. */
import { readFileSync } from 'node:fs';
import type { Project } from '../model/project.ts';
import { parseCidr, sizeOf } from '../network/allocate.ts';
import type { Plan } from '../plan/plan.ts';
import type { Database } from '../state/database.ts';
import { ComposeError } from '../util/errors.ts';

/** Its monitor, its init and one process. */
const processesEach = 3;
/** BR_MAX_PORTS of the kernel's bridge, the bridge itself not counted. */
const containersOfBridge = 1023;

/** Throws LIMIT when the containers that `plan` creates cannot all be there. */
export function checkCapacity(plan: Plan, project: Project, database: Database): void {
  const removed = new Set(
    plan.nodes.flatMap(({ operation }) => (operation.type === 'removeContainer' ? [operation.containerId] : [])),
  );
  const created = plan.nodes.flatMap(({ operation }) =>
    operation.type === 'createContainer' && operation.service !== null ? [operation.service] : [],
  );
  if (created.length === 0) return;
  checkProcesses(created.length - removed.size);
  const staying = database.containers().filter(({ id }) => !removed.has(id));
  for (const [key, network] of Object.entries(project.networks ?? {})) {
    const wanted = created.filter((name) => project.services[name]?.networks?.[key] !== undefined).length;
    if (wanted === 0) continue;
    const record = database.networkByName(network.name);
    const present = staying.filter(({ endpoints }) =>
      endpoints.some(({ networkId }) => networkId === record?.id),
    ).length;
    const blocks = record?.subnets.map(({ subnet, ipRange }) => ipRange ?? subnet);
    const subnets = blocks ?? (network.ipam.config ?? []).flatMap((wish) => wish.ip_range ?? wish.subnet ?? []);
    for (const subnet of [undefined, ...subnets]) {
      const room = subnet === undefined ? containersOfBridge : addressesOf(subnet);
      if (present + wanted <= room) continue;
      const what = subnet === undefined ? 'a bridge' : subnet;
      throw new ComposeError(
        'LIMIT',
        `network ${network.name}: ${what} holds ${room} containers, and there would be ${present + wanted}`,
        { hint: subnet === undefined ? 'spread them over several networks' : 'give it a larger subnet in ipam.config' },
      );
    }
  }
}

/** Without the network's own address, the gateway and, for IPv4, the broadcast address. */
function addressesOf(subnet: string): number {
  const cidr = parseCidr(subnet);
  const size = sizeOf(cidr) - (cidr.family === 4 ? 3n : 2n);
  return size > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Math.max(0, Number(size));
}

function checkProcesses(count: number): void {
  if (count <= 0) return;
  const [, running = 0] = /\/(\d+)/.exec(readFileSync('/proc/loadavg', 'utf8')) ?? [];
  for (const path of ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max', ...pidsLimits()]) {
    const limit = readNumber(path);
    const used = path.endsWith('pids.max') ? readNumber(path.replace('pids.max', 'pids.current')) : Number(running);
    if (limit === null || used === null || used + count * processesEach <= limit) continue;
    throw new ComposeError(
      'LIMIT',
      `this machine cannot hold ${count} more containers: they need ${count * processesEach} processes, and ${path} allows ${Math.max(0, limit - used)} more`,
      { hint: `ask for fewer, or raise ${path}` },
    );
  }
}

/** The limits of the cgroups that we are in, from our own up. */
function pidsLimits(): string[] {
  const line = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .find((text) => /^\d+:([^:]*,)?pids(,[^:]*)?:/.test(text) || text.startsWith('0::'));
  const path = line?.split(':').slice(2).join(':') ?? '/';
  const base = line?.startsWith('0::') ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';
  const parts = path.split('/').filter(Boolean);
  return Array.from({ length: parts.length + 1 }, (_, index) =>
    [base, ...parts.slice(0, parts.length - index), 'pids.max'].join('/'),
  );
}

/** Null for a file that is not there, and for `max`. */
function readNumber(path: string): number | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^\d+$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}
