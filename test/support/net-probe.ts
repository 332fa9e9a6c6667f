/**
 * A program that tests run inside network namespaces.
 *   serve tcp|udp ADDRESS PORT NAME   answers "NAME <peer's address>"; prints "ready"
 *   ask tcp|udp ADDRESS PORT MS       prints the answer, or "error CODE": TIMEOUT when none comes for so long
 */
import { createSocket } from 'node:dgram';
import { connect, createServer, isIPv6 } from 'node:net';

const [verb, protocol, address = '', port = '', last = ''] = process.argv.slice(2);
const family = isIPv6(address) ? 'udp6' : 'udp4';

if (verb === 'serve' && protocol === 'tcp') {
  createServer((socket) => {
    socket.on('error', () => {});
    socket.end(`${last} ${socket.remoteAddress}`);
  }).listen(Number(port), address, () => console.log('ready'));
} else if (verb === 'serve') {
  const socket = createSocket(family);
  socket.on('message', (_, peer) => socket.send(`${last} ${peer.address}`, peer.port, peer.address));
  socket.bind(Number(port), address, () => console.log('ready'));
} else if (verb === 'ask' && protocol === 'tcp') {
  const socket = connect({ host: address, port: Number(port) });
  let answer = '';
  socket.setTimeout(Number(last), () => finish('error TIMEOUT'));
  socket.on('data', (data) => {
    answer += data;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => finish(`error ${error.code}`));
  socket.on('end', () => finish(answer));
} else {
  const socket = createSocket(family);
  setTimeout(() => finish('error TIMEOUT'), Number(last));
  socket.on('message', (data) => finish(String(data)));
  socket.on('error', (error: NodeJS.ErrnoException) => finish(`error ${error.code}`));
  socket.send('?', Number(port), address);
}

function finish(text: string): never {
  console.log(text);
  process.exit(0);
}
