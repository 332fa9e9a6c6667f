import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { PublishedPort } from '../model/records.ts';
import { ComposeError } from '../util/errors.ts';
import type { PortHolder, PortRequest, PortReservation } from './contract.ts';

/** How long an UDP exchange through the proxy is remembered after its last packet. */
const udpIdleMs = 60_000;
const maxUdpPeers = 1024;

interface Target {
  readonly ipv4: string | null;
  readonly ipv6: string | null;
}

/** Where one of those who share a port wants its connections. */
interface Route {
  readonly containerPort: number;
  target: Target | null;
}

/** One bound port; relays what reaches it instead of the kernel's destination NAT. */
interface Listener {
  readonly port: PublishedPort;
  readonly group: string | undefined;
  /** In turn: who was chosen last is at the end. */
  readonly routes: Route[];
  close(): Promise<void>;
}

interface Place {
  readonly listener: Listener;
  readonly route: Route;
}

/** Holds host ports by binding them; see contract.ts. */
export function openPortHolder(): PortHolder {
  const reservations = new Set<PortReservation>();
  const listeners = new Set<Listener>();
  const leave = async ({ listener, route }: Place): Promise<void> => {
    listener.routes.splice(listener.routes.indexOf(route), 1);
    if (listener.routes.length > 0) return;
    listeners.delete(listener);
    await listener.close();
  };
  // Those of one group one after the other: the second shares what the first has bound.
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = async <T>(group: string | undefined, action: () => Promise<T>): Promise<T> => {
    if (group === undefined) return await action();
    const turn = (turns.get(group) ?? Promise.resolve()).then(action);
    const settled = turn.catch(() => {});
    turns.set(group, settled);
    try {
      return await turn;
    } finally {
      if (turns.get(group) === settled) turns.delete(group);
    }
  };
  const reserve = async (requests: readonly PortRequest[]): Promise<PortReservation> => {
    const places: Place[] = [];
    try {
      for (const [index, request] of requests.entries()) {
        const shared = sharedListeners(listeners, request);
        for (const listener of shared ?? (await bindRequest(request, index))) {
          const route: Route = { containerPort: request.containerPort, target: null };
          listener.routes.push(route);
          listeners.add(listener);
          places.push({ listener, route });
        }
      }
    } catch (error) {
      await Promise.all(places.map(leave));
      throw error;
    }
    const reservation: PortReservation = {
      ports: places.map(({ listener, route }) => ({ ...listener.port, containerPort: route.containerPort })),
      forwardTo(target) {
        for (const { route } of places) route.target = target;
      },
      async release() {
        if (reservations.delete(reservation)) await Promise.all(places.map(leave));
      },
    };
    reservations.add(reservation);
    return reservation;
  };
  return {
    reserve: (requests) => inTurn(requests.find(({ group }) => group !== undefined)?.group, () => reserve(requests)),
    async probe(requests) {
      const held = new Set([...reservations].flatMap(({ ports }) => ports.map(nameOf)));
      const errors: ComposeError[] = [];
      for (const [index, request] of requests.entries()) {
        if (!isCertain(request) || held.has(nameOf(request))) continue;
        try {
          const bound = await bindRequest(request, index);
          await Promise.all(bound.map((listener) => listener.close()));
        } catch (error) {
          if (!(error instanceof ComposeError)) throw error;
          errors.push(error);
        }
      }
      return errors;
    },
    async close() {
      await Promise.all([...reservations].map((reservation) => reservation.release()));
    },
  };
}

const isCertain = ({ hostPort, hostPortEnd = hostPort }: PortRequest) => hostPort !== 0 && hostPortEnd === hostPort;

/** What those of its group hold of a certain port; undefined when nobody does. */
function sharedListeners(listeners: ReadonlySet<Listener>, request: PortRequest): readonly Listener[] | undefined {
  if (request.group === undefined || !isCertain(request)) return undefined;
  const addresses = addressesOf(request);
  const shared = [...listeners].filter(
    ({ group, port }) => group === request.group && nameOf(port) === nameOf(request) && addresses.includes(port.hostIp),
  );
  return shared.length === 0 ? undefined : shared;
}

