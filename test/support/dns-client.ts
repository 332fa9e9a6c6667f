/**
 * A DNS client that tests run inside a network namespace. One request a line on stdin, one JSON answer a line:
 *   udp|tcp NAME TYPE      {"code","data","truncated"}
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { decode, encode, type Packet, type RecordType } from 'dns-packet';
import { FrameReader, frame } from '../../src/network/dns-forward.ts';

const server = '127.0.0.11';
const udp = createSocket('udp4');
await new Promise<void>((resolve) => udp.connect(53, server, resolve));

for await (const line of createInterface({ input: process.stdin })) {
  const [verb = '', name = '', argument = ''] = line.split(' ');
  const answer = await ask(verb, name, argument);
  console.log(JSON.stringify(answer));
}

async function ask(protocol: string, name: string, type: string): Promise<object> {
  const data = await (protocol === 'tcp' ? overTcp : overUdp)(query(name, type));
  const reply = decode(data) as Packet & { rcode?: string; flag_tc?: boolean };
  return {
    code: reply.rcode,
    data: (reply.answers ?? []).map((answer) => ('data' in answer ? answer.data : null)),
    truncated: reply.flag_tc,
  };
}

function query(name: string, type: string): Buffer {
  return encode({ id: 1, type: 'query', flags: 0x100, questions: [{ name, type: type as RecordType }] });
}

function overUdp(question: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    udp.once('message', resolve);
    udp.send(question);
  });
}

function overTcp(question: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(53, server);
    const frames = new FrameReader();
    socket.on('error', reject);
    socket.on('data', (data) => {
      const [message] = frames.push(data);
      if (message === undefined) return;
      socket.destroy();
      resolve(message);
    });
    socket.write(frame(question));
  });
}
