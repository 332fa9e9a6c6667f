import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { InkScreen, type ScreenKey } from '../../../src/ui/ink/screen.ts';
import { eventually } from '../../support/eventually.ts';

/** What the screen takes for a terminal of 60×12; `written` is each write of its own. */
function terminal() {
  const written: string[] = [];
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 60, rows: 12 });
  stdout.on('data', (chunk) => written.push(String(chunk)));
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (mode: boolean) => modes.push(mode),
    ref: () => {},
    unref: () => {},
  });
  return { stdin, stdout, written, modes };
}

function open({ stdin, stdout }: ReturnType<typeof terminal>, keys: ScreenKey[] = []): InkScreen {
  return new InkScreen({
    stdin: stdin as unknown as ReadStream,
    stdout: stdout as unknown as WriteStream,
    keys: [{ key: 'd', label: 'detach', help: 'leave' }],
    label: (name) => name.replace(/^old_/, ''),
    onKey: (key) => keys.push(key),
    skippedText: (lines) => `${lines} left out`,
  });
}

describe('the screen of an attached up', () => {
  it('writes an update in one piece: lines above, the footer below them', async () => {
    const tty = terminal();
    await using screen = open(tty);
    await screen.write('web-1 | one\nweb-1 | two\n', 'web-1 | three\n');
    const last = tty.written.at(-1) ?? '';
    assert.match(last, /web-1 \| one\nweb-1 \| two\nweb-1 \| three\n[\s\S]*detach/);
    assert.ok(last.startsWith('\x1b[?2026h') && last.endsWith('\x1b[?2026l'));
    const count = tty.written.length;
    screen.tell({ type: 'notice', text: 'Stopping' });
    await eventually(() => assert.match(tty.written.at(-1) ?? '', /Stopping/));
    assert.equal(tty.written.length, count + 1);
    assert.doesNotMatch(tty.written.at(-1) ?? '', /───/);
  });

  it('shows the last lines at its end, also while others were left to be read', async () => {
    const tty = terminal();
    const screen = open(tty);
    await screen.write('x\n'.repeat(20_000), '');
    assert.match(tty.written.join(''), /19\d{3} left out\nx\n/);
    void screen.write('the very last\n', '');
    await screen[Symbol.asyncDispose]();
    assert.match(tty.written.join(''), /the very last\n/);
    assert.ok(tty.written.at(-1)?.endsWith('\x1b[?25h'), 'the cursor is not given back');
    assert.deepEqual(tty.modes, [true, false]);
    const count = tty.written.length;
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(tty.written.length, count, 'something was drawn after the end');
  });

  it('has a row less when one of two of the same label is removed', async () => {
    const tty = terminal();
    tty.stdout.rows = 24;
    await using screen = open(tty);
    const about = { service: 'web', health: null, restarts: 0, ports: [] } as const;
    for (const name of ['web-1', 'db-1', 'old_web-1']) screen.tell({ type: 'running', name, ...about });
    screen.tell({ type: 'exited', name: 'old_web-1', exitCode: 1, next: 'gone' });
    const rows = () => tty.written.at(-1)?.match(/web-1/g)?.length;
    await eventually(() => assert.equal(rows(), 2));
    const step = { type: 'step', id: 1, kind: 'container', resource: 'old_web-1', service: 'web', cause: '' } as const;
    const removal = { operation: 'removeContainer', status: 'done', text: 'Removed', at: '', error: null } as const;
    screen.reporter.report({ ...step, ...removal, durationMs: 1 });
    await eventually(() => assert.equal(rows(), 1));
  });

  it('knows the keys, one after another as they come', async () => {
    const tty = terminal();
    const keys: ScreenKey[] = [];
    await using _screen = open(tty, keys);
    await eventually(() => assert.deepEqual(tty.modes, [true]));
    tty.stdin.write('x');
    tty.stdin.write('ow2');
    tty.stdin.write('\r');
    tty.stdin.write('\x03');
    await eventually(() => assert.deepEqual(keys, ['open', 'watch', 2, 'enter', 'interrupt']));
    tty.stdin.write('?');
    await eventually(() => assert.match(tty.written.at(-1) ?? '', /── Keys/));
    tty.stdin.write('\x03');
    await eventually(() => assert.doesNotMatch(tty.written.at(-1) ?? '', /── Keys/));
  });
});
