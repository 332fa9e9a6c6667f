import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';

const execute = promisify(execFile);

export interface TerminalOptions {
  /** The program and its arguments, run by no shell. */
  readonly command: readonly [string, ...string[]];
  readonly columns?: number;
  readonly rows?: number;
  readonly directory?: string;
  /** The whole of it; the default is ours without what settles colours and without another tmux. */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * A program in a real terminal: a tmux server of its own, without anybody's configuration. When the program has ended, its
 * last screen can still be read. Disposing ends program and server.
 */
export class Terminal implements AsyncDisposable {
  readonly #directory: string;
  readonly #socket: string;
  readonly #exitFile: string;
  #processes: readonly number[] = [];

  static async open(options: TerminalOptions): Promise<Terminal> {
    const terminal = new Terminal();
    try {
      await terminal.#start(options);
    } catch (error) {
      rmSync(terminal.#directory, { recursive: true, force: true });
      throw error;
    }
    return terminal;
  }

  private constructor() {
    // Short: a unix socket's path is limited to 107 bytes (unix(7)).
    this.#directory = mkdtempSync('/tmp/tsc-tmux-');
    this.#socket = join(this.#directory, 'tmux');
    this.#exitFile = join(this.#directory, 'code');
  }

  async #start({ command, columns = 80, rows = 24, directory = '/', environment }: TerminalOptions): Promise<void> {
    const { TMUX: _tmux, NO_COLOR: _noColor, FORCE_COLOR: _forceColor, ...ambient } = process.env;
    const settings = {
      'default-terminal': 'tmux-256color',
      'history-limit': '20000',
      'remain-on-exit': 'on',
      'remain-on-exit-format': '',
      status: 'off',
    };
    const args = [
      ...Object.entries(settings).flatMap(([name, value]) => ['set-option', '-g', name, value, ';']),
      ...['new-session', '-d', '-x', String(columns), '-y', String(rows), '-c', directory, '--'],
      // tmux 3.3 now and then forgets what a program ended with.
      ...['sh', '-c', 'trap : INT QUIT; "$@"; echo $? >"$0"', this.#exitFile, ...command],
      ...[';', 'display-message', '-p', '#{pid} #{pane_pid}'],
    ];
    // tmux takes an argument that ends in a semicolon for the end of a command.
    assert.ok(command.every((word) => !word.endsWith(';')));
    const { stdout } = await execute('tmux', ['-u', '-f', '/dev/null', '-S', this.#socket, ...args], {
      env: environment ?? { ...ambient, LANG: 'C.UTF-8' },
    });
    this.#processes = stdout.trim().split(' ').map(Number);
  }

  async #tmux(...args: string[]): Promise<string> {
    const options = { encoding: 'utf8', maxBuffer: 64 << 20 } as const;
    return (await execute('tmux', ['-u', '-S', this.#socket, ...args], options)).stdout;
  }

  /** The process id of the program, while it runs. */
  get pid(): number {
    return this.#children()[0] as number;
  }

  #children(): number[] {
    const shell = this.#processes[1];
    try {
      return readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number);
    } catch {
      return [];
    }
  }

  /** Presses keys by tmux's names: `C-c`, `Enter`, `Escape`, `Up`, `PPage`, `F1`, `d`. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  /** Types a text as it is. */
  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', '--', text);
  }

  /** Clicks as a terminal reports it to a program that asked for the mouse (SGR, 1006); both count from 1. */
  async click(column: number, row: number, button = 0): Promise<void> {
    for (const end of button < 64 ? 'Mm' : 'M') {
      const bytes = Buffer.from(`\x1b[<${button};${column};${row}${end}`);
      await this.#tmux('send-keys', '-H', ...[...bytes].map((byte) => byte.toString(16)));
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** The screen's rows, without blanks at their ends; with `colors`, and the sequences that make its colours. */
  async screen(options: { readonly colors?: boolean } = {}): Promise<string[]> {
    const text = await this.#tmux('capture-pane', '-p', ...(options.colors ? ['-e'] : []));
    return text.replace(/\n$/, '').split('\n');
  }

  /** What has scrolled away and the screen, lines that were broken at the edge made whole. */
  async scrollback(): Promise<string[]> {
    const text = await this.#tmux('capture-pane', '-p', '-J', '-S', '-');
    return text.trimEnd().split('\n');
  }

  /** Waits until the screen matches, or passes the check, and answers it. */
  async shows(
    expected: RegExp | ((screen: string[]) => void),
    options: { readonly timeoutMs?: number } = {},
  ): Promise<string[]> {
    return await eventually(
      async () => {
        const screen = await this.screen();
        if (expected instanceof RegExp) assert.match(screen.join('\n'), expected);
        else expected(screen);
        return screen;
      },
      { timeoutMs: 10_000, ...options },
    );
  }

  /** Waits until the program has ended and answers its exit code; for a signal's end 128 and its number. */
  async exitCode(options: { readonly timeoutMs?: number } = {}): Promise<number> {
    return await eventually(
      async () => {
        // Then all that it printed has been read, too.
        const isClosed = (await this.#tmux('display-message', '-p', '#{pane_dead}')).trim() === '1';
        const code = isClosed && existsSync(this.#exitFile) ? readFileSync(this.#exitFile, 'utf8') : '';
        if (!code.endsWith('\n')) assert.fail(`the program goes on:\n${(await this.screen()).join('\n')}`);
        return Number(code);
      },
      { timeoutMs: 10_000, ...options },
    );
  }

  /** Where the cursor stands, from 0, and whether it is seen. */
  async cursor(): Promise<{ readonly column: number; readonly row: number; readonly isVisible: boolean }> {
    const text = await this.#tmux('display-message', '-p', '#{cursor_x} #{cursor_y} #{cursor_flag}');
    const [column = 0, row = 0, flag] = text.trim().split(' ').map(Number);
    return { column, row, isVisible: flag === 1 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const processes = [...this.#processes, ...this.#children()];
    await this.#tmux('kill-server').catch(() => {});
    // The program hears of it by SIGHUP and may have something to put in order.
    await eventually(() => {
      for (const pid of processes) assert.ok(hasEnded(pid), `process ${pid} goes on`);
    });
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Also when nobody has asked for its exit code yet. */
function hasEnded(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
