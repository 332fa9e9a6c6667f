import assert from 'node:assert/strict';
import { Terminal } from '../support/terminal.ts';

describe('the terminal of the tests', () => {
  it('shows what a program prints, tells it keys and sizes, and keeps what scrolled away', async () => {
    const script = [
      'stty -echo -icanon; trap "stty size" WINCH; seq 30; printf "\\033[32mgreen\\033[0m\\n"; stty size',
      'while key=$(dd bs=64 count=1 2>/dev/null); do',
      '  [ "$key" = q ] && exit 3; printf "<%s>\\n" "$key" | cat -v; done',
    ].join('\n');
    await using terminal = await Terminal.open({ command: ['bash', '-c', script], columns: 40, rows: 10 });
    const screen = await terminal.shows(/^10 40$/m);
    assert.deepEqual(screen, ['24', '25', '26', '27', '28', '29', '30', 'green', '10 40', '']);
    assert.ok((await terminal.screen({ colors: true })).some((line) => line.includes('\x1b[32mgreen')));
    assert.equal((await terminal.scrollback())[0], '1');
    await terminal.press('a');
    await terminal.shows(/^<a>$/m);
    await terminal.press('Up');
    await terminal.shows(/^<\^\[(O|\[)A>$/m);
    await terminal.type('d; é');
    await terminal.shows(/^<d; M-CM-\)>$/m);
    await terminal.click(7, 5);
    await terminal.shows(/\^\[\[<0;7;5M/);
    await terminal.shows(/\^\[\[<0;7;5m/);
    await terminal.resize(60, 12);
    await terminal.press('b');
    await terminal.shows(/^12 60$/m);
    await terminal.press('q');
    assert.equal(await terminal.exitCode(), 3);
    assert.match((await terminal.screen()).join('\n'), /12 60/);
  });

  it('tells the signal that ended a program, and that the cursor is hidden', async () => {
    const script = 'printf "\\033[?25lhello"; sleep 0.1; exec sleep 100';
    await using terminal = await Terminal.open({ command: ['sh', '-c', script] });
    await terminal.shows(/hello/);
    assert.deepEqual(await terminal.cursor(), { column: 5, row: 0, isVisible: false });
    process.kill(terminal.pid, 'SIGKILL');
    assert.equal(await terminal.exitCode(), 137);
  });
});
