import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { ContainerWatch, type WatchEvent } from '../../../src/cli/container-watch.ts';
import type { Context } from '../../../src/cli/context.ts';
import type { InterruptHandler } from '../../../src/cli/interrupts.ts';
import { bridge } from '../../../src/cli/stream.ts';
import { MonitorClient } from '../../../src/container/monitor-client.ts';
import type { ObservedContainer } from '../../../src/plan/observed.ts';
import { type Paths, pathsUnder } from '../../../src/state/paths.ts';
import { containerRecord, FakeMonitor } from './fake-monitor.ts';

let root = '';
let paths: Paths;
const id = 'a'.repeat(64);
const record = containerRecord(id, 'shop-web-1');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tsc-'));
  paths = pathsUnder(join(root, 'lib'), join(root, 'run'));
});
afterEach(() => rmSync(root, { recursive: true }));

function describeEvent(event: WatchEvent): string {
  if (event.type === 'exit') return `exit ${event.exitCode} ${event.next}`;
  return event.type === 'health' ? `health ${event.status}` : event.type;
}

describe('watching containers', () => {
  it('tells restarts from the end, and aborts when it is gone', async () => {
    await using monitor = await FakeMonitor.open(paths.container(id));
    await using watch = new ContainerWatch(paths, new AbortController().signal, async () => {});
    const asked = monitor.nextRequest();
    const ended = watch.add(record);
    await asked;
    assert.equal(watch.add(record), ended, 'watched once');
    monitor.emit({ event: 'health', status: 'healthy', log: {}, at: '' });
    monitor.emit({ event: 'die', exitCode: 2, signal: null, oomKilled: false, at: '' });
    monitor.emit({ event: 'restarting', delayMs: 1 });
    monitor.emit({ event: 'start', pid: 1, at: '' });
    monitor.exit(5);
    const seen: string[] = [];
    for await (const event of watch) {
      seen.push(describeEvent(event));
      if (event.type === 'exit' && event.next === 'gone') break;
    }
    assert.deepEqual(seen, ['state', 'health healthy', 'exit 2 restart', 'start', 'exit 5 gone']);
    if (!ended.aborted) await new Promise((resolve) => ended.addEventListener('abort', resolve));
    assert.equal(ended.reason, 5);
    assert.equal(watch.isWatched(id), false);
  });

  it('a restart on request is an exit and a start', async () => {
    await using monitor = await FakeMonitor.open(paths.container(id));
    await using watch = new ContainerWatch(paths, new AbortController().signal, async () => {});
    const asked = monitor.nextRequest();
    watch.add(record);
    await asked;
    monitor.emit({ event: 'die', exitCode: 143, signal: 'SIGTERM', oomKilled: false, at: '' });
    monitor.emit({ event: 'start', pid: 1, at: '' });
    monitor.exit(0);
    const seen: string[] = [];
    for await (const event of watch) {
      seen.push(describeEvent(event));
      if (event.type === 'exit' && event.next === 'gone') break;
    }
    assert.deepEqual(seen, ['state', 'exit 143 restart', 'start', 'exit 0 gone']);
  });

  it('takes the code of one that was quicker than we from its exit record', async () => {
    const monitor = await FakeMonitor.open(paths.container(id));
    monitor.exit(7);
    await monitor[Symbol.asyncDispose]();
    await using watch = new ContainerWatch(paths, new AbortController().signal, async () => {});
    watch.add(record);
    for await (const event of watch) {
      assert.equal(describeEvent(event), 'exit 7 gone');
      break;
    }
  });
});

describe('noticing that nothing runs any more', () => {
  const other = containerRecord('b'.repeat(64), 'shop-db-1');

  async function until(watch: ContainerWatch, type: WatchEvent['type']): Promise<string[]> {
    const seen: string[] = [];
    for await (const event of watch) {
      seen.push(describeEvent(event));
      if (event.type === type) return seen;
    }
    throw new Error(`ended after ${seen.join(', ')}`);
  }

  it('waits for the command that ended the last one, and for what it started', async () => {
    await using monitor = await FakeMonitor.open(paths.container(id));
    await using another = await FakeMonitor.open(paths.container(other.id));
    const commandIsOver = Promise.withResolvers<void>();
    let checks = 0;
    await using watch = new ContainerWatch(paths, new AbortController().signal, async () => {
      if (++checks > 1) return;
      await commandIsOver.promise;
      watch.add(other);
    });
    const asked = monitor.nextRequest();
    watch.add(record);
    await asked;
    monitor.exit(0);
    await until(watch, 'exit');
    const askedToo = another.nextRequest();
    commandIsOver.resolve();
    await askedToo;
    another.exit(3);
    assert.deepEqual(await until(watch, 'idle'), ['state', 'exit 3 gone', 'idle']);
    assert.equal(checks, 2);
  });

  it('asks again when something came and went while it asked', async () => {
    await using monitor = await FakeMonitor.open(paths.container(id));
    monitor.exit(0);
    let checks = 0;
    await using watch = new ContainerWatch(paths, new AbortController().signal, async () => {
      if (++checks > 1) return;
      const ended = watch.add(record);
      await new Promise((resolve) => ended.addEventListener('abort', resolve));
    });
    watch.checkIdle();
    assert.deepEqual(await until(watch, 'idle'), ['exit 0 gone', 'idle']);
    assert.equal(checks, 2);
  });

  it('leaves while it asks', async () => {
    const watch = new ContainerWatch(paths, new AbortController().signal, () => new Promise(() => {}));
    watch.checkIdle();
    await watch[Symbol.asyncDispose]();
  });
});

