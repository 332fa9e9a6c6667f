import type { Server } from 'node:net';

/**
 * Lets a server listen, in this process whatever started it. `Server.listen` loads node:cluster first to look whether
 * another process is to do it, and with that node:child_process and node:dgram: 2.5 ms, a fortieth of a small `up`.
 * `listening` runs at the server's event of that name; what fails is its event `error`.
 */
export function listen(
  server: Server,
  place: { readonly path: string } | { readonly fd: number },
  listening: () => void,
): void {
  const direct: unknown = Reflect.get(server, '_listen2');
  // Node's own name for what `listen` does in the end; a version without it takes the long way.
  if (typeof direct !== 'function') {
    server.listen(place, listening);
    return;
  }
  server.once('listening', listening);
  const noPort = -1;
  if ('path' in place) direct.call(server, place.path, noPort, noPort);
  else direct.call(server, null, null, null, undefined, place.fd);
}
