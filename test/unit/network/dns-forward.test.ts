import assert from 'node:assert/strict';
import { forward } from '../../../src/network/dns-forward.ts';

const question = Buffer.from('123401000001000000000000037777770765786d61706c6503636f6d0000010001', 'hex');

describe('forwarding questions', () => {
  for (const protocol of ['udp', 'tcp'] as const) {
    it(`gives up at once on a server that cannot be reached (${protocol})`, async () => {
      const answer = await forward(question, {
        // The kernel refuses to connect to a broadcast address, as it does to one without a route.
        upstreams: [{ address: '255.255.255.255', port: 53 }],
        protocol,
        timeoutMs: 600_000,
        signal: new AbortController().signal,
      });
      assert.equal(answer, undefined);
    });
  }
});