describe('the lives of a container', () => {
  const at = (startedAt: string, status: 'running' | 'exited', monitor: 'alive' | 'lost' | 'none') =>
    ({ record, state: { status, startedAt, monitor } }) as unknown as ObservedContainer;

  it('are each watched once, also those that were over before we looked', async () => {
    await using watch = new ContainerWatch(paths, new AbortController().signal, async () => {});
    watch.skip(at('1', 'exited', 'none'));
    assert.equal(watch.isNew(at('1', 'exited', 'none')), false, 'it was over before');
    assert.equal(watch.isNew(at('2', 'exited', 'none')), true, 'it came and went meanwhile');
    assert.equal(watch.isNew(at('2', 'running', 'lost')), false, 'nobody could tell of it');

    await using monitor = await FakeMonitor.open(paths.container(id));
    const asked = monitor.nextRequest();
    const ended = watch.add(record);
    await asked;
    assert.equal(watch.isNew(at('2', 'running', 'alive')), false, 'it is watched');
    monitor.emit({ event: 'start', pid: 1, at: '3' });
    monitor.exit(0);
    if (!ended.aborted) await new Promise((resolve) => ended.addEventListener('abort', resolve));
    assert.equal(watch.isNew(at('3', 'exited', 'none')), false, 'it was watched');
    assert.equal(watch.isNew(at('4', 'running', 'alive')), true);
  });
});

describe('connecting a process with our streams', () => {
  function fakeContext() {
    const stdin = Object.assign(new PassThrough(), { isTTY: false });
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    let handler: InterruptHandler | undefined;
    const interrupts = {
      take(given: InterruptHandler) {
        handler = given;
        return {
          [Symbol.dispose]() {
            handler = undefined;
          },
        };
      },
    };
    const abort = new AbortController();
    const context = { stdin, stdout, stderr, interrupts, signal: abort.signal } as unknown as Context;
    return {
      context,
      stdin,
      stdout,
      stderr,
      interrupt: (name: NodeJS.Signals) => handler?.(name),
      abort,
      isTaken: () => handler !== undefined,
    };
  }

  it('copies input, output and signals, and gives the exit code after the last output', async () => {
    await using monitor = await FakeMonitor.open(paths.container(id));
    const { context, stdin, stdout, stderr, interrupt, isTaken } = fakeContext();
    const stream = await new MonitorClient(paths.container(id).socket).attach({ stdin: true, replayBytes: 0 });
    const result = bridge(stream, { terminal: false, stdin: 'attached', signals: 'forwarded' }, context);
    stdin.end('typed');
    interrupt('SIGINT');
    while (monitor.received.length < 3) await new Promise((resolve) => setImmediate(resolve));
    monitor.send(1, 'out');
    monitor.send(2, 'err');
    monitor.send(3, '{"exit":{"exitCode":42}}');
    monitor.exit(42);
    assert.equal(await result, 42);
    assert.deepEqual([String(stdout.read()), String(stderr.read())], ['out', 'err']);
    assert.deepEqual(
      new Set(monitor.received.map(({ channel, text }) => `${channel} ${text}`)),
      new Set(['0 typed', '0 ', '3 {"signal":"SIGINT"}']),
    );
    assert.equal(isTaken(), false, 'signals are ours again');
  });

  it('restores the terminal when we are interrupted', async () => {
    await using _monitor = await FakeMonitor.open(paths.container(id));
    const { context, abort } = fakeContext();
    const modes: boolean[] = [];
    const terminal = Object.assign(new EventEmitter(), { rows: 10, columns: 20 });
    Object.assign(context.stdin, { isTTY: true, isRaw: false, setRawMode: (raw: boolean) => void modes.push(raw) });
    Object.assign(context.stdout, { rows: terminal.rows, columns: terminal.columns });
    const stream = await new MonitorClient(paths.container(id).socket).attach({ stdin: true, replayBytes: 0 });
    const result = bridge(stream, { terminal: true, stdin: 'attached', signals: 'ours' }, context);
    abort.abort(new Error('enough'));
    await assert.rejects(result, { message: 'enough' });
    assert.deepEqual(modes, [true, false]);
    assert.equal(context.stdout.listenerCount('resize'), 0);
  });

  it('leaves the process alone after the keys that detach', async () => {
    await using monitor = await FakeMonitor.open(paths.container(id));
    const { context, stdin } = fakeContext();
    Object.assign(stdin, { isTTY: true, isRaw: false, setRawMode: () => {} });
    const stream = await new MonitorClient(paths.container(id).socket).attach({ stdin: true, replayBytes: 0 });
    const detachKeys = Buffer.from([16, 17]);
    const result = bridge(stream, { terminal: true, stdin: 'attached', signals: 'ours', detachKeys }, context);
    stdin.write(Buffer.from([16]));
    stdin.write(Buffer.from([17]));
    assert.equal(await result, 0);
    assert.equal(monitor.requests.length, 1);
  });
});
