/** Words as a Dockerfile has them: quotes, escapes and `${variable}` forms; not a shell, though it looks like one. */
import { shellPattern } from './shell-pattern.ts';

export class ShellError extends Error {
  /** In the word that was read. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.name = 'ShellError';
    this.at = at;
  }
}

export interface RawWord {
  readonly text: string;
  readonly at: number;
}

/** What a variable holds; undefined: it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface Expansion {
  readonly text: string;
  /** Split where unquoted blanks are, also those that variables bring. */
  readonly words: readonly string[];
  /** Variables that were asked for and are not set, without a default. */
  readonly unset: readonly string[];
}

export interface ShellOptions {
  readonly escapeChar: '\\' | '`';
}

const blank = /[ \t\r\n\v\f]/;

export class ShellWords {
  readonly #escape: string;

  constructor({ escapeChar }: ShellOptions) {
    this.#escape = escapeChar;
  }

  /** Cuts at unquoted blanks; quotes and escapes stay. Throws ShellError when a quote is not closed. */
  split(text: string): RawWord[] {
    const words: RawWord[] = [];
    let at = 0;
    while (at < text.length) {
      if (blank.test(text[at]!)) {
        at += 1;
        continue;
      }
      const start = at;
      let quote = '';
      for (; at < text.length; at++) {
        const char = text[at]!;
        if (quote === '' && blank.test(char)) break;
        if (char === this.#escape && quote !== "'") at += 1;
        else if (quote === '' && (char === '"' || char === "'")) quote = char;
        else if (char === quote) quote = '';
      }
      if (quote !== '') throw new ShellError(`a ${quote} is not closed`, start);
      words.push({ text: text.slice(start, at), at: start });
    }
    return words;
  }

  /** Takes away quotes and escapes and leaves variables alone. */
  unquote(word: string): string {
    return new Reader(word, this.#escape, null, { areQuotesKept: false }).readAll().text;
  }

  /** The word with its variables. Throws ShellError. */
  expand(word: string, lookup: Lookup): Expansion {
    return new Reader(word, this.#escape, lookup, { areQuotesKept: false }).readAll();
  }

  /** The same for text in which quotes are nothing special: a here-document. */
  expandText(text: string, lookup: Lookup): string {
    return new Reader(text, this.#escape, lookup, { areQuotesKept: true }).readAll().text;
  }
}

class Reader {
  readonly #text: string;
  readonly #escape: string;
  readonly #lookup: Lookup | null;
  readonly #areQuotesKept: boolean;
  readonly #unset = new Set<string>();
  #at = 0;
  #words: string[] = [];
  #isInWord = false;

  constructor(text: string, escapeChar: string, lookup: Lookup | null, options: { readonly areQuotesKept: boolean }) {
    this.#text = text;
    this.#escape = escapeChar;
    this.#lookup = lookup;
    this.#areQuotesKept = options.areQuotesKept;
  }

  readAll(): Expansion {
    const text = this.#readUntil('');
    return { text, words: this.#words, unset: [...this.#unset] };
  }

  /** Up to `stop`, which is consumed; '' is the end. Escapes before pattern characters stay with `isPattern`. */
  #readUntil(stop: string, isPattern = false): string {
    const start = this.#at;
    const isOuter = stop === '';
    let result = '';
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) {
        if (isOuter) return result;
        throw new ShellError(`a ${stop} is missing`, Math.max(0, start - 1));
      }
      if (char === stop) {
        this.#at += 1;
        return result;
      }
      if (!this.#areQuotesKept && char === "'") {
        const quoted = this.#readSingleQuoted();
        if (isOuter) this.#addRaw(quoted);
        result += quoted;
      } else if (!this.#areQuotesKept && char === '"') {
        const quoted = this.#readDoubleQuoted();
        if (isOuter) this.#addRaw(quoted);
        result += quoted;
      } else if (char === '$') {
        const value = this.#readDollar();
        if (isOuter) this.#add(value);
        result += value;
      } else if (char === this.#escape) {
        const next = this.#text[this.#at + 1];
        // The backslash of a here-document escapes only what would be special there.
        const isKept = isPattern || (this.#areQuotesKept && next !== '$' && next !== this.#escape);
        this.#at += next === undefined ? 1 : 2;
        const piece = next === undefined ? (this.#areQuotesKept ? char : '') : isKept ? char + next : next;
        if (isOuter) this.#addRaw(piece);
        result += piece;
      } else {
        this.#at += 1;
        if (isOuter) this.#add(char);
        result += char;
      }
    }
  }

  #readSingleQuoted(): string {
    const start = this.#at;
    const end = this.#text.indexOf("'", start + 1);
    if (end < 0) throw new ShellError("a ' is not closed", start);
    this.#at = end + 1;
    return this.#text.slice(start + 1, end);
  }

  #readDoubleQuoted(): string {
    const start = this.#at++;
    let result = '';
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) throw new ShellError('a " is not closed', start);
      if (char === '"') {
        this.#at += 1;
        return result;
      }
      if (char === '$') {
        result += this.#readDollar();
      } else if (char === this.#escape) {
        const next = this.#text[this.#at + 1];
        if (next === undefined) throw new ShellError('a " is not closed', start);
        result += next === '"' || next === '$' || next === this.#escape ? next : char + next;
        this.#at += 2;
      } else {
        result += char;
        this.#at += 1;
      }
    }
  }

