import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PortRequest } from '../../../src/network/contract.ts';
import { openPortHolder } from '../../../src/network/ports.ts';
import { ComposeError } from '../../../src/util/errors.ts';

const request = (more: Partial<PortRequest> = {}): PortRequest => ({
  hostIp: '127.0.0.1',
  hostPort: 0,
  protocol: 'tcp',
  containerPort: 80,
  ...more,
});

describe('host ports', () => {
  const holder = openPortHolder();
  after(() => holder.close());

  it('an ephemeral port is chosen, the same for both families', async () => {
    const { ports, release } = await holder.reserve([request({ hostIp: '' })]);
    assert.deepEqual(
      ports.map(({ hostIp }) => hostIp),
      ['0.0.0.0', '::'],
    );
    assert.ok((ports[0]?.hostPort ?? 0) > 0);
    assert.equal(ports[0]?.hostPort, ports[1]?.hostPort);
    await release();
  });

  it('a taken port is an error that names port and holder, and nothing stays reserved', async () => {
    const first = await holder.reserve([request()]);
    const hostPort = first.ports[0]?.hostPort as number;
    const free = await holder.reserve([request()]);
    await free.release();
    const wanted = free.ports[0]?.hostPort as number;
    const attempt = holder.reserve([request({ hostPort: wanted }), request({ hostPort })]);
    await assert.rejects(attempt, (error: unknown) => {
      assert.ok(error instanceof ComposeError);
      assert.equal(error.code, 'PORT_TAKEN');
      assert.match(
        error.message,
        new RegExp(`127.0.0.1:${hostPort}/tcp is already in use by .*\\(pid ${process.pid}\\)`),
      );
      return true;
    });
    await (await holder.reserve([request({ hostPort: wanted })])).release();
    await first.release();
  });

  for (const protocol of ['tcp', 'udp'] as const) {
    it(`a port that cannot be bound leaves no descriptor (${protocol})`, async () => {
      const first = await holder.reserve([request({ protocol })]);
      const descriptors = () => readdirSync('/proc/self/fd').length;
      const before = descriptors();
      for (let attempt = 0; attempt < 5; attempt++) {
        await assert.rejects(holder.reserve([request({ protocol, hostPort: first.ports[0]?.hostPort as number })]), {
          code: 'PORT_TAKEN',
        });
      }
      await nextTurn();
      assert.equal(descriptors(), before);
      await first.release();
    });
  }

  it('the first free port of a range is taken', async () => {
    const first = await holder.reserve([request()]);
    const hostPort = first.ports[0]?.hostPort as number;
    const second = await holder.reserve([request({ hostPort, hostPortEnd: hostPort + 20 })]);
    assert.ok((second.ports[0]?.hostPort as number) > hostPort);
    await Promise.all([first.release(), second.release()]);
  });

  it('an address that this machine lacks is refused', async () => {
    await assert.rejects(holder.reserve([request({ hostIp: '203.0.113.7', hostPort: 12345 })]), /no such address/);
  });

  it('connections that reach the listener are relayed, both ways to their ends', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let text = '';
      socket.on('data', (data) => {
        text += data;
      });
      socket.on('end', () => socket.end(`got ${text}`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const containerPort = (server.address() as AddressInfo).port;
    const reservation = await holder.reserve([request({ hostIp: '::1', containerPort })]);
    reservation.forwardTo({ ipv4: '127.0.0.1', ipv6: null });
    const client = connect({ host: '::1', port: reservation.ports[0]?.hostPort as number });
    client.end('hello');
    let answer = '';
    for await (const data of client) answer += data;
    assert.equal(answer, 'got hello');
    await reservation.release();
    await new Promise((resolve) => server.close(resolve));
  });

  it('packets that reach the listener are relayed', async () => {
    const server = createSocket('udp4');
    server.on('message', (message, peer) => server.send(`got ${message}`, peer.port, peer.address));
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    const reservation = await holder.reserve([request({ protocol: 'udp', containerPort: server.address().port })]);
    reservation.forwardTo({ ipv4: '127.0.0.1', ipv6: null });
    const client = createSocket('udp4');
    const answer = new Promise((resolve) => client.once('message', (message) => resolve(String(message))));
    client.send('hello', reservation.ports[0]?.hostPort as number, '127.0.0.1');
    assert.equal(await answer, 'got hello');
    client.close();
    server.close();
    await reservation.release();
  });
});
