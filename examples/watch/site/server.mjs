import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const greeting = 'first';

createServer(async (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://site');
  const name = /^\/(\w+)$/.exec(pathname)?.[1] ?? 'index';
  try {
    const page = await readFile(`pages/${name}.html`, 'utf8');
    response.setHeader('content-type', 'text/html').end(page.replace('{{greeting}}', greeting));
  } catch {
    response.writeHead(404).end('no such page\n');
  }
}).listen(3000);