  #readDollar(): string {
    const start = this.#at++;
    if (this.#text[this.#at] !== '{') {
      const name = this.#readName();
      if (name === '') return '$';
      return this.#valueOf(name) ?? (this.#lookup === null ? this.#text.slice(start, this.#at) : '');
    }
    this.#at += 1;
    const name = this.#readName();
    if (name === '') throw new ShellError('bad substitution', start);
    const value = this.#modified(name, start);
    return value ?? (this.#lookup === null ? this.#text.slice(start, this.#at) : '');
  }

  /** After the name in `${name`. */
  #modified(name: string, start: number): string | undefined {
    const missing = () => new ShellError('a } is missing', start);
    let operator = this.#text[this.#at++];
    if (operator === undefined) throw missing();
    if (operator === '}') return this.#valueOf(name);
    if (operator === '/') {
      const isEvery = this.#text[this.#at] === '/';
      if (isEvery) this.#at += 1;
      const pattern = this.#readUntil('/', true);
      const replacement = this.#readUntil('}');
      const value = this.#valueOf(name);
      if (value === undefined) return undefined;
      const expression = shellPattern(pattern, { isGreedy: true, flags: isEvery ? 'gs' : 's' });
      return value.replace(expression, () => replacement);
    }
    const isEmptyUnset = operator === ':';
    if (isEmptyUnset) operator = this.#text[this.#at++];
    if (operator === undefined) throw missing();
    if (operator === '#' || operator === '%') {
      const isGreedy = this.#text[this.#at] === operator;
      if (isGreedy) this.#at += 1;
      const pattern = this.#readUntil('}', true);
      const value = this.#valueOf(name);
      return value === undefined
        ? undefined
        : operator === '#'
          ? withoutPrefix(value, pattern, isGreedy)
          : withoutSuffix(value, pattern, isGreedy);
    }
    if (operator !== '-' && operator !== '+' && operator !== '?') {
      const text = isEmptyUnset ? `:${operator}` : operator;
      throw new ShellError(`unsupported modifier (${text}) in the substitution of ${name}`, start);
    }
    const word = this.#readUntil('}');
    const value = this.#peek(name);
    const isUsed = value !== undefined && !(isEmptyUnset && value === '');
    if (operator === '-') return isUsed ? value : word;
    if (operator === '+') return isUsed ? word : '';
    if (isUsed) return value;
    if (this.#lookup === null) return undefined;
    const reason = value === undefined ? 'it is not set' : 'it is empty';
    throw new ShellError(`${name}: ${word === '' ? reason : word}`, start);
  }

  #readName(): string {
    const rest = this.#text.slice(this.#at);
    const [name = ''] = /^(?:[A-Za-z_]\w*|\d+|[@*#!?$-])/.exec(rest) ?? [];
    this.#at += name.length;
    return name;
  }

  #valueOf(name: string): string | undefined {
    const value = this.#peek(name);
    if (value === undefined && this.#lookup !== null) this.#unset.add(name);
    return value;
  }

  #peek(name: string): string | undefined {
    return this.#lookup?.(name);
  }

  #add(text: string): void {
    for (const char of text) {
      if (blank.test(char)) this.#isInWord = false;
      else this.#addRaw(char);
    }
  }

  #addRaw(text: string): void {
    if (this.#isInWord) this.#words.push((this.#words.pop() ?? '') + text);
    else this.#words.push(text);
    this.#isInWord = true;
  }
}

function withoutPrefix(value: string, pattern: string, isGreedy: boolean): string {
  const { source } = shellPattern(pattern, { isGreedy, flags: 's' });
  return value.replace(new RegExp(`^(?:${source})`, 's'), '');
}

/** From the end: the shortest is what a lazy expression finds last, so every start is tried. */
function withoutSuffix(value: string, pattern: string, isGreedy: boolean): string {
  const { source } = shellPattern(pattern, { isGreedy: true, flags: 's' });
  const whole = new RegExp(`^(?:${source})$`, 's');
  const starts = Array.from({ length: value.length + 1 }, (_, index) => (isGreedy ? index : value.length - index));
  const start = starts.find((index) => whole.test(value.slice(index)));
  return start === undefined ? value : value.slice(0, start);
}
