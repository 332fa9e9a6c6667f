import { EOL } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { DefaultRenderer, figures, Listr, ListrLogger, ListrTaskState, ProcessOutput } from 'listr2';
import { BottomFrame } from './bottom-frame.ts';

/** `waiting`: not begun, or between two steps. `left`: begun, and given up before its end. */
export type LineState = 'waiting' | 'working' | 'left';

/** Sets what a line shows: its title, and lines below it; without a state that of what has come to its end, or is about to. */
export type ShowLine = (title: string, details: string, state: LineState | undefined) => void;

/** A line of a list: done when its promise is fulfilled unless it is shown as waiting or left, failed when it is rejected. */
export interface ListLine {
  readonly title: string;
  readonly run: (show: ShowLine) => Promise<void>;
}

const waitingMark = '○';
const states = {
  waiting: ListrTaskState.WAITING,
  working: ListrTaskState.STARTED,
  left: ListrTaskState.CANCELLED,
} as const;

/**
 * A list on a terminal that fills in place. Its interrupts are the entry point's, its errors are told elsewhere, and it draws as `BottomFrame` does:
 * only what changed, in one piece, and whatever a resize has done to it.
 */
export function taskList(
  lines: readonly ListLine[],
  { stderr, isColored }: { readonly stderr: NodeJS.WriteStream; readonly isColored: boolean },
): { run(): Promise<unknown> } {
  const rendererOptions = {
    logger: new ListrLogger({
      useIcons: true,
      toStderr: [],
      processOutput: new ProcessOutput(stderr, stderr, { leaveEmptyLine: false }),
    }),
    // Its own would be settled by stdout and the environment.
    color: isColored ? colors : plain,
    icon: { WAITING: waitingMark },
    showErrorMessage: false,
    formatOutput: 'truncate' as const,
  };
  return new Listr(
    lines.map(({ title, run }) => ({
      title,
      task: (_context, wrapper) => {
        const { task } = wrapper;
        return run((text, details, state) => {
          wrapper.title = text;
          // Of what is over the renderer keeps no lines, and takes none.
          if (!task.hasFinalized()) wrapper.output = details;
          // Tasks are run side by side, so to listr2 all of them have begun.
          const before = task.state;
          const next = state === undefined ? (before === states.waiting ? states.working : before) : states[state];
          if (next !== before) task.state$ = next;
        });
      },
      rendererOptions: { outputBar: 1 },
    })),
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      renderer: frameRenderer(stderr),
      rendererOptions,
    },
  );
}

const paint = (code: number) => (text?: string) => `\x1b[${code}m${text}\x1b[39m`;
const asItIs = (text?: string) => text ?? '';
const colors = {
  PENDING: paint(33),
  COMPLETED: paint(32),
  FAILED: paint(31),
  WAITING: paint(90),
  CANCELLED: paint(33),
};
const plain = { PENDING: asItIs, COMPLETED: asItIs, FAILED: asItIs, WAITING: asItIs, CANCELLED: asItIs };

function frameRenderer(stderr: NodeJS.WriteStream): typeof DefaultRenderer {
  // While a list is shown, what others write waits: this is the way past it.
  const write = stderr.write.bind(stderr) as (text: string) => boolean;
  return class FrameRenderer extends DefaultRenderer {
    // listr2 looks whether stdout is a terminal, and ours is stderr, which was found to be one.
    static override nonTTY = true;

    readonly #frame = new BottomFrame();
    readonly #onResize = () => write(this.#frame.redraw(this.#rows()));
    readonly #onExit = () => write(this.#frame.close());
    #isSuspended = false;
    /** As the shell expects it: the terminal is as it was, then the process stops. */
    readonly #onSuspend = () => {
      this.#isSuspended = true;
      write(this.#frame.close());
      process.kill(process.pid, 'SIGSTOP');
    };
    readonly #onContinue = () => {
      this.#isSuspended = false;
      write(this.#frame.redraw(this.#rows()));
    };

    override async render(): Promise<void> {
      stderr.on('resize', this.#onResize);
      process.once('exit', this.#onExit);
      process.on('SIGTSTP', this.#onSuspend);
      process.on('SIGCONT', this.#onContinue);
      await super.render();
    }

    override update(): void {
      if (this.#isSuspended) return;
      const change = this.#frame.update(this.#rows());
      if (change !== '') write(change);
    }

    override end(): void {
      stderr.off('resize', this.#onResize);
      process.removeListener('exit', this.#onExit);
      process.removeListener('SIGTSTP', this.#onSuspend);
      process.removeListener('SIGCONT', this.#onContinue);
      write(this.#frame.close());
      super.end();
    }

    #rows(): string[] {
      return fitRows(this.create().split(EOL), (stderr.rows || 24) - 1);
    }
  };
}

/**
 * At most so many rows: what is done gives way first, from the top, then what waits, from the bottom, then what comes last.
 * Says how much is not shown.
 */
export function fitRows(rows: readonly string[], limit: number): string[] {
  if (rows.length <= limit) return [...rows];
  const room = Math.max(0, limit - 1);
  const withoutDone = without(rows, rows.length - room, doneMark);
  const kept = without(withoutDone.toReversed(), withoutDone.length - room, waitingMark)
    .toReversed()
    .slice(0, room);
  const hidden = rows.filter((row) => !kept.includes(row) && !row.startsWith(' '));
  const done = count(hidden, doneMark);
  const waiting = count(hidden, waitingMark);
  const texts = [
    ...(done > 0 ? [`${done} done`] : []),
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(hidden.length > done + waiting ? [`${hidden.length - done - waiting} more`] : []),
  ];
  return [...kept, `  + ${texts.join(', ')}`].slice(0, Math.max(1, limit));
}

const doneMark = figures.tick;

function without(rows: readonly string[], excess: number, mark: string): string[] {
  let left = excess;
  return rows.filter((row) => left <= 0 || !isMarked(row, mark) || left-- <= 0);
}

function count(rows: readonly string[], mark: string): number {
  return rows.filter((row) => isMarked(row, mark)).length;
}

function isMarked(row: string, mark: string): boolean {
  return stripVTControlCharacters(row).startsWith(mark);
}
