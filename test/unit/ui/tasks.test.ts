import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { PlanNodeData, StepEvent } from '../../../src/model/events.ts';
import { TaskReporter } from '../../../src/ui/tasks.ts';
import { eventually } from '../../support/eventually.ts';

function node(id: number, resource: string): PlanNodeData {
  return { id, kind: 'container', resource, service: null, operation: 'start', cause: '', after: [], changes: [] };
}

describe('progress on a terminal', () => {
  it('shows what waits, what is at work and what was given up, also after a resize', async () => {
    const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 60, rows: 20 });
    let shown = '';
    stderr.on('data', (chunk) => {
      shown += stripVTControlCharacters(String(chunk));
    });
    const reporter = new TaskReporter({ stderr, isColored: false, isDryRun: false });
    const step = (id: number, resource: string, status: StepEvent['status'], text: string) => {
      const about = {
        kind: 'container',
        service: null,
        operation: 'start',
        cause: '',
        at: '',
        durationMs: 1,
        error: null,
      } as const;
      reporter.report({ type: 'step', id, resource, status, text, ...about });
    };
    reporter.report({
      type: 'plan',
      hash: '',
      nodes: [node(0, 'one'), node(1, 'two'), node(2, 'three'), node(3, 'three'), node(4, 'four')],
    });
    await eventually(() =>
      assert.match(shown, /○ Container one\n○ Container two\n○ Container three\n○ Container four/),
    );
    step(0, 'one', 'started', 'Starting');
    step(0, 'one', 'done', 'Started');
    step(1, 'two', 'started', 'Starting');
    step(2, 'three', 'started', 'Creating');
    step(2, 'three', 'done', 'Created');
    const states =
      /✔ Container one +Started +0\.0s\n[^✔○] Container two +Starting\n○ Container three +Created\n○ Container four/;
    shown = '';
    stderr.emit('resize');
    await eventually(() => {
      stderr.emit('resize');
      assert.match(shown, states);
    });
    step(4, 'four', 'started', 'Starting');
    step(4, 'four', 'failed', 'Error');
    shown = '';
    await reporter.close();
    await eventually(() =>
      assert.match(
        shown,
        /✔ Container one +Started +0\.0s\n⊘ Container two +Starting\n○ Container three +Created\n✖ Container four +Error\n$/,
      ),
    );
  });
});
