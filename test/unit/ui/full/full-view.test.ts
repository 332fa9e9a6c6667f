import assert from 'node:assert/strict';
import type { Effect } from '../../../../src/ui/full/effects.ts';
import { FullView } from '../../../../src/ui/full/full-view.ts';
import { KeyReader } from '../../../../src/ui/full/keys.ts';
import type { ServiceView } from '../../../../src/ui/full/services.ts';
import { lineWidth, plainText } from '../../../../src/ui/full/text.ts';
import { service } from './support.ts';

function play(
  services: readonly ServiceView[] = [service('db-1'), service('web-1', { urls: ['http://localhost:8080/'] })],
) {
  const view = new FullView('shop');
  view.setServices(services);
  view.buffer.push([]);
  const reader = new KeyReader();
  const screen = (columns = 80, rows = 24) => view.frame(columns, rows).lines.map((line) => plainText(line).trimEnd());
  screen();
  const press = (keys: string): Effect[] => reader.read(keys).flatMap((input) => view.input(input));
  const click = (x: number, y: number) => press(`\x1b[<0;${x + 1};${y + 1}M`);
  return { view, press, screen, click };
}

describe('the full-screen view', () => {
  it('fills every size exactly, however small', () => {
    const { view } = play(
      Array.from({ length: 40 }, (_value, index) => service(`service-${index}-1`, { restarts: 3 })),
    );
    for (const [columns, rows] of [
      [200, 50],
      [140, 24],
      [80, 24],
      [40, 12],
      [20, 5],
      [3, 2],
    ] as const) {
      for (const overlay of [null, { type: 'help', scroll: 3 }, { type: 'palette', query: 'e', index: 2 }] as const) {
        view.set({ overlay });
        const { lines } = view.frame(columns, rows);
        assert.equal(lines.length, rows);
        for (const line of lines) assert.ok(lineWidth(line) <= columns, `${columns}×${rows}: ${plainText(line)}`);
      }
    }
  });

  it('acts on what is selected, on what is marked, and asks before it acts on everything', () => {
    const { press, screen } = play();
    assert.deepEqual(press('jr'), [{ type: 'apply', action: 'restart', services: ['db'] }]);
    assert.deepEqual(press(' j x'), [{ type: 'apply', action: 'stop', services: ['db', 'web'] }]);
    assert.deepEqual(press('ax'), []);
    assert.match(screen().at(-1) ?? '', /stop all services\? y: yes/);
    assert.deepEqual(press('n'), []);
    assert.deepEqual(press('xy'), [{ type: 'apply', action: 'stop', services: [] }]);
    assert.deepEqual(press('u'), [{ type: 'apply', action: 'up', services: [] }]);
  });

  it('does one thing after the other, and leaves none unfinished without a question', () => {
    const { view, press, screen } = play();
    view.set({ busy: 'up…' });
    assert.deepEqual(press('js'), []);
    assert.match(screen().at(-1) ?? '', /up…: one thing after the other/);
    assert.deepEqual(press('q'), []);
    assert.deepEqual(press('y'), [{ type: 'quit' }]);
  });

  it('asks how many, and takes numbers only', () => {
    const { press, screen } = play();
    press('jSmany\r');
    assert.match(screen().at(-1) ?? '', /db has 1, make it: many.*write a number/);
    press('\x15');
    assert.deepEqual(press('3\r'), [{ type: 'scale', service: 'db', count: 3 }]);
  });

  it('opens shells and addresses where there are any', () => {
    const { press, screen } = play([
      service('db-1', { state: 'exited (0)' }),
      service('web-1', { urls: ['http://localhost/'] }),
    ]);
    assert.deepEqual(press('je'), []);
    assert.match(screen().at(-1) ?? '', /nothing runs there/);
    assert.deepEqual(press('o'), []);
    assert.deepEqual(press('jeo'), [
      { type: 'shell', key: 'id web-1' },
      { type: 'open', url: 'http://localhost/' },
    ]);
  });

  it('every command of the palette can be run by name and by mouse', () => {
    const { view, press, screen, click } = play();
    press(':copy what');
    assert.deepEqual(press('\r'), [{ type: 'copy', text: '' }]);
    press(':');
    const rows = screen();
    const row = rows.findIndex((text) => text.includes('Select the service below'));
    click(rows[row]?.indexOf('Select') ?? 0, row);
    assert.equal(view.state.overlay, null);
    assert.equal(view.state.selected, 'id db-1');
  });

  it('clicks select services and tabs, run hints, and close what is above', () => {
    const { view, screen, click } = play();
    click(10, 4);
    assert.equal(view.state.selected, 'id web-1');
    const rows = screen();
    const tabs = rows.findIndex((text) => text.includes('2 Health'));
    assert.deepEqual(click(rows[tabs]?.indexOf('Health') ?? 0, tabs), [{ type: 'details' }]);
    assert.equal(view.state.tab, 'health');
    const footer = rows.length - 1;
    click(rows[footer]?.indexOf('help') ?? 0, footer);
    assert.equal(view.state.overlay?.type, 'help');
    screen();
    click(0, 0);
    assert.equal(view.state.overlay, null);
  });

  it('the wheel scrolls what it is above', () => {
    const { view, press, screen } = play();
    view.logs.add(
      view.buffer.push(
        Array.from({ length: 50 }, (_value, index) => ({ time: '', source: 'id db-1', text: `${index}` })),
      ),
    );
    screen();
    press('\x1b[<64;10;20M');
    assert.ok(!view.logs.isFollowing);
    press('\x1b[<65;10;3M');
    assert.equal(view.state.selected, 'id db-1');
  });

  it('a replacement of the selected container is selected', () => {
    const { view, press } = play();
    press('jj');
    view.setServices([service('db-1'), service('web-1', { key: 'new', containerId: 'new' })]);
    assert.equal(view.state.selected, 'new');
    view.setServices([service('db-1')]);
    assert.equal(view.state.selected, '*');
  });

  it('searches and filters as it is typed, and escape takes it back step by step', () => {
    const { view, press, screen } = play();
    view.logs.add(view.buffer.push([{ time: '1', source: 'id db-1', text: 'slow query' }]));
    press('/nothing\r');
    assert.match(screen().at(-1) ?? '', /no earlier match of "nothing"/);
    press('\x1b');
    assert.equal(view.logs.searched, '');
    press('f(\r');
    assert.match(screen().at(-1) ?? '', /filter.*\(.*Unterminated/);
    press('\x15slow\r');
    assert.match(screen().join('\n'), /filter \/slow\//);
    press('\x1b');
    assert.equal(view.logs.filter, '');
  });

  it('a paste goes into what is typed, and nowhere else', () => {
    const { view, press } = play();
    assert.deepEqual(press('\x1b[200~xq\x1b[201~'), []);
    press('f\x1b[200~a\nb\x1b[201~\r');
    assert.equal(view.logs.filter, 'a b');
  });
});
