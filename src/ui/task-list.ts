import { EOL } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { DefaultRenderer, Listr, ListrLogger, type ListrTask, ProcessOutput } from 'listr2';
import { BottomFrame } from './bottom-frame.ts';

/** Our rows of a listr2 list: what a task prints last stands below its title, all lines of it. */
export type ListTask = Pick<ListrTask, 'title' | 'task'>;

/**
 * A list on a terminal that fills in place. Its interrupts are the entry point's, its errors are told elsewhere, and it draws as `BottomFrame` does:
 * only what changed, in one piece, and whatever a resize has done to it.
 */
export function taskList(
  tasks: readonly ListTask[],
  { stderr, isColored }: { readonly stderr: NodeJS.WriteStream; readonly isColored: boolean },
): Listr<unknown, typeof DefaultRenderer> {
  const rendererOptions = {
    logger: new ListrLogger({
      useIcons: true,
      toStderr: [],
      processOutput: new ProcessOutput(stderr, stderr, { leaveEmptyLine: false }),
    }),
    // Its own would be settled by stdout and the environment.
    color: isColored ? colors : plain,
    showErrorMessage: false,
    formatOutput: 'truncate' as const,
  };
  return new Listr(
    tasks.map((task) => ({ ...task, rendererOptions: { outputBar: 1 } })),
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
const colors = { PENDING: paint(33), COMPLETED: paint(32), FAILED: paint(31), WAITING: paint(90) };
const plain = { PENDING: asItIs, COMPLETED: asItIs, FAILED: asItIs, WAITING: asItIs };

function frameRenderer(stderr: NodeJS.WriteStream): typeof DefaultRenderer {
  // While a list is shown, what others write waits: this is the way past it.
  const write = stderr.write.bind(stderr) as (text: string) => boolean;
  return class FrameRenderer extends DefaultRenderer {
    // listr2 looks whether stdout is a terminal, and ours is stderr, which was found to be one.
    static override nonTTY = true;

    readonly #frame = new BottomFrame();
    readonly #onResize = () => write(this.#frame.redraw(this.#rows()));
    readonly #onExit = () => write(this.#frame.close());

    override async render(): Promise<void> {
      stderr.on('resize', this.#onResize);
      process.once('exit', this.#onExit);
      await super.render();
    }

    override update(): void {
      const change = this.#frame.update(this.#rows());
      if (change !== '') write(change);
    }

    override end(): void {
      stderr.off('resize', this.#onResize);
      process.removeListener('exit', this.#onExit);
      write(this.#frame.close());
      super.end();
    }

    #rows(): string[] {
      return fitRows(this.create().split(EOL), (stderr.rows || 24) - 1);
    }
  };
}

/** At most so many rows: what is done gives way first, from the top, then what comes last. Says how much is not shown. */
export function fitRows(rows: readonly string[], limit: number): string[] {
  if (rows.length <= limit) return [...rows];
  let excess = rows.length - limit + 1;
  const kept = rows.filter((row) => {
    const gives = excess > 0 && stripVTControlCharacters(row).startsWith('✔');
    if (gives) excess--;
    return !gives;
  });
  const shown = kept.slice(0, Math.max(0, limit - 1));
  const isDone = kept.length === shown.length;
  return [...shown, `  + ${rows.length - shown.length} more${isDone ? ', done' : ''}`].slice(0, Math.max(1, limit));
}
