import assert from 'node:assert/strict';
import type { PlanNodeData, ProgressEvent, StepEvent } from '../../../src/model/events.ts';
import { openReporter } from '../../../src/ui/open-reporter.ts';
import { formatPlanText } from '../../../src/ui/plan-text.ts';
import { initialProgress, reduceProgress } from '../../../src/ui/progress.ts';
import type { ReporterForm } from '../../../src/ui/reporter.ts';
import { emptyStack, reduceStack } from '../../../src/ui/stack.ts';
import { textSink } from './sink.ts';

function node(id: number, operation: string, resource: string, after: number[] = []): PlanNodeData {
  const kind = operation.endsWith('Network') ? 'network' : 'container';
  return {
    id,
    kind,
    resource,
    service: resource.split('-')[1] ?? null,
    operation,
    cause: 'not found',
    after,
    changes: [],
  };
}

function step(planned: PlanNodeData, status: StepEvent['status'], text: string): StepEvent {
  const { id, kind, resource, service, operation, cause } = planned;
  const durationMs = status === 'started' ? null : 500;
  const error =
    status === 'failed' ? { code: 'START_FAILED', message: 'boom', hint: null, exitCode: null, log: [] } : null;
  return { type: 'step', id, kind, resource, service, operation, cause, status, text, at: '', durationMs, error };
}

const create = node(1, 'createContainer', 'shop-web-1');
const start = node(2, 'startContainer', 'shop-web-1', [1]);
const events: readonly ProgressEvent[] = [
  { type: 'plan', hash: 'h', nodes: [create, start] },
  step(create, 'started', 'Creating'),
  step(create, 'done', 'Created'),
  { type: 'warning', message: 'look out' },
  step(start, 'started', 'Starting'),
  step(start, 'done', 'Started'),
  { type: 'done' },
];

async function report(form: ReporterForm, given = events, isDryRun = false): Promise<string> {
  const sink = textSink();
  const reporter = await openReporter(form, { stderr: sink.stream, isDryRun, isColored: false });
  for (const event of given) reporter.report(event);
  await reporter.close();
  return sink.text();
}

describe('the state of progress', () => {
  it('is done with a resource after the last of its steps', () => {
    const statuses: string[] = [];
    let state = initialProgress;
    for (const event of events) {
      state = reduceProgress(state, event);
      statuses.push(state.resources.get('container shop-web-1')?.status ?? '-');
    }
    assert.deepEqual(statuses, ['planned', 'working', 'waiting', 'waiting', 'working', 'done', 'done']);
    assert.equal(state.outcome, 'done');
    assert.equal(state.resources.get('container shop-web-1')?.durationMs, 1000);
    assert.deepEqual(state.warnings, ['look out']);
  });

  it('stays failed, whatever comes after', () => {
    let state = reduceProgress(initialProgress, step(start, 'failed', 'Starting'));
    state = reduceProgress(state, step(create, 'done', 'Created'));
    assert.equal(state.resources.get('container shop-web-1')?.status, 'failed');
  });
});

