import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EngineContext } from '../../../src/engine/context.ts';
import { runHooks } from '../../../src/engine/hooks.ts';
import { pathsUnder } from '../../../src/state/paths.ts';
import { container, service } from '../../support/plan.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const config = service({ post_start: [{ command: ['greet'] }] });
const { record } = container('web', 1, config);

/** A machine on which the hook prints these pieces and ends with that code. */
function printing(pieces: readonly Uint8Array[], exitCode: number): EngineContext {
  const root = temporaryDirectory('tscompose-hooks-');
  const paths = pathsUnder(join(root, 'lib'), join(root, 'run'));
  const { config: path } = paths.container(record.id);
  mkdirSync(dirname(path), { recursive: true });
  const process = { user: { uid: 0, gid: 0 }, args: ['true'], env: [], cwd: '/', capabilities: { bounding: [] } };
  writeFileSync(path, JSON.stringify({ process, annotations: {} }));
  const exec = async () => {
    const [stdout, stderr] = [pieces, []].map((each) => Readable.from(oneByOne(each), { objectMode: false }));
    const stdin = new PassThrough();
    return { stdin, stdout, stderr, exitCode: Promise.resolve(exitCode), [Symbol.dispose]: () => {} };
  };
  return {
    paths,
    native: { processAlive: () => false, bootId: () => 'boot' },
    containers: { monitor: () => ({ exec }) },
    clock: () => new Date(0),
  } as unknown as EngineContext;
}

async function* oneByOne(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    yield piece;
    // Else the stream puts them together.
    await nextTurn();
  }
}

describe('what a hook prints', () => {
  const printed = Buffer.from('grüße\nan alle');
  const pieces = [...printed].map((byte) => Uint8Array.of(byte));

  it('is told by the line, also when a letter comes in two pieces', async () => {
    const lines: string[] = [];
    const tell = ({ text }: { readonly text: string }) => void lines.push(text);
    await runHooks(printing(pieces, 0), record, 'post_start', { signal: new AbortController().signal, tell });
    assert.deepEqual(lines, ['grüße', 'an alle']);
  });

  it('is part of the error when it fails', async () => {
    const options = { signal: new AbortController().signal, tell: () => {} };
    await assert.rejects(runHooks(printing(pieces, 3), record, 'post_start', options), {
      code: 'HOOK_FAILED',
      message: 'post_start hook 1 of shop-web-1 exited with code 3',
      hint: 'it said: grüße\nan alle',
    });
  });
});
