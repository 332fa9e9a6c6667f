// What the shop's two HTTP services share: routing by a table, /healthz, and an end on SIGTERM.
import { createServer } from 'node:http';

/** Routes are `'GET /items'` → (rest of the path) → value, sent as JSON; undefined is a 404. */
export function serve(name, routes) {
  const server = createServer(async (request, response) => {
    const [, first = '', rest = ''] = new URL(request.url, 'http://localhost').pathname.split('/');
    const send = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify(body)}\n`);
    };
    if (first === 'healthz') return send(200, { service: name, ok: true });
    try {
      const body = await routes[`${request.method} /${first}`]?.(decodeURIComponent(rest));
      if (body === undefined) send(404, { error: `no ${request.method} ${request.url}` });
      else send(200, body);
    } catch (error) {
      console.error(error);
      send(502, { error: error.message });
    }
  });
  server.listen(3000, () => console.log(`${name} listens on port 3000`));
  process.on('SIGTERM', () => {
    console.log(`${name} leaves`);
    server.close();
    server.closeAllConnections();
  });
}
