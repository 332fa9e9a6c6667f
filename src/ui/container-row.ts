import { type ContainerState, exitCodeOf } from '../model/container-state.ts';
import type { ContainerRecord, PublishedPort } from '../model/records.ts';
import { formatAge } from './age.ts';

export interface Publisher {
  readonly URL: string;
  readonly TargetPort: number;
  readonly PublishedPort: number;
  readonly Protocol: string;
}

/** One container as `ps --format json` has it, with Docker's keys. */
export type ContainerRow = Readonly<{
  Command: string;
  CreatedAt: string;
  ExitCode: number;
  Health: string;
  ID: string;
  Image: string;
  Labels: string;
  LocalVolumes: string;
  Mounts: string;
  Name: string;
  Names: string;
  Networks: string;
  Ports: string;
  Project: string;
  Publishers: readonly Publisher[] | null;
  RunningFor: string;
  Service: string;
  Size: string;
  State: string;
  Status: string;
}>;

export interface RowOptions {
  readonly now: Date;
  readonly truncate: boolean;
  /** Names on this machine by network id. */
  readonly networkNames: ReadonlyMap<string, string>;
}

export function containerRow(record: ContainerRecord, state: ContainerState, options: RowOptions): ContainerRow {
  const { now, truncate } = options;
  // One that has ended keeps its numbers for its next start, and nobody listens there.
  const ports = state.status === 'running' || state.status === 'paused' ? record.ports : [];
  const publishers = publishersOf(ports);
  const command = commandText(record.command);
  return {
    Command: JSON.stringify(truncate ? shorten(command, 20) : command),
    CreatedAt: `${record.createdAt.slice(0, 10)} ${record.createdAt.slice(11, 19)} +0000 UTC`,
    ExitCode: exitCodeOf(state),
    Health: state.health?.status ?? '',
    ID: truncate ? record.id.slice(0, 12) : record.id,
    Image: record.imageReference,
    Labels: Object.entries(record.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    LocalVolumes: String(record.volumes.length),
    Mounts: record.volumes.map((name) => (truncate ? shorten(name, 15) : name)).join(','),
    Name: record.name,
    Names: record.name,
    Networks: record.endpoints
      .flatMap(({ networkId }) => options.networkNames.get(networkId) ?? [])
      .sort()
      .join(','),
    Ports: portsText(ports),
    Project: record.project,
    Publishers: publishers.length === 0 ? null : publishers,
    RunningFor: `${formatAge(now.getTime() - Date.parse(record.createdAt))} ago`,
    Service: record.service,
    Size: '0B',
    State: state.status,
    Status: statusText(state, now),
  };
}

/** `Up 2 minutes (healthy)`, `Exited (3) 5 seconds ago`, as Docker words it. */
export function statusText(state: ContainerState, now: Date): string {
  const since = (time: string | null) => formatAge(Math.max(0, now.getTime() - Date.parse(time ?? now.toISOString())));
  const exitCode = exitCodeOf(state);
  switch (state.status) {
    case 'created':
      return 'Created';
    case 'exited':
      return `Exited (${exitCode}) ${since(state.finishedAt)} ago${state.oomKilled ? ' (out of memory)' : ''}`;
    case 'restarting':
      return `Restarting (${exitCode}) ${since(state.finishedAt)} ago`;
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'running':
      return `Up ${since(state.startedAt)}${healthText(state)}`;
  }
}

function healthText({ health }: ContainerState): string {
  if (health === null) return '';
  return health.status === 'starting' ? ' (health: starting)' : ` (${health.status})`;
}

/** Arguments in one line, those with blanks in quotes. */
function commandText(command: readonly string[]): string {
  return command.map((word) => (/\s/.test(word) ? `'${word}'` : word)).join(' ');
}

function shorten(text: string, width: number): string {
  const letters = [...text];
  return letters.length > width ? `${letters.slice(0, width - 1).join('')}…` : text;
}

function publishersOf(ports: readonly PublishedPort[]): Publisher[] {
  return [...ports].sort(byPort).map(({ hostIp, hostPort, containerPort, protocol }) => ({
    URL: hostIp,
    TargetPort: containerPort,
    PublishedPort: hostPort,
    Protocol: protocol,
  }));
}

function byPort(a: PublishedPort, b: PublishedPort): number {
  if (a.containerPort !== b.containerPort) return a.containerPort - b.containerPort;
  if (a.protocol !== b.protocol) return a.protocol < b.protocol ? -1 : 1;
  if (a.hostIp !== b.hostIp) return a.hostIp < b.hostIp ? -1 : 1;
  return a.hostPort - b.hostPort;
}

/** `0.0.0.0:8080->80/tcp, :::8080->80/tcp`; neighbouring ports as one range. */
export function portsText(ports: readonly PublishedPort[]): string {
  return publishedRanges(ports)
    .map(({ host, container }) => `${host}->${container}`)
    .join(', ');
}

/** `0.0.0.0:8080-8082` and `80-82/tcp`: neighbours together. */
export function publishedRanges(
  ports: readonly PublishedPort[],
): readonly { readonly host: string; readonly container: string }[] {
  const ranges: { first: PublishedPort; count: number }[] = [];
  const sorted = [...ports].sort((a, b) => (a.hostIp !== b.hostIp ? (a.hostIp < b.hostIp ? -1 : 1) : byPort(a, b)));
  for (const port of sorted) {
    const open = ranges.at(-1);
    if (open !== undefined && continues(open.first, open.count, port)) open.count++;
    else ranges.push({ first: port, count: 1 });
  }
  return ranges
    .sort((a, b) => byPort(a.first, b.first))
    .map(({ first: { hostIp, hostPort, containerPort, protocol }, count }) => ({
      host: `${hostIp}:${range(hostPort, count)}`,
      container: `${range(containerPort, count)}/${protocol}`,
    }));
}

function continues(first: PublishedPort, count: number, port: PublishedPort): boolean {
  return (
    port.hostIp === first.hostIp &&
    port.protocol === first.protocol &&
    port.containerPort === first.containerPort + count &&
    port.hostPort === first.hostPort + count
  );
}

function range(first: number, count: number): string {
  return count === 1 ? String(first) : `${first}-${first + count - 1}`;
}
