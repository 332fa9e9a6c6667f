import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { BuildTasks } from '../../../src/ui/build-tasks.ts';
import { eventually } from '../../support/eventually.ts';

describe('builds on a terminal', () => {
  it('show what is at work with its last lines, and leave a line for each step', async () => {
    const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 60, rows: 20 });
    let shown = '';
    stderr.on('data', (chunk) => {
      shown += stripVTControlCharacters(String(chunk));
    });
    const reporter = new BuildTasks({ stderr, isColored: false });
    const step = { type: 'buildStep', durationMs: 1200 } as const;
    reporter.report({ ...step, id: 1, title: '[a 1/2] COPY . .', status: 'cached' });
    reporter.report({ ...step, id: 2, title: `[a 2/2] RUN ${'x'.repeat(80)}`, status: 'started' });
    reporter.report({ type: 'buildOutput', id: 2, text: 'one\ntwo\n\x1b[31mthree\x1b[0m\nfo' });
    reporter.report({ type: 'buildOutput', id: 2, text: 'ur\n' });
    await eventually(() => assert.match(shown, /Building {2}1 done, 1 at work/));
    await eventually(() => assert.match(shown, /two\n +three\n +four/));
    reporter.report({ ...step, id: 3, title: 'pull one', status: 'started' });
    const layer = { type: 'layer', resource: 'one', digest: `sha256:${'a'.repeat(64)}` } as const;
    reporter.report({ ...layer, status: 'downloading', currentBytes: 1, totalBytes: 2 });
    await eventually(() => assert.match(shown, /pull one\n +a{12} Downloading 1 B \/ 2 B/));
    reporter.report({ ...step, id: 3, title: 'pull one', status: 'done' });
    reporter.report({ ...step, id: 2, title: `[a 2/2] RUN ${'x'.repeat(80)}`, status: 'failed' });
    shown = '';
    await reporter.close();
    await eventually(() =>
      assert.match(shown, /✔ \[a 1\/2\] COPY \. \. {2}CACHED\n✔ pull one {2}1\.2s\n✖ \[a 2\/2\] RUN x+… {2}ERROR\n$/),
    );
  });

  it('say nothing of a build that took no step', async () => {
    const stderr = new PassThrough();
    await new BuildTasks({ stderr, isColored: false }).close();
    assert.equal(stderr.read(), null);
  });
});
