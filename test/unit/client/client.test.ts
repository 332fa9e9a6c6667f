import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SupervisorClient } from '../../../src/client/client.ts';
import { parseJsonLines } from '../../../src/client/ndjson.ts';
import { defaultSettings } from '../../../src/model/settings.ts';
import { type ProjectPaths, pathsUnder } from '../../../src/state/paths.ts';
import { eventually } from '../../support/eventually.ts';

let root = '';
let paths: ProjectPaths;
let server: Server | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tscompose-client-'));
  paths = pathsUnder(join(root, 'lib'), join(root, 'run')).project('shop');
  mkdirSync(paths.runDir, { recursive: true });
});
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  server = undefined;
  rmSync(root, { recursive: true });
});

const request = {
  project: null,
  origin: { workingDirectory: '/', configFiles: [], environmentFiles: [] },
  variables: {},
  settings: defaultSettings('stop'),
  expectedPlanHash: null,
};

async function serve(answer: (response: ServerResponse, url: string) => void): Promise<void> {
  server = createServer((incoming, response) => {
    incoming.resume();
    incoming.once('end', () =>
      incoming.url === '/v1/info' ? response.end('{}') : answer(response, incoming.url ?? ''),
    );
  });
  await new Promise<void>((resolve) => server?.listen(paths.socket, resolve));
}

async function typesOf(client: SupervisorClient, signal?: AbortSignal): Promise<string[]> {
  const types: string[] = [];
  for await (const event of client.apply(request, { signal })) types.push(event.type);
  return types;
}

/** A script in the supervisor's place, which says `line` on descriptor 3. */
function script(body: string) {
  const file = join(root, 'supervisor.mjs');
  writeFileSync(file, `import { writeSync, closeSync } from 'node:fs';\n${body}`);
  return { executable: process.execPath, arguments: [file] };
}

describe('lines of JSON', () => {
  it('are cut anywhere, also within a letter', async () => {
    const bytes = Buffer.from('{"a":"é"}\n\n{"b":2}\n{"c":');
    async function* pieces() {
      for (const byte of bytes) yield Uint8Array.of(byte);
    }
    const values: unknown[] = [];
    for await (const value of parseJsonLines(pieces())) values.push(value);
    assert.deepEqual(values, [{ a: 'é' }, { b: 2 }]);
  });
});

describe('the client', () => {
  it('gives the events of a change', async () => {
    await serve((response) => response.end('{"type":"plan","hash":"h","nodes":[]}\n{"type":"done"}\n'));
    using client = new SupervisorClient(paths, null);
    assert.deepEqual(await typesOf(client), ['plan', 'done']);
  });

  it('throws the error that the supervisor reports, with the log of who is to blame', async () => {
    const error = { code: 'PORT_TAKEN', message: 'port 80 is taken', hint: 'free it', exitCode: null, log: ['x'] };
    await serve((response) => response.end(`${JSON.stringify({ type: 'error', error })}\n`));
    using client = new SupervisorClient(paths, null);
    await assert.rejects(typesOf(client), {
      code: 'PORT_TAKEN',
      message: 'port 80 is taken',
      hint: 'free it',
      log: ['x'],
    });
  });

  it('says so when the supervisor ends in the middle', async () => {
    await serve((response) => {
      response.write('{"type":"plan","hash":"h","nodes":[]}\n');
      setImmediate(() => response.destroy());
    });
    using client = new SupervisorClient(paths, null);
    await assert.rejects(typesOf(client), { code: 'SUPERVISOR', message: /in the middle/ });
  });

  it('closes the connection when it is aborted, and throws the reason', async () => {
    const closed = Promise.withResolvers<void>();
    await serve((response) => {
      response.write('{"type":"plan","hash":"h","nodes":[]}\n');
      response.once('close', () => closed.resolve());
    });
    using client = new SupervisorClient(paths, null);
    const abort = new AbortController();
    const running = typesOf(client, abort.signal);
    setTimeout(() => abort.abort(new Error('enough')), 50);
    await assert.rejects(running, { message: 'enough' });
    await closed.promise;
  });

  it('reports a refusal', async () => {
    await serve((response) => {
      response.statusCode = 404;
      response.end('{"code":"USAGE","message":"there is no such call"}');
    });
    using client = new SupervisorClient(paths, null);
    await assert.rejects(client.shutdown(), { code: 'USAGE', message: 'there is no such call' });
  });

  it('without a command only uses a supervisor that is there', async () => {
    using client = new SupervisorClient(paths, null);
    assert.equal(await client.isPresent(), false);
    await assert.rejects(client.info(), { code: 'SUPERVISOR' });
  });
});

describe('starting a supervisor', () => {
  it('waits until it is ready, once for calls made at once', async () => {
    const started = join(root, 'started');
    const command = script(`
      import { appendFileSync } from 'node:fs';
      import { createServer } from 'node:http';
      appendFileSync(${JSON.stringify(started)}, 'x');
      const server = createServer((request, response) => {
        response.end(JSON.stringify({ project: 'shop' }));
        if (request.url === '/v1/shutdown') setImmediate(() => process.exit());
      });
      server.listen(${JSON.stringify(paths.socket)}, () => { writeSync(3, 'ready\\n'); closeSync(3); });
    `);
    using client = new SupervisorClient(paths, command);
    client.prepare();
    const answers = await Promise.all([client.info(), client.info()]);
    assert.deepEqual(
      answers.map(({ project }) => project),
      ['shop', 'shop'],
    );
    assert.equal(readFileSync(started, 'utf8'), 'x');
    await client.leaveIfStarted();
    assert.ok(existsSync(paths.log));
  });

  it('is not waited for any more when the call is given up', async () => {
    const pidFile = join(root, 'pid');
    const command = script(`
      import { writeFileSync, renameSync } from 'node:fs';
      writeFileSync(${JSON.stringify(`${pidFile}.new`)}, String(process.pid));
      renameSync(${JSON.stringify(`${pidFile}.new`)}, ${JSON.stringify(pidFile)});
      setInterval(() => {}, 60_000);
    `);
    using client = new SupervisorClient(paths, command);
    const stop = new AbortController();
    const asked = client.info({ signal: stop.signal });
    const pid = Number(await eventually(() => readFileSync(pidFile, 'utf8')));
    try {
      stop.abort(new Error('enough'));
      await assert.rejects(asked, /^Error: enough$/);
      await assert.rejects(client.info({ signal: stop.signal }), /^Error: enough$/);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('throws what it says on its way down', async () => {
    const command = script(
      `writeSync(3, JSON.stringify({ code: 'NO_PERMISSION', message: 'not you', hint: null, exitCode: null, log: [] }) + '\\n');`,
    );
    using client = new SupervisorClient(paths, command);
    await assert.rejects(client.info(), { code: 'NO_PERMISSION', message: 'not you' });
  });

  it('names its log when it says nothing', async () => {
    using client = new SupervisorClient(paths, script('process.exit(3);'));
    await assert.rejects(client.info(), { code: 'SUPERVISOR', hint: `its log is ${paths.log}` });
  });

  it('says so when it cannot be started at all', async () => {
    using client = new SupervisorClient(paths, { executable: join(root, 'missing'), arguments: [] });
    await assert.rejects(client.info(), { code: 'SUPERVISOR', message: /cannot start the supervisor/ });
  });
});
