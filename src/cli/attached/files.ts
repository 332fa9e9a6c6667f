import type { WriteStream } from 'node:tty';
import type { WatchEvent } from '../../model/watch.ts';
import { lineStream } from '../../ui/line-stream.ts';
import type { Screen } from '../../ui/screen.ts';
import type { Context } from '../context.ts';
import type { ImageSettings } from '../images.ts';
import { progressForm } from '../progress.ts';
import { WatchSwitch } from '../watch/switch.ts';
import type { AttachedPrinter } from './printer.ts';
import type { AttachedScope } from './scope.ts';

export interface AttachedFilesOptions {
  readonly scope: AttachedScope;
  readonly screen: Screen;
  readonly printer: AttachedPrinter;
  readonly images: ImageSettings;
  readonly context: Context;
  /** It is over; null: because it was turned off. */
  readonly ended: (error: unknown) => void;
}

/** The watching of files beside an attached `up`: turned on and off, as often as somebody likes. */
export class AttachedFiles {
  readonly #options: AttachedFilesOptions;
  readonly #switch: WatchSwitch;
  #since: Date | undefined;

  constructor(options: AttachedFilesOptions) {
    this.#options = options;
    const { scope, printer, ended } = options;
    // The first watch knows what became of the files while they were built from and started.
    this.#since = scope.attach.watch === 'on' ? new Date(performance.timeOrigin) : undefined;
    this.#switch = new WatchSwitch({
      watch: (signal, tell) => this.#watch(signal, tell),
      tell: (event) => {
        if (event.type === 'enabled') options.screen.tell({ type: 'watching', isOn: true });
        printer.watch(event);
      },
      ended: (error) => {
        options.screen.tell({ type: 'watching', isOn: false });
        ended(error);
      },
    });
  }

  get isOn(): boolean {
    return this.#switch.isOn;
  }

  /** Whether containers end because of a change: nobody has to do anything about it. */
  get isWorking(): boolean {
    return this.#switch.isWorking;
  }

  toggle(): void {
    this.#switch.toggle();
  }

  /** Turns it off, and waits until what it was about is over. */
  async stop(): Promise<void> {
    await this.#switch.stop();
  }

  async #watch(signal: AbortSignal, tell: (event: WatchEvent) => void): Promise<void> {
    const { watchProject } = await import('../watch/watch.ts');
    const { scope, screen, printer, images, context } = this.#options;
    const { services } = scope.settings;
    const form = progressForm(context);
    const since = this.#since ?? context.clock.now();
    this.#since = undefined;
    await watchProject(
      scope.session,
      {
        services,
        apply: scope.settings,
        images,
        projectFiles: scope.attach.projectFiles,
        since,
        oldImages: 'pruned',
      },
      {
        signal,
        tell,
        report: (event) => {
          screen.reporter.report(event);
          if (event.type === 'output') void printer.hook(event);
        },
        // What redraws itself and logs would write over each other.
        buildForm: screen.showsStack || images.isQuiet ? 'quiet' : form === 'tty' ? 'plain' : form,
        adopt: (session) => scope.adopt(session),
      },
      besideScreen(screen, context),
    );
  }
}

/** For what is done while a screen is shown: all that it prints goes through that, in lines that stay as they are. */
function besideScreen(screen: Screen, context: Context): Context {
  const form = progressForm(context);
  const globals = { ...context.globals, progress: form === 'tty' ? 'plain' : form } as const;
  if (!screen.showsStack) return { ...context, globals };
  const stream = lineStream((lines) => screen.write(lines, '')) as unknown as WriteStream;
  return { ...context, globals, stdout: stream, stderr: stream };
}
