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

/** One bound port; relays what reaches it instead of the kernel's destination NAT. */
interface Listener {
  readonly port: PublishedPort;
  target: Target;
  close(): Promise<void>;
}

/** Holds host ports by binding them; see contract.ts. */
export function openPortHolder(): PortHolder {
  const reservations = new Set<PortReservation>();
  return {
    async reserve(requests) {
      const listeners: Listener[] = [];
      try {
        for (const [index, request] of requests.entries()) listeners.push(...(await bindRequest(request, index)));
      } catch (error) {
        await Promise.all(listeners.map((listener) => listener.close()));
        throw error;
      }
      const reservation: PortReservation = {
        ports: listeners.map((listener) => listener.port),
        forwardTo(target) {
          for (const listener of listeners) listener.target = target;
        },
        async release() {
          reservations.delete(reservation);
          await Promise.all(listeners.map((listener) => listener.close()));
        },
      };
      reservations.add(reservation);
      return reservation;
    },
    async probe(requests) {
      const held = new Set([...reservations].flatMap(({ ports }) => ports.map(nameOf)));
      const errors: ComposeError[] = [];
      for (const [index, request] of requests.entries()) {
        const isCertain = request.hostPort !== 0 && (request.hostPortEnd ?? request.hostPort) === request.hostPort;
        if (!isCertain || held.has(nameOf(request))) continue;
        try {
          const listeners = await bindRequest(request, index);
          await Promise.all(listeners.map((listener) => listener.close()));
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

const nameOf = ({ hostPort, protocol }: PublishedPort | PortRequest) => `${hostPort}/${protocol}`;

/** On one address, or on `0.0.0.0` and `::` with the same port. `index` is its place in `ports`. */
async function bindRequest(request: PortRequest, index: number): Promise<Listener[]> {
  const { hostPort, hostPortEnd = hostPort } = request;
  const addresses = request.hostIp === '' ? ['0.0.0.0', '::'] : [request.hostIp.replace(/^\[(.*)\]$/, '$1')];
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
  const { containerPort, protocol } = request;
  const record = (actual: number): PublishedPort => ({ hostIp: address, hostPort: actual, containerPort, protocol });
  if (protocol === 'tcp') return bindTcp(address, hostPort, record);
  if (protocol === 'udp') return bindUdp(address, hostPort, record);
  // Node has no SCTP sockets: the kernel's destination NAT serves the port, nobody holds it.
  if (hostPort === 0) throw new ComposeError('UNSUPPORTED', `SCTP port ${containerPort} needs a host port`);
  return Promise.resolve({ port: record(hostPort), target: { ipv4: null, ipv6: null }, close: async () => {} });
}

async function bindTcp(address: string, hostPort: number, record: (port: number) => PublishedPort): Promise<Listener> {
  const connections = new Set<Socket>();
  // allowHalfOpen: each side's end of stream is passed on as such.
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    const host = targetFor(listener.target, client.remoteAddress ?? '');
    if (host === null) {
      client.destroy();
      return;
    }
    const upstream = connect({ host, port: listener.port.containerPort, allowHalfOpen: true });
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
    port: record(await listen(server, address, hostPort)),
    target: { ipv4: null, ipv6: null },
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

async function bindUdp(address: string, hostPort: number, record: (port: number) => PublishedPort): Promise<Listener> {
  const peers = new Map<string, UdpSocket>();
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', ipv6Only: isIPv6(address) });
  const bound = await new Promise<number>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port: hostPort, exclusive: true }, () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket.address().port);
    });
  });
  const listener: Listener = {
    port: record(bound),
    target: { ipv4: null, ipv6: null },
    close: () =>
      new Promise((resolve) => {
        for (const upstream of peers.values()) upstream.close();
        peers.clear();
        socket.close(() => resolve());
      }),
  };
  socket.on('message', (message, peer) => {
    const host = targetFor(listener.target, peer.address);
    if (host === null) return;
    const key = `${peer.address} ${peer.port}`;
    let upstream = peers.get(key);
    if (upstream === undefined) {
      if (peers.size >= maxUdpPeers) return;
      upstream = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
      const opened = upstream;
      const forget = () => {
        clearTimeout(timer);
        if (peers.get(key) !== opened) return;
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
      peers.set(key, opened);
    }
    upstream.send(message, listener.port.containerPort, host, () => {});
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
