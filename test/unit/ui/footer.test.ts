import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { renderToString } from 'ink';
import { createElement } from 'react';
import stringWidth from 'string-width';
import type { PlanNodeData } from '../../../src/model/events.ts';
import { Footer, type FooterProps } from '../../../src/ui/ink/footer.ts';
import { emptyStack, reduceStack, type StackState } from '../../../src/ui/stack.ts';

const keys = [
  { key: 'd', label: 'detach', help: 'leave' },
  { key: 'Enter', label: '', help: 'an empty line', isMinor: true },
  { key: 'Ctrl+C', label: 'stop', help: 'stop it' },
];
const label = (name: string) => name.replace(/^shop-/, '');

function draw(stack: StackState, columns = 80, rows = 24, more: Partial<FooterProps> = {}): string[] {
  const props = { stack, columns, rows, keys, label, isHelp: false, ...more };
  return stripVTControlCharacters(renderToString(createElement(Footer, props), { columns })).split('\n');
}

function running(stack: StackState, name: string, more: object = {}): StackState {
  return reduceStack(stack, { type: 'running', name, service: 'web', health: null, restarts: 0, ports: [], ...more });
}

function stackOf(count: number): StackState {
  let stack = emptyStack;
  for (let index = 1; index <= count; index++) stack = running(stack, `shop-web-${index}`);
  return stack;
}

describe('the footer', () => {
  it('shows a container a line, what needs a look first', () => {
    let stack = reduceStack(stackOf(3), { type: 'exited', name: 'shop-web-3', exitCode: 1, next: 'gone' });
    stack = running(stack, 'shop-web-2', { restarts: 4 });
    const lines = draw(stack);
    assert.match(lines[1] ?? '', /^✖ web-3 +exited \(1\)/);
    assert.match(lines[2] ?? '', /^● web-2 +running ↻4/);
    assert.match(lines[3] ?? '', /^● web-1 +running$/);
    assert.equal(lines.at(-1), '  d detach  Ctrl+C stop');
  });

  it('says that files are watched', () => {
    const own = [{ key: 'w', label: 'watch', watchingLabel: 'watching', help: '' }, ...keys];
    const on = reduceStack(emptyStack, { type: 'watching', isOn: true });
    assert.equal(draw(on, 80, 24, { keys: own }).at(-1), '  w watching  d detach  Ctrl+C stop');
    const off = reduceStack(on, { type: 'watching', isOn: false });
    assert.equal(draw(off, 80, 24, { keys: own }).at(-1), '  w watch  d detach  Ctrl+C stop');
  });

  it('says what a container waits for, and until what is so', () => {
    const node = (id: number, operation: string, service: string, more: Partial<PlanNodeData> = {}): PlanNodeData => ({
      ...{
        id,
        operation,
        service,
        resource: `shop-${service}-1`,
        kind: 'container',
        cause: '',
        after: [],
        changes: [],
      },
      ...more,
    });
    const nodes = [
      node(0, 'startContainer', 'db'),
      node(1, 'waitDependency', 'db', { after: [0], awaits: 'service_healthy' }),
      node(2, 'waitDependency', 'job', { awaits: 'service_completed_successfully' }),
      node(3, 'startContainer', 'web', { after: [1, 2] }),
    ];
    const stack = reduceStack(emptyStack, { type: 'progress', event: { type: 'plan', hash: '', nodes } });
    assert.match(draw(stack).join('\n'), /web-1 +waits for db \(healthy\), job \(completed\)$/m);
  });

  it('heads what figures mean, above them', () => {
    let stack = running(stackOf(1), 'shop-web-1', {
      health: 'healthy',
      ports: [{ hostIp: '0.0.0.0', hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
    });
    stack = reduceStack(stack, { type: 'usage', name: 'shop-web-1', cpuPercent: 12.5, memoryBytes: 10 << 20 });
    const [rule = '', row = ''] = draw(stack);
    assert.match(row, /^● web-1 +healthy +13% +10 MiB +8080→80$/);
    const end = (text: string, part: string) => text.indexOf(part) + part.length;
    assert.equal(end(rule, 'CPU'), end(row, '13%'));
    assert.equal(end(rule, 'MEMORY'), end(row, '10 MiB'));
    assert.equal(rule.indexOf('PORTS'), row.indexOf('8080'));
  });

  for (const [columns, rows] of [
    [200, 50],
    [80, 24],
    [40, 10],
    [30, 8],
    [12, 4],
    [3, 2],
  ] as const) {
    it(`keeps to its share and to the width of ${columns}×${rows}`, () => {
      const wide = running(stackOf(100), 'shop-漢字かな漢字かな漢字かな-1', { restarts: 12, health: 'unhealthy' });
      for (const props of [{}, { isHelp: true }] as const) {
        const lines = draw(wide, columns, rows, props);
        assert.ok(lines.length < rows || lines.length === 1, `${lines.length} lines`);
        for (const line of lines) assert.ok(stringWidth(line) <= columns, line);
      }
      assert.ok(draw(wide, columns, rows).length <= Math.max(3, rows / 3), 'too large');
    });
  }

  it('says how many it does not show, and what they are', () => {
    const lines = draw(stackOf(100));
    assert.equal(lines.at(-2), '  + 95 more: 95 running');
  });

  it('explains the keys, offers addresses, and says what is being done', () => {
    assert.match(
      draw(stackOf(2), 80, 24, { isHelp: true }).join('\n'),
      /── Keys ─+\n {2}d {7}leave\n {2}Enter {3}an empty/,
    );
    const choice = { title: 'Open', items: ['http://localhost:1', 'http://localhost:2'] };
    const offered = reduceStack(stackOf(2), { type: 'choice', choice });
    assert.match(draw(offered).join('\n'), /── Open ─+\n {2}1 {2}http:\/\/localhost:1\n {2}2 {2}http/);
    const noticed = reduceStack(stackOf(2), { type: 'notice', text: 'Stopping' });
    assert.equal(draw(noticed).at(-1), '  Stopping');
  });
});
