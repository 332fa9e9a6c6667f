/** The flags of an instruction: `--name`, `--name=value`, before its arguments. */
import { didYouMean } from '../../util/nearest.ts';
import type { Text } from './instruction.ts';
import type { LogicalLine } from './lines.ts';
import { DockerfileProblem } from './problem.ts';

type FlagType = 'text' | 'list' | 'boolean';

/** By instruction. */
const known: Readonly<Record<string, Readonly<Record<string, FlagType>>>> = {
  from: { platform: 'text' },
  run: { mount: 'list', network: 'text', security: 'text' },
  copy: { from: 'text', chown: 'text', chmod: 'text', link: 'boolean', parents: 'boolean', exclude: 'list' },
  add: {
    chown: 'text',
    chmod: 'text',
    link: 'boolean',
    exclude: 'list',
    checksum: 'text',
    'keep-git-dir': 'boolean',
    unpack: 'boolean',
  },
  healthcheck: { interval: 'text', timeout: 'text', 'start-period': 'text', 'start-interval': 'text', retries: 'text' },
};

/** The flags of one instruction, checked. */
export class Flags {
  readonly #given: ReadonlyMap<string, readonly Text[]>;

  constructor(given: ReadonlyMap<string, readonly Text[]>) {
    this.#given = given;
  }

  text(name: string): Text | null {
    return this.#given.get(name)?.at(-1) ?? null;
  }

  list(name: string): readonly Text[] {
    return this.#given.get(name) ?? [];
  }

  boolean(name: string): boolean | null {
    const text = this.text(name);
    if (text === null) return null;
    if (/^(1|t|true|)$/i.test(text.value)) return true;
    if (/^(0|f|false)$/i.test(text.value)) return false;
    throw new DockerfileProblem(text.place, `--${name} is true or false, and not ${JSON.stringify(text.value)}`);
  }
}

/** Reads the flags from `at` on; `rest` is where the arguments begin. Throws DockerfileProblem. */
export function readFlags(
  line: LogicalLine,
  at: number,
  keyword: string,
  escapeChar: string,
): { readonly flags: Flags; readonly rest: number } {
  const table = known[keyword] ?? {};
  const given = new Map<string, Text[]>();
  const { text } = line;
  let rest = at;
  for (;;) {
    while (rest < text.length && /\s/.test(text[rest]!)) rest += 1;
    if (!text.startsWith('--', rest)) return { flags: new Flags(given), rest };
    const { value: word, end } = readWord(text, rest, escapeChar);
    const place = line.place(rest, end - rest);
    if (word === '--') return { flags: new Flags(given), rest: end };
    const [name = '', ...parts] = word.slice(2).split('=');
    const type = Object.hasOwn(table, name) ? table[name] : undefined;
    if (type === undefined) {
      throw new DockerfileProblem(
        place,
        `${keyword.toUpperCase()} has no flag --${name}`,
        didYouMean(name, Object.keys(table))?.replace('did you mean ', 'did you mean --') ??
          (Object.keys(table).length === 0
            ? 'it takes none'
            : `it has ${Object.keys(table)
                .map((flag) => `--${flag}`)
                .join(', ')}`),
      );
    }
    const value = parts.join('=');
    if (type !== 'boolean' && parts.length === 0) {
      throw new DockerfileProblem(place, `--${name} needs a value`, `write --${name}=…`);
    }
    const before = given.get(name);
    if (before !== undefined && type !== 'list') throw new DockerfileProblem(place, `--${name} is given twice`);
    given.set(name, [...(before ?? []), { value, place }]);
    rest = end;
  }
}

/** A word, its quotes taken away: `--mount="type=bind,target=/a b"`. */
function readWord(text: string, at: number, escapeChar: string): { readonly value: string; readonly end: number } {
  let value = '';
  let quote = '';
  let end = at;
  for (; end < text.length; end++) {
    const char = text[end]!;
    if (quote === '' && /\s/.test(char)) break;
    if (char === escapeChar && end + 1 < text.length) {
      // Quotes are dealt with here; what else is escaped is for the expansion.
      const next = text[++end]!;
      value += next === '"' || next === "'" || /\s/.test(next) ? next : char + next;
    } else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
    else value += char;
  }
  return { value, end };
}
