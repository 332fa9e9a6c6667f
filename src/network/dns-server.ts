import { createSocket, type Socket } from 'node:dgram';
import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Answer, type DecodedPacket, decode, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet';
import type { Binding } from '../native/binding.ts';
import { listen } from '../util/listen.ts';
import { answerTtlSeconds, type DnsServer, type KeptSockets, type NetworkWorld } from './contract.ts';
import { FrameReader, forward, frame, parseUpstream } from './dns-forward.ts';
import { indexNames, type NameIndex } from './dns-names.ts';
import { hostResolver } from './resolv-conf.ts';

/** Short: after a `scale` or a restart nobody should go on asking the wrong address. */
const ttlSeconds = answerTtlSeconds;
const forwardTimeoutMs = 2000;
const tcpIdleMs = 10_000;
/** How long a question waits for its container to become known: it may ask before its start has been told. */
const unknownAskerMs = 1000;
/** Questions that wait for other servers; more are refused, so that a flood costs bounded memory. */
const maxForwarded = 1024;

const authoritative = 1 << 10;
const recursionAvailable = 1 << 7;
const recursionDesired = 1 << 8;
const formatError = 1;
const serverFailure = 2;

interface Attached {
  readonly namespace: number;
  readonly listening: Promise<{ readonly udp: Socket; readonly tcp: Server }>;
}

/** DNS at 127.0.0.11 inside the attached namespaces; see contract.ts. */
export function openDnsServer(options: { readonly native: Binding }): DnsServer {
  const attached = new Map<string, Promise<Attached>>();
  const opened = new Map<string, KeptSockets>();
  const closing = new AbortController();
  const world = new Answers(closing.signal);

  const open = async (containerId: string, netnsPath: string, kept: KeptSockets | undefined): Promise<Attached> => {
    const namespace = statSync(netnsPath).ino;
    const sockets = await options.native.openDnsSockets(netnsPath, kept ?? null);
    opened.set(containerId, { pid: process.pid, ...sockets });
    // From now on questions are kept; they are read when there is nothing more urgent, such as the container's start.
    const listening = nextTurn().then(() => listenAt(containerId, sockets));
    listening.catch((error: unknown) => {
      console.error(`cannot answer names in container ${containerId}:`, error);
    });
    return { namespace, listening };
  };

  const listenAt = async (containerId: string, sockets: { readonly udp: number; readonly tcp: number }) => {
    const failed = (message: Buffer, error: unknown) => {
      console.error('cannot read the names:', error);
      return errorReply(message, serverFailure);
    };
    const answer = (message: Buffer, protocol: 'udp' | 'tcp') => {
      try {
        const reply = world.answer(containerId, message, protocol);
        return reply instanceof Promise ? reply.catch((error: unknown) => failed(message, error)) : reply;
      } catch (error) {
        return failed(message, error);
      }
    };
    const udp = createSocket('udp4');
    udp.on('error', () => {});
    udp.on('message', (message, peer) => {
      const reply = answer(message, 'udp');
      const send = (data: Buffer | undefined) => {
        // A closed socket or a peer that is gone: nobody waits for it.
        if (data !== undefined && !closing.signal.aborted) udp.send(data, peer.port, peer.address, () => {});
      };
      if (reply instanceof Promise) void reply.then(send);
      else send(reply);
    });
    await new Promise<void>((resolve) => udp.bind({ fd: sockets.udp, exclusive: true }, resolve));
    const tcp = createServer((socket) => {
      const frames = new FrameReader();
      socket.setTimeout(tcpIdleMs, () => socket.destroy());
      socket.on('error', () => socket.destroy());
      socket.on('data', async (data) => {
        for (const message of frames.push(data)) {
          const reply = await answer(message, 'tcp');
          if (reply !== undefined && socket.writable) socket.write(frame(reply));
        }
      });
    });
    tcp.on('error', () => {});
    await new Promise<void>((resolve) => listen(tcp, { fd: sockets.tcp }, resolve));
    return { udp, tcp };
  };

  const shut = (entry: Promise<Attached> | undefined) =>
    entry
      ?.then(({ listening }) => listening)
      .then(
        ({ udp, tcp }) => {
          udp.close();
          tcp.close();
        },
        () => {},
      );

  return {
    async attach(containerId, netnsPath, kept) {
      const former = attached.get(containerId);
      if (former !== undefined) {
        const entry = await former.catch(() => undefined);
        if (entry?.namespace === statSync(netnsPath, { throwIfNoEntry: false })?.ino) return;
        shut(former);
        opened.delete(containerId);
      }
      const entry = open(containerId, netnsPath, kept);
      attached.set(containerId, entry);
      try {
        await entry;
      } catch (error) {
        attached.delete(containerId);
        throw error;
      }
    },
    detach(containerId) {
      shut(attached.get(containerId));
      attached.delete(containerId);
      opened.delete(containerId);
    },
    sockets: (containerId) => opened.get(containerId),
    changed: (read) => world.changed(read),
    async close() {
      closing.abort();
      await Promise.all([...attached.values()].map(shut));
      attached.clear();
      opened.clear();
    },
  };
}

