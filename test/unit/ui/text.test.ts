import assert from 'node:assert/strict';
import type { ContainerState } from '../../../src/model/container-state.ts';
import { formatAge } from '../../../src/ui/age.ts';
import { portsText, statusText } from '../../../src/ui/container-row.ts';
import { formatError } from '../../../src/ui/error.ts';
import { formatList } from '../../../src/ui/list.ts';
import { LogFormat } from '../../../src/ui/log-format.ts';
import { formatTable } from '../../../src/ui/table.ts';
import { ComposeError } from '../../../src/util/errors.ts';

describe('lines of logs', () => {
  const plain = { prefix: 'name', isColored: false, timestamps: 'hidden' } as const;

  it('have names as wide as the longest and one more', () => {
    const format = new LogFormat(plain);
    for (const name of ['web-1', 'worker-10']) format.register(name);
    assert.equal(format.line('web-1', 't', 'hi'), 'web-1      | hi\n');
    assert.equal(format.line('worker-10', 't', ''), 'worker-10  | \n');
  });

  it('grow when a longer name appears', () => {
    const format = new LogFormat(plain);
    assert.equal(format.line('a-1', 't', 'x'), 'a-1  | x\n');
    format.register('longer-1');
    assert.equal(format.line('a-1', 't', 'x'), 'a-1       | x\n');
  });

  it('colour the prefix alone, in the order of names', () => {
    const format = new LogFormat({ ...plain, isColored: true });
    assert.equal(format.line('a', 't', 'x'), '\x1b[36ma  | \x1b[0mx\n');
    assert.equal(format.line('b', 't', 'x'), '\x1b[33mb  | \x1b[0mx\n');
    assert.equal(format.status('a', 'exited with code 0'), '\x1b[36ma exited with code 0\x1b[0m\n');
  });

  it('show times and leave out names on request', () => {
    assert.equal(new LogFormat({ ...plain, prefix: 'none', timestamps: 'shown' }).line('a', 't', 'x'), 't x\n');
  });
});

describe('tables', () => {
  it('are laid out as Docker does it', () => {
    assert.equal(
      formatTable(['NAME', 'STATUS'], [['p', 'running(2)']], { minWidth: 20 }),
      'NAME                STATUS\np                   running(2)\n',
    );
    assert.equal(formatTable(['NAME', 'IMAGE'], []), 'NAME      IMAGE\n');
  });

  it('take templates', () => {
    const rows = [
      { Name: 'a', State: 'running' },
      { Name: 'bb', State: 'exited' },
    ];
    const options = { columns: [['NAME', 'Name']] as const };
    assert.equal(formatList('{{.Name}}: {{upper .State}}', rows, options), 'a: RUNNING\nbb: EXITED\n');
    assert.equal(
      formatList('table {{.Name}}\t{{.State}}', rows, options),
      'NAME      STATE\na         running\nbb        exited\n',
    );
    assert.equal(formatList('json', rows, options), '{"Name":"a","State":"running"}\n{"Name":"bb","State":"exited"}\n');
    assert.equal(formatList('{{json .}}', rows.slice(0, 1), options), '{"Name":"a","State":"running"}\n');
    assert.throws(() => formatList('{{range .X}}', rows, options), { code: 'USAGE' });
    assert.throws(() => formatList('{{.Nope}}', rows, options), { code: 'USAGE' });
  });
});

describe('words of Docker', () => {
  it('for ages', () => {
    const seconds: Record<number, string> = {
      0.5: 'Less than a second',
      1: '1 second',
      59: '59 seconds',
      61: 'About a minute',
      600: '10 minutes',
      3600: 'About an hour',
      40000: '11 hours',
      200000: '2 days',
      2000000: '3 weeks',
    };
    for (const [age, text] of Object.entries(seconds)) assert.equal(formatAge(Number(age) * 1000), text);
  });

  it('for the status of a container', () => {
    const now = new Date('2026-01-01T00:01:00Z');
    const base: ContainerState = {
      status: 'running',
      pid: 1,
      pidStartTicks: 1,
      startedAt: '2026-01-01T00:00:30Z',
      finishedAt: '2026-01-01T00:00:55Z',
      exitCode: 3,
      signal: null,
      oomKilled: false,
      restartCount: 0,
      error: null,
      health: { status: 'starting', failingStreak: 0, log: [] },
      monitor: 'alive',
    };
    assert.equal(statusText(base, now), 'Up 30 seconds (health: starting)');
    assert.equal(statusText({ ...base, status: 'paused' }, now), 'Up 30 seconds (Paused)');
    assert.equal(statusText({ ...base, status: 'exited' }, now), 'Exited (3) 5 seconds ago');
    assert.equal(statusText({ ...base, status: 'restarting' }, now), 'Restarting (3) 5 seconds ago');
    assert.equal(statusText({ ...base, status: 'created' }, now), 'Created');
  });

  it('for published ports, neighbours as a range', () => {
    const port = (hostIp: string, hostPort: number, containerPort: number) =>
      ({ hostIp, hostPort, containerPort, protocol: 'tcp' }) as const;
    assert.equal(
      portsText([port('0.0.0.0', 8001, 81), port('::', 8000, 80), port('0.0.0.0', 8000, 80), port('0.0.0.0', 99, 9)]),
      '0.0.0.0:99->9/tcp, 0.0.0.0:8000-8001->80-81/tcp, :::8000->80/tcp',
    );
  });
});

describe('errors', () => {
  const text = { form: 'text', isColored: false } as const;

  it('are one message, the log of who is to blame, and a hint', () => {
    const error = Object.assign(new ComposeError('START_FAILED', 'cannot start web-1', { hint: 'try again' }), {
      log: ['last words'],
    });
    assert.equal(
      formatError(error, text),
      'cannot start web-1\nlast lines of its log:\n  last words\nhint: try again\n',
    );
  });
  it('have a stack only when they are bugs', () => {
    assert.match(formatError(new TypeError('oops'), text), /internal error[\s\S]*TypeError: oops\n {4}at /);
  });
  it('are all told, and are JSON for programs', () => {
    const both = new AggregateError([new ComposeError('INVALID', 'one'), new ComposeError('INVALID', 'two')]);
    assert.equal(formatError(both, text), 'one\n\ntwo\n');
    assert.equal(
      formatError(new ComposeError('INVALID', 'x'), { ...text, form: 'json' }),
      '{"error":true,"message":"x"}\n',
    );
  });
});
