/** Lines of logs as Compose prints them: a padded, coloured name before each. Pure but for the table of names. */

/** The cycle of colours: the plain ones, then the same bright, in the order in which names appear. */
const colors = ['36', '33', '32', '35', '34', '36;1', '33;1', '32;1', '35;1', '34;1'];

export interface LogFormatOptions {
  readonly prefix: 'name' | 'none';
  readonly isColored: boolean;
  readonly timestamps: 'shown' | 'hidden';
}

export class LogFormat {
  readonly #options: LogFormatOptions;
  readonly #colorOf = new Map<string, string>();
  readonly #prefixes = new Map<string, string>();
  #width = 0;

  constructor(options: LogFormatOptions) {
    this.#options = options;
  }

  /** Makes room for a name: the column is as wide as the longest one, and one more. */
  register(name: string): void {
    if (this.#colorOf.has(name)) return;
    this.#colorOf.set(name, colors[this.#colorOf.size % colors.length] ?? '');
    if (name.length + 1 > this.#width) {
      this.#width = name.length + 1;
      this.#prefixes.clear();
    }
  }

  /** One line of output, its newline included. */
  line(name: string, time: string, text: string): string {
    const stamped = this.#options.timestamps === 'shown' ? `${time} ${text}` : text;
    return `${this.#prefix(name)}${stamped}\n`;
  }

  /** What we say about a container ourselves: `web-1 exited with code 0`. */
  status(name: string, text: string): string {
    this.register(name);
    return `${this.#paint(name, `${name} ${text}`)}\n`;
  }

  /** What the watch says, beside the column of names. */
  watch(text: string): string {
    const mark = this.#options.isColored ? '\x1b[92m ⦿ \x1b[0m' : ' ⦿ ';
    return `${' '.repeat(this.#options.prefix === 'none' ? 0 : this.#width)}${mark}${text}\n`;
  }

  #prefix(name: string): string {
    if (this.#options.prefix === 'none') return '';
    this.register(name);
    let prefix = this.#prefixes.get(name);
    if (prefix === undefined) {
      prefix = this.#paint(name, `${name.padEnd(this.#width)} | `);
      this.#prefixes.set(name, prefix);
    }
    return prefix;
  }

  #paint(name: string, text: string): string {
    return this.#options.isColored ? `\x1b[${this.#colorOf.get(name)}m${text}\x1b[0m` : text;
  }
}
