import type { PlanNodeData } from '../model/events.ts';
import { describeResource, keyOf } from './progress.ts';

interface Group {
  readonly first: PlanNodeData;
  readonly nodes: PlanNodeData[];
}

const words: Readonly<Record<string, string>> = {
  pullImage: 'pull',
  createNetwork: 'create',
  repairNetwork: 'repair',
  removeNetwork: 'remove',
  createVolume: 'create',
  removeVolume: 'remove',
  createContainer: 'create',
  runPreStart: 'run its pre_start hook',
  startContainer: 'start',
  awaitReplica: 'wait until it is ready',
  shiftTraffic: 'move traffic to it',
  drainContainer: 'let connections of the old one end',
  delayUpdate: 'wait',
  adoptContainer: 'adopt',
  replugContainer: 'reconnect',
  stopContainer: 'stop',
  killContainer: 'kill',
  pauseContainer: 'pause',
  unpauseContainer: 'unpause',
  removeContainer: 'remove',
  repairFirewall: 'repair',
};

/** A plan for people: what happens to each resource, in order, and why. */
export function formatPlanText(
  nodes: readonly PlanNodeData[],
  options: { readonly warnings: readonly string[]; readonly isColored: boolean },
): string {
  const warnings = options.warnings.map((warning) => `warning: ${warning}\n`).join('');
  if (nodes.length === 0) return `${warnings}Nothing to do: everything is as the project says.\n`;
  const groups = groupByResource(nodes.filter(({ operation }) => operation !== 'waitDependency'));
  const width = Math.max(...groups.map(({ first }) => describeResource(first).length));
  const lines = groups.flatMap((group) => describe(group, nodes, width, options.isColored));
  return `${warnings}${lines.join('\n')}\n${summary(groups)}\n`;
}

function groupByResource(nodes: readonly PlanNodeData[]): Group[] {
  const groups = new Map<string, Group>();
  for (const node of nodes) {
    const key = node.group === undefined ? keyOf(node) : `update ${node.group}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: node, nodes: [node] });
    else group.nodes.push(node);
  }
  return [...groups.values()];
}

function describe(group: Group, all: readonly PlanNodeData[], width: number, isColored: boolean): string[] {
  const kind = kindOf(group);
  const operations = group.nodes.map(({ operation }) => words[operation] ?? operation).join(', ');
  const causes = [...new Set(group.nodes.map(({ cause }) => cause))].join('; ');
  const head = `  ${kind.mark} ${describeResource(group.first).padEnd(width)}  ${operations}`;
  const waits = waitsBefore(group, all);
  return [
    isColored ? `\x1b[${kind.color}m${head}\x1b[0m  ${causes}` : `${head}  (${causes})`,
    ...waits.map((wait) => `      after ${wait}`),
    ...group.nodes
      .flatMap(({ changes }) => changes)
      .map(({ path, before, after }) => `      ${path}: ${before ?? '(none)'} → ${after ?? '(none)'}`),
  ];
}

function waitsBefore(group: Group, all: readonly PlanNodeData[]): string[] {
  const after = new Set(group.nodes.flatMap((node) => node.after));
  return all
    .filter(({ id, operation }) => operation === 'waitDependency' && after.has(id))
    .map(({ service, resource, cause }) => `${service ?? resource}: ${cause}`);
}

type Kind = {
  readonly name: 'create' | 'replace' | 'remove' | 'change';
  readonly mark: string;
  readonly color: number;
};

function kindOf({ nodes }: Group): Kind {
  const has = (prefix: string) => nodes.some(({ operation }) => operation.startsWith(prefix));
  if ((has('create') || has('shift')) && has('remove')) return { name: 'replace', mark: '±', color: 33 };
  if (has('create')) return { name: 'create', mark: '+', color: 32 };
  if (has('remove')) return { name: 'remove', mark: '-', color: 31 };
  return { name: 'change', mark: '~', color: 36 };
}

function summary(groups: readonly Group[]): string {
  const counts = { create: 0, replace: 0, remove: 0, change: 0 };
  for (const group of groups) counts[kindOf(group).name]++;
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return `Plan: ${parts.map(([name, count]) => `${count} to ${name}`).join(', ')}.`;
}
