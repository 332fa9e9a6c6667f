// Counts visits twice: quickly in Redis, durably in PostgreSQL. No client library, so that there is nothing to install.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One inline command of the Redis protocol, answered by one line. */
function redis(command) {
  return new Promise((resolve, reject) => {
    const socket = connect(6379, process.env.REDIS_HOST, () => socket.write(`${command}\r\n`));
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk;
      if (answer.endsWith('\r\n')) socket.end();
    });
    socket.once('close', () => resolve(answer.trim().replace(/^[:+]/, '')));
    socket.once('error', reject);
  });
}

/** psql reads PGHOST, PGUSER and PGPASSWORD itself. */
async function sql(statement) {
  const { stdout } = await run('psql', ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '-c', statement]);
  return stdout.trim();
}

// Two replicas start together; `if not exists` alone can still race in PostgreSQL's catalog, an advisory lock cannot.
await sql(`begin; select pg_advisory_xact_lock(1);
  create table if not exists visits (at timestamptz default now(), by text); commit`);

const server = createServer(async (request, response) => {
  try {
    if (request.url === '/healthz') return response.end('ok\n');
    const fast = Number(await redis('INCR visits'));
    const durable = Number(
      await sql(`with new as (insert into visits (by) values ('${hostname()}') returning 1)
      select count(*) + 1 from visits`),
    );
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify({ redis: fast, postgres: durable, by: hostname() })}\n`);
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(`${error.message}\n`);
  }
});
server.listen(3000, () => console.log('app listens on port 3000'));
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