interface Known {
  readonly names: NameIndex;
  /** The servers that a container's file asks for. */
  readonly servers: ReadonlyMap<string, readonly string[]>;
}

/** Questions → answers, for the world as it is when one comes. */
class Answers {
  readonly #signal: AbortSignal;
  #known: Known = { names: indexNames({ networks: [], containers: [] }), servers: new Map() };
  /** How to read the world, when it has changed since the last question: most changes nobody asks about. */
  #read: (() => NetworkWorld) | null = null;
  #forwarded = 0;
  /** Resolved at the next change. */
  #nextChange = Promise.withResolvers<void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  changed(read: () => NetworkWorld): void {
    this.#read = read;
    this.#nextChange.resolve();
    this.#nextChange = Promise.withResolvers();
  }

  get #world(): Known {
    if (this.#read !== null) {
      const world = this.#read();
      const servers = new Map(world.containers.map((container) => [container.id, container.dns.servers]));
      this.#known = { names: indexNames(world), servers };
      this.#read = null;
    }
    return this.#known;
  }

  /** The reply; undefined for what deserves none. At once for names of ours, later for those of others. */
  answer(
    containerId: string,
    message: Buffer,
    protocol: 'udp' | 'tcp',
  ): Buffer | undefined | Promise<Buffer | undefined> {
    if (message.length < 12 || (message.readUInt8(2) & 0x80) !== 0) return undefined;
    let query: DecodedPacket;
    try {
      query = decode(message);
    } catch {
      return errorReply(message, formatError);
    }
    const [question, ...others] = query.questions ?? [];
    if (question === undefined || others.length > 0) return errorReply(message, formatError);
    const reply = () => {
      const answers = this.#own(containerId, question.name, question.type);
      if (answers !== undefined) return this.#reply(query, answers, protocol);
      return this.#forward(containerId, message, protocol);
    };
    return this.#world.names.has(containerId) ? reply() : this.#untilKnown(containerId).then(reply);
  }

  async #untilKnown(containerId: string): Promise<void> {
    const timeout = AbortSignal.any([AbortSignal.timeout(unknownAskerMs), this.#signal]);
    const gaveUp = new Promise<void>((resolve) => timeout.addEventListener('abort', () => resolve()));
    while (!this.#world.names.has(containerId) && !timeout.aborted) {
      await Promise.race([this.#nextChange.promise, gaveUp]);
    }
  }

  /** Records for a name of ours, perhaps none; undefined for the names of others. */
  #own(containerId: string, name: string, type: string): Answer[] | undefined {
    const label = name.replace(/\.$/, '');
    if (type === 'PTR') {
      const found = this.#world.names.reverse(containerId, label);
      return found === undefined ? undefined : [{ type: 'PTR', name, ttl: ttlSeconds, data: found }];
    }
    const addresses = this.#world.names.resolve(containerId, label, type === 'AAAA' ? 6 : 4);
    if (addresses === undefined) return undefined;
    if (type !== 'A' && type !== 'AAAA') return [];
    return addresses.map((data) => ({ type, name, ttl: ttlSeconds, data }) as Answer);
  }

  #reply(query: DecodedPacket, answers: Answer[], protocol: 'udp' | 'tcp'): Buffer {
    const edns = query.additionals?.find((record) => record.type === 'OPT');
    const reply: Packet = {
      id: query.id ?? 0,
      type: 'response',
      flags: authoritative | recursionAvailable | ((query.flags ?? 0) & recursionDesired),
      questions: query.questions ?? [],
      answers,
    };
    if (edns !== undefined) {
      reply.additionals = [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 1232,
          flags: 0,
          extendedRcode: 0,
          ednsVersion: 0,
          flag_do: false,
          options: [],
        },
      ];
    }
    const limit = protocol === 'tcp' ? 65_535 : Math.max(512, edns?.type === 'OPT' ? edns.udpPayloadSize : 512);
    let data = encode(reply);
    while (data.length > limit) {
      // What fits, marked as incomplete: the asker comes again over TCP, or is content.
      answers.splice(Math.floor((answers.length * limit) / data.length) - 1);
      reply.flags = (reply.flags ?? 0) | TRUNCATED_RESPONSE;
      data = encode(reply);
    }
    return data;
  }

  async #forward(containerId: string, message: Buffer, protocol: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    const own = this.#world.servers.get(containerId) ?? [];
    const servers = own.length > 0 ? own : hostResolver().nameservers;
    if (this.#forwarded >= maxForwarded) return errorReply(message, serverFailure);
    this.#forwarded++;
    try {
      const answer = await forward(message, {
        upstreams: servers.map(parseUpstream),
        protocol,
        timeoutMs: forwardTimeoutMs,
        signal: this.#signal,
      });
      return answer ?? errorReply(message, serverFailure);
    } finally {
      this.#forwarded--;
    }
  }
}

/** The question back, with that code. */
function errorReply(message: Buffer, code: number): Buffer {
  const reply = Buffer.from(message);
  reply.writeUInt8((message.readUInt8(2) & 0x79) | 0x80, 2);
  reply.writeUInt8(0x80 | code, 3);
  return reply;
}