describe('progress', () => {
  it('plain is a line for every change', async () => {
    assert.equal(
      await report('plain'),
      ' Container shop-web-1  Creating\n Container shop-web-1  Created\nwarning: look out\n Container shop-web-1  Starting\n Container shop-web-1  Started\n',
    );
  });

  it('plain says the same thing once, and an error of a hidden resource', async () => {
    const rules = { ...step(start, 'started', 'Repairing'), kind: 'firewall' as const, resource: 'rules' };
    const text = await report('plain', [
      step(start, 'started', 'Starting'),
      step(start, 'started', 'Starting'),
      rules,
      { ...rules, status: 'failed' },
    ]);
    assert.equal(text, ' Container shop-web-1  Starting\n Firewall rules  Error\n');
  });

  it('json is an object a line, with the keys of Compose', async () => {
    const lines = (await report('json'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(lines[0], { id: 'Container shop-web-1', status: 'Working', text: 'Creating' });
    assert.deepEqual(lines[2], { level: 'warning', msg: 'look out' });
    assert.deepEqual(lines.at(-1), { id: 'Container shop-web-1', status: 'Done', text: 'Started' });
    const failed = JSON.parse(await report('json', [step(start, 'failed', 'Starting')], true));
    assert.deepEqual(failed, {
      'dry-run': true,
      id: 'Container shop-web-1',
      status: 'Error',
      text: 'Starting',
      details: 'boom',
    });
  });

  it('quiet says nothing', async () => assert.equal(await report('quiet'), ''));

  it('on a terminal ends with every task ticked', async () => {
    const text = await report('tty', events.slice(0, -1));
    assert.match(text, /✔ Container shop-web-1 {2}Started {5}1\.0s\n/);
  });

  it('on a terminal also shows what was reported after the list had begun', async () => {
    const sink = textSink();
    const reporter = await openReporter('tty', { stderr: sink.stream, isDryRun: false, isColored: false });
    reporter.report(step(start, 'done', 'Started'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    reporter.report(step(node(9, 'startContainer', 'shop-db-1'), 'done', 'Running'));
    await reporter.close();
    assert.match(sink.text(), /Container shop-db-1 {3}Running/);
  });
});

describe('the plan for people', () => {
  it('has a line a resource with the reason, what it waits for and what differs', () => {
    const wait = { ...node(3, 'waitDependency', 'shop-db-1'), cause: 'others wait until it is healthy' };
    const changed = {
      ...node(5, 'createContainer', 'shop-api-1'),
      cause: 'configuration changed',
      changes: [{ path: 'environment.PORT', before: '80', after: '8080' }],
    };
    const text = formatPlanText(
      [create, wait, { ...start, after: [1, 3] }, node(4, 'removeContainer', 'shop-api-1'), changed],
      { warnings: ['orphans'], isColored: false },
    );
    assert.equal(
      text,
      [
        'warning: orphans',
        '  + Container shop-web-1  create, start  (not found)',
        '      after db: others wait until it is healthy',
        '  ± Container shop-api-1  remove, create  (not found; configuration changed)',
        '      environment.PORT: 80 → 8080',
        'Plan: 1 to create, 1 to replace.',
        '',
      ].join('\n'),
    );
  });

  it('says so when there is nothing to do', () => {
    assert.match(formatPlanText([], { warnings: [], isColored: false }), /^Nothing to do/);
  });
});

describe('the state of the stack', () => {
  const db = node(1, 'startContainer', 'shop-db-1');
  const wait = node(2, 'waitDependency', 'shop-db-1', [1]);
  const web = node(3, 'startContainer', 'shop-web-1', [2]);
  const planned = reduceStack(emptyStack, {
    type: 'progress',
    event: { type: 'plan', hash: '', nodes: [db, wait, web] },
  });

  it('says what a container waits for, until that is reached', () => {
    assert.deepEqual(planned.rows.get('shop-web-1')?.waitingFor, ['db']);
    const reached = reduceStack(planned, { type: 'progress', event: step(wait, 'done', 'Healthy') });
    assert.deepEqual(reached.rows.get('shop-web-1')?.waitingFor, []);
    assert.equal(reached.rows.get('shop-db-1')?.state, 'planned');
  });

  it('follows a container through its life', () => {
    const name = 'shop-db-1';
    const ports = [
      { hostIp: '0.0.0.0', hostPort: 8080, containerPort: 80, protocol: 'tcp' as const },
      { hostIp: '127.0.0.1', hostPort: 53, containerPort: 53, protocol: 'udp' as const },
    ];
    let state = reduceStack(planned, { type: 'running', name, service: 'db', health: 'starting', restarts: 0, ports });
    assert.deepEqual(
      [state.rows.get(name)?.tone, state.rows.get(name)?.ports],
      ['busy', '8080→80 127.0.0.1:53→53/udp'],
    );
    state = reduceStack(state, { type: 'health', name, health: 'healthy' });
    state = reduceStack(state, { type: 'usage', name, cpuPercent: 12.5, memoryBytes: 1024 });
    assert.equal(state.rows.get(name)?.tone, 'good');
    state = reduceStack(state, { type: 'exited', name, exitCode: 1, next: 'restart' });
    assert.deepEqual([state.rows.get(name)?.state, state.rows.get(name)?.restarts], ['restarting', 1]);
    state = reduceStack(state, { type: 'running', name, service: 'db', ports });
    assert.deepEqual([state.rows.get(name)?.state, state.rows.get(name)?.restarts], ['running', 1]);
    state = reduceStack(state, { type: 'exited', name, exitCode: 3, next: 'gone' });
    assert.deepEqual([state.rows.get(name)?.state, state.rows.get(name)?.memoryBytes], ['exited (3)', null]);
  });
});
