import { setFlagsFromString } from 'node:v8';
import type { PublishedPort } from '../../model/records.ts';
import type { FooterKey } from '../../ui/ink/footer.ts';
import type { ScreenKey } from '../../ui/ink/screen.ts';
import { PlainScreen, type Screen } from '../../ui/screen.ts';
import { keepCompiledModules } from '../../util/code-cache.ts';
import type { Context } from '../context.ts';
import { openInBrowser, publishedUrls } from '../open-in-browser.ts';
import { openProgress, progressForm } from '../progress.ts';

const footerKeys: readonly FooterKey[] = [
  { key: 'd', label: 'detach', help: 'end this command; the containers go on' },
  { key: 'o', label: 'open', help: 'open a published address in the browser' },
  {
    key: 'w',
    label: 'watch',
    watchingLabel: 'watching',
    help: 'follow changes of files, as develop.watch says; again: no more',
  },
  { key: '?', label: 'help', help: 'show or hide these lines' },
  { key: 'Enter', label: '', help: 'an empty line, to part what comes from what was', isMinor: true },
  { key: 'Ctrl+Z', label: '', help: 'suspend this command; the containers go on', isMinor: true },
  { key: 'Ctrl+C', label: 'stop', help: 'stop the containers; again: kill them' },
];

/** How long something is said that nobody has to answer. */
const hintMs = 5000;

/** What a person types while the footer is shown. */
export class AttachedKeys {
  onInterrupt: () => void = () => {};
  onDetach: () => void = () => {};
  onWatch: () => void = () => {};
  /** What running containers publish, by name. */
  readonly ports = new Map<string, readonly PublishedPort[]>();
  readonly #context: Context;
  #screen: Screen | undefined;
  #silence: NodeJS.Timeout | undefined;
  /** What the digits stand for. */
  #urls: readonly string[] = [];

  constructor(context: Context) {
    this.#context = context;
  }

  bind(screen: Screen): void {
    this.#screen = screen;
  }

  press(key: ScreenKey): void {
    const urls = this.#urls;
    this.#choose(undefined);
    if (key === 'interrupt') this.onInterrupt();
    else if (key === 'detach') this.onDetach();
    else if (key === 'watch') this.onWatch();
    else if (key === 'enter') void this.#screen?.write('\n', '');
    else if (key === 'open') this.#offer();
    else if (key !== 'escape') this.#choose(urls[key - 1]);
  }

  #offer(): void {
    const urls = publishedUrls(this.ports.values());
    if (urls.length === 0) this.#say('nothing is published');
    else if (urls.length === 1) void this.#open(urls[0] as string);
    else {
      this.#urls = urls;
      this.#screen?.tell({ type: 'choice', choice: { title: 'Open: press a digit', items: urls } });
    }
  }

  #choose(url: string | undefined): void {
    this.#urls = [];
    this.#screen?.tell({ type: 'choice', choice: null });
    if (url !== undefined) void this.#open(url);
  }

  async #open(url: string): Promise<void> {
    const isOpened = await openInBrowser(url, this.#context);
    this.#say(isOpened ? `opened ${url}` : `${url} (there is no browser here)`);
  }

  #say(text: string): void {
    clearTimeout(this.#silence);
    this.#screen?.tell({ type: 'hint', text });
    this.#silence = setTimeout(() => this.#screen?.tell({ type: 'hint', text: null }), hintMs);
    this.#silence.unref();
  }
}

/** The footer on a terminal where somebody can type, plain lines elsewhere. */
export async function openAttachedScreen(
  menu: 'shown' | 'hidden',
  label: (name: string) => string,
  keys: AttachedKeys,
  context: Context,
): Promise<Screen> {
  const { stdin, stdout, stderr, signal } = context;
  const form = progressForm(context);
  const isTerminal = stdout.isTTY === true && stderr.isTTY === true && stdin.isTTY === true;
  if (isTerminal && form === 'tty' && menu === 'shown') {
    keepCompiledModules();
    // Ink's layout is WebAssembly, of which V8's optimizing compiler would cost more than so few rows ever give back.
    setFlagsFromString('--liftoff-only');
    const { InkScreen } = await import('../../ui/ink/screen.ts');
    const screen = new InkScreen({
      stdin,
      stdout,
      keys: footerKeys,
      label,
      onKey: (key) => keys.press(key),
      skippedText: (lines) => `… ${lines.toLocaleString('en')} lines came too fast to be read: tscompose logs has them`,
    });
    keys.bind(screen);
    return screen;
  }
  // A list that redraws itself and logs would write over each other.
  const reporter = await openProgress(context, form === 'tty' ? 'plain' : form);
  return new PlainScreen({ stdout, stderr, reporter, signal });
}