function addressesOf({ hostIp }: PortRequest): string[] {
  return hostIp === '' ? ['0.0.0.0', '::'] : [hostIp.replace(/^\[(.*)\]$/, '$1')];
}

/** The next in turn of those who want connections. */
function nextRoute({ routes }: Listener): (Route & { readonly target: Target }) | null {
  const index = routes.findIndex(({ target }) => target !== null);
  const [route] = index < 0 ? [] : routes.splice(index, 1);
  if (route === undefined) return null;
  routes.push(route);
  return route as Route & { readonly target: Target };
}

const nameOf = ({ hostPort, protocol }: PublishedPort | PortRequest) => `${hostPort}/${protocol}`;

/** On one address, or on `0.0.0.0` and `::` with the same port. `index` is its place in `ports`. */
async function bindRequest(request: PortRequest, index: number): Promise<Listener[]> {
  const { hostPort, hostPortEnd = hostPort } = request;
  const addresses = addressesOf(request);
  let taken: unknown;
  // A port that is free on one address may be taken on the other; an ephemeral one is then chosen anew.
  const candidates =
    hostPort === 0 ? Array.from({ length: 32 }, () => 0) : range(hostPort, Math.max(hostPort, hostPortEnd));
  for (const candidate of candidates) {
    const bound: Listener[] = [];
    try {
      for (const address of addresses) {
        bound.push(await bind(request, address, bound[0]?.port.hostPort ?? candidate));
      }
      return bound;
    } catch (error) {
      // A machine without IPv6 publishes on IPv4 only.
      if (bound.length > 0 && isError(error, 'EAFNOSUPPORT', 'EADDRNOTAVAIL')) return bound;
      await Promise.all(bound.map((listener) => listener.close()));
      if (!isError(error, 'EADDRINUSE')) throw portError(request, index, error);
      taken = error;
    }
  }
  throw portError(request, index, taken);
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

function bind(request: PortRequest, address: string, hostPort: number): Promise<Listener> {
  const { containerPort, protocol, group } = request;
  const base = (actual: number): Omit<Listener, 'close'> => ({
    port: { hostIp: address, hostPort: actual, containerPort, protocol },
    group,
    routes: [],
  });
  if (protocol === 'tcp') return bindTcp(address, hostPort, base);
  if (protocol === 'udp') return bindUdp(address, hostPort, base);
  // Node has no SCTP sockets: the kernel's destination NAT serves the port, nobody holds it.
  if (hostPort === 0) throw new ComposeError('UNSUPPORTED', `SCTP port ${containerPort} needs a host port`);
  return Promise.resolve({ ...base(hostPort), close: async () => {} });
}

type ListenerBase = (port: number) => Omit<Listener, 'close'>;

async function bindTcp(address: string, hostPort: number, base: ListenerBase): Promise<Listener> {
  const connections = new Set<Socket>();
  // allowHalfOpen: each side's end of stream is passed on as such.
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    const route = nextRoute(listener);
    const host = route === null ? null : targetFor(route.target, client.remoteAddress ?? '');
    if (route === null || host === null) {
      client.destroy();
      return;
    }
    const upstream = connect({ host, port: route.containerPort, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      connections.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => connections.delete(socket));
    }
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroySoon());
    client.pipe(upstream).pipe(client);
  });
  const listener: Listener = {
    ...base(await listen(server, address, hostPort)),
    close: () =>
      new Promise((resolve) => {
        for (const socket of connections) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return listener;
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, ipv6Only: isIPv6(address), exclusive: true }, () => {
      server.off('error', reject);
      server.on('error', () => {});
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

async function bindUdp(address: string, hostPort: number, base: ListenerBase): Promise<Listener> {
  const peers = new Map<string, { readonly upstream: UdpSocket; readonly route: Route; readonly host: string }>();
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', ipv6Only: isIPv6(address) });
  const bound = await new Promise<number>((resolve, reject) => {
    socket.once('error', (error) => {
      // A datagram socket keeps its descriptor when it could not be bound; that of a server is closed by then.
      socket.close();
      reject(error);
    });
    socket.bind({ address, port: hostPort, exclusive: true }, () => {
      socket.removeAllListeners('error').on('error', () => {});
      resolve(socket.address().port);
    });
  });
  const listener: Listener = {
    ...base(bound),
    close: () =>
      new Promise((resolve) => {
        for (const { upstream } of peers.values()) upstream.close();
        peers.clear();
        socket.close(() => resolve());
      }),
  };
  socket.on('message', (message, peer) => {
    const key = `${peer.address} ${peer.port}`;
    let exchange = peers.get(key);
    if (exchange === undefined) {
      const route = nextRoute(listener);
      const host = route === null ? null : targetFor(route.target, peer.address);
      if (route === null || host === null || peers.size >= maxUdpPeers) return;
      const opened = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
      exchange = { upstream: opened, route, host };
      const forget = () => {
        clearTimeout(timer);
        if (peers.get(key)?.upstream !== opened) return;
        peers.delete(key);
        opened.close();
      };
      const timer = setTimeout(forget, udpIdleMs).unref();
      opened.on('close', () => clearTimeout(timer));
      opened.on('error', forget);
      opened.on('message', (answer) => {
        timer.refresh();
        socket.send(answer, peer.port, peer.address, () => {});
      });
      peers.set(key, exchange);
    }
    exchange.upstream.send(message, exchange.route.containerPort, exchange.host, () => {});
  });
  return listener;
}

/** The container's address of the asker's family if it has one, else the other. */
function targetFor(target: Target, peer: string): string | null {
  const wantsIpv6 = isIPv6(peer) && !peer.startsWith('::ffff:');
  return wantsIpv6 ? (target.ipv6 ?? target.ipv4) : (target.ipv4 ?? target.ipv6);
}

function isError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function portError(request: PortRequest, index: number, error: unknown): Error {
  const attribute = ['ports', index];
  const { hostIp, hostPort, hostPortEnd, protocol } = request;
  const ports = hostPortEnd === undefined || hostPortEnd === hostPort ? `${hostPort}` : `${hostPort}-${hostPortEnd}`;
  const name = `${hostIp === '' ? '' : `${hostIp}:`}${ports}/${protocol}`;
  if (error instanceof ComposeError) return error;
  if (isError(error, 'EADDRINUSE')) {
    const holder = holderOf(hostPort, protocol);
    return new ComposeError(
      'PORT_TAKEN',
      `host port ${name} is already in use${holder === null ? '' : ` by ${holder}`}`,
      { attribute, hint: 'stop what uses it, or publish another host port', cause: error },
    );
  }
  if (isError(error, 'EACCES', 'EPERM')) {
    return new ComposeError('NO_PERMISSION', `not allowed to bind host port ${name}`, {
      attribute,
      hint: 'ports below net.ipv4.ip_unprivileged_port_start need root',
      cause: error,
    });
  }
  if (isError(error, 'EADDRNOTAVAIL', 'EINVAL', 'ENOTFOUND')) {
    return new ComposeError('INVALID', `cannot bind host port ${name}: this machine has no such address`, {
      attribute,
      cause: error,
    });
  }
  return error instanceof Error ? error : new Error(`cannot bind host port ${name}`, { cause: error });
}

/** `nginx (pid 123)`, from /proc; null when it does not tell (another user's process, another namespace). */
function holderOf(port: number, protocol: string): string | null {
  try {
    const inodes = new Set([protocol, `${protocol}6`].flatMap((table) => socketInodes(table, port)));
    if (inodes.size === 0) return null;
    for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      if (!descriptors(pid).some((link) => inodes.has(link))) continue;
      return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`;
    }
  } catch {
    // Only an addition to the message.
  }
  return null;
}

function socketInodes(table: string, port: number): string[] {
  const isListening = (state: string | undefined) => !table.startsWith('tcp') || state === '0A';
  return readFileSync(`/proc/net/${table}`, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => Number.parseInt(local?.split(':')[1] ?? '', 16) === port && isListening(state))
    .map((fields) => `socket:[${fields[9]}]`);
}

function descriptors(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    });
  } catch {
    return [];
  }
}
