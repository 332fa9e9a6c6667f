import assert from 'node:assert/strict';
import { eventLines, healthLines, pairLines, planLines, tableLines } from '../../../../src/ui/full/detail-lines.ts';
import { type ListInput, listRows } from '../../../../src/ui/full/list-pane.ts';
import { type ServiceView, summaryOf, withUsage } from '../../../../src/ui/full/services.ts';
import { type Line, lineWidth, plainText } from '../../../../src/ui/full/text.ts';
import { service } from './support.ts';

const texts = (lines: readonly Line[]) => lines.map((line) => plainText(line).trimEnd());
const masked = (lines: readonly Line[]) => texts(lines).map((text) => text.replace(/\d\d:\d\d:\d\d/, 'TIME'));

describe('the tabs of the full-screen view', () => {
  it('health: the latest probe first, with what it printed', () => {
    const probe = (second: number, exitCode: number, output: string) => ({
      start: `2026-01-01T00:00:0${second}.000000000Z`,
      end: `2026-01-01T00:00:0${second}.250000000Z`,
      exitCode,
      output,
    });
    const probes = [probe(1, 0, 'fine\n'), probe(3, 1, '\x1b[31mno\x1b[0m\nanswer\n')];
    const shown = masked(healthLines({ status: 'unhealthy', failingStreak: 1, probes, test: 'CMD true' }));
    assert.deepEqual(shown, [
      'unhealthy, 1 failed in a row   CMD true',
      '✖ TIME  exit 1    250 ms',
      '    no',
      '    answer',
      '✔ TIME  exit 0    250 ms',
      '    fine',
    ]);
    assert.deepEqual(texts(healthLines({ status: null, failingStreak: 0, probes: [], test: null })), [
      '  no health check',
    ]);
  });

  it('tables have a column for each heading, and say when there is nothing', () => {
    const rows = [
      ['1', 'sh'],
      ['1234', 'sleep 10'],
    ];
    assert.deepEqual(texts(tableLines(['PID', 'COMMAND'], rows, 'nothing runs')), [
      'PID   COMMAND',
      '1     sh',
      '1234  sleep 10',
    ]);
    assert.deepEqual(texts(tableLines(['PID'], [], 'nothing runs')), ['  nothing runs']);
    assert.deepEqual(texts(pairLines([['A', 'b\nc']], '')), ['A  bc']);
  });

  it('events: the latest first, repairs among them', () => {
    const shown = masked(
      eventLines([
        {
          type: 'container',
          action: 'die',
          id: 'x',
          name: 'shop-web-1',
          service: 'web',
          isOneOff: false,
          at: '2026-01-01T00:00:00Z',
          attributes: { exitCode: '3' },
        },
        {
          type: 'repair',
          kind: 'network',
          resource: 'shop_default',
          cause: 'link is missing',
          status: 'repaired',
          message: null,
          at: '2026-01-01T00:00:01Z',
        },
      ]),
    );
    assert.deepEqual(shown, [
      'TIME  repaired network shop_default  link is missing',
      'TIME  shop-web-1            die (3)',
    ]);
  });

  it('the plan says how to carry it out, when there is something to do', () => {
    assert.deepEqual(texts(planLines([], ['w'])), ['warning: w', 'Nothing to do: everything is as the project says.']);
  });
});

describe('the list of the full-screen view', () => {
  const row = (name: string, change: Partial<ServiceView> = {}): ServiceView =>
    service(name, { key: name, containerId: name, service: name, ...change });
  const input = (services: readonly ServiceView[], change: Partial<ListInput> = {}): ListInput => ({
    services,
    usage: new Map(),
    selected: '*',
    marked: new Set(),
    ...change,
  });

  it('drops columns from the right on a narrow terminal, and cuts names with …', () => {
    const services = [row('a-very-long-name-of-a-service-1', { ports: '8080→80', restarts: 2, health: 'healthy' })];
    const usage = new Map([['a-very-long-name-of-a-service-1', withUsage(withUsage(undefined, null, 1e6), 12.5, 2e6)]]);
    for (const width of [30, 50, 80, 120]) {
      const { lines } = listRows(input(services, { usage }), width, 5);
      for (const line of lines) assert.ok(lineWidth(line) <= width);
      const shown = plainText(lines[2] ?? []);
      assert.equal(/8080→80/.test(shown), width >= 80, shown);
      assert.equal(/12\.5%/.test(shown), width >= 50, shown);
      assert.match(shown, /● a-very-.*(…|-1 ).*healthy +↻2/);
    }
  });

  it('keeps the selected row in sight, and says how many are not', () => {
    const services = Array.from({ length: 20 }, (_value, index) => row(`s${index}`));
    const { lines, keys } = listRows(input(services, { selected: 's15' }), 60, 6);
    assert.ok(keys.includes('s15'));
    assert.match(plainText(lines[0] ?? []), /↑14 ↓2/);
  });

  it('adds states up', () => {
    const services = [
      row('a'),
      row('b', { health: 'healthy' }),
      row('c', { health: 'unhealthy' }),
      row('d', { state: 'exited (1)' }),
    ];
    assert.equal(summaryOf(services), '2 running, 1 unhealthy, 1 exited');
  });
});
