import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';

export interface TestServer extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly domain: string;
}

/** A server on a free port of 127.0.0.1; with TLS when it is given a certificate. */
export async function serve(listener: RequestListener, tls?: TlsOptions): Promise<TestServer> {
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    domain: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
