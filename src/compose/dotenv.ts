import { type Lookup, substitute, TemplateError } from './template.ts';

/** What is wrong with a file of variables, and on which line (from 1). */
export class DotenvError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = 'DotenvError';
    this.line = line;
  }
}

export interface DotenvOptions {
  /** What wins over earlier lines in expansions, and gives a bare `KEY` its value. */
  readonly lookup: Lookup;
  /** What is asked when neither `lookup` nor the file itself knows a variable: files read before. */
  readonly fallback?: Lookup;
  readonly onUnset?: (name: string, line: number) => void;
}

const BLANK = '\\t\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACE = new RegExp(`[\\n${BLANK}]`);
const LEADING_BLANKS = /^[\t\v\f\r \u0085\u00a0]+/;
const TRAILING_SPACE = new RegExp(`[\\n${BLANK}]+$`);
const LETTER_OR_NUMBER = /[\p{L}\p{N}]/u;

/**
 * Reads a `.env` file: `KEY=value`, `KEY: value`, `export KEY=value`, a bare `KEY`, single quotes (literal), double quotes
 * (escapes and variables), values over several lines in quotes, and `#` comments after a blank. Throws DotenvError.
 */
export function parseDotenv(text: string, options: DotenvOptions): Map<string, string> {
  const variables = new Map<string, string>();
  const reader = new DotenvReader(text.startsWith('\ufeff') ? text.slice(1) : text, options, variables);
  while (reader.readStatement());
  return variables;
}

/** Reads an env_file with `format: raw`: `KEY=value` a line, nothing else has a meaning but `#` lines. */
export function parseRawEnv(text: string, lookup: Lookup): Map<string, string> {
  const variables = new Map<string, string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = (raw.endsWith('\r') ? raw.slice(0, -1) : raw).replace(/^[\s\ufeff]+/, '');
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const key = equals < 0 ? line : line.slice(0, equals);
    if (key === '') throw new DotenvError(index + 1, 'no variable name');
    if (/\s/.test(key)) throw new DotenvError(index + 1, `variable ${JSON.stringify(key)} contains whitespace`);
    if (equals >= 0) variables.set(key, line.slice(equals + 1));
    else {
      const value = lookup(key);
      if (value !== undefined) variables.set(key, value);
    }
  }
  return variables;
}

const MAX_LENGTH = 64 * 1024 * 1024;

class DotenvReader {
  private readonly text: string;
  private readonly options: DotenvOptions;
  private readonly variables: Map<string, string>;
  private position = 0;
  private length = 0;
  private line = 1;

  constructor(text: string, options: DotenvOptions, variables: Map<string, string>) {
    this.text = text;
    this.options = options;
    this.variables = variables;
  }

  /** Reads one statement; false at the end. */
  readStatement(): boolean {
    if (!this.skipToStatement()) return false;
    const exported = /^export[\s\u0085]+/.exec(this.text.slice(this.position, this.position + 4096));
    if (exported !== null) {
      this.position += 'export'.length;
      this.skipBlanks();
    }
    const { key, isBare } = this.readKey();
    if (key.includes(' ')) throw new DotenvError(this.line, 'key cannot contain a space');
    if (isBare) {
      this.line += 1;
      const value = this.options.lookup(key);
      if (value !== undefined) this.variables.set(key, value);
    } else {
      this.skipBlanks();
      this.variables.set(key, this.readValue());
    }
    return true;
  }

  private skipToStatement(): boolean {
    for (; this.position < this.text.length; this.position++) {
      const char = this.text[this.position] ?? '';
      if (char === '#') {
        const end = this.text.indexOf('\n', this.position);
        if (end < 0) return false;
        this.position = end - 1;
      } else if (char === '\n') this.line += 1;
      else if (!SPACE.test(char)) return true;
    }
    return false;
  }

  private skipBlanks(): void {
    // In windows, so that a long file is not copied for each statement.
    for (;;) {
      const window = this.text.slice(this.position, this.position + 64);
      const blanks = LEADING_BLANKS.exec(window)?.[0].length ?? 0;
      this.position += blanks;
      if (blanks < 64) return;
    }
  }

  private readKey(): { key: string; isBare: boolean } {
    const start = this.position;
    for (let i = start; i < this.text.length; i++) {
      const char = this.text[i] ?? '';
      if (char === '=' || char === ':' || char === '\n') {
        this.position = i + 1;
        return { key: this.text.slice(start, i).replace(TRAILING_SPACE, ''), isBare: char === '\n' };
      }
      if (/[A-Za-z0-9_.\-[\]]/.test(char) || SPACE.test(char)) continue;
      const point = String.fromCodePoint(this.text.codePointAt(i) ?? 0);
      if (LETTER_OR_NUMBER.test(point)) {
        i += point.length - 1;
        continue;
      }
      const end = this.text.indexOf('\n', start);
      const statement = this.text.slice(start, end < 0 ? undefined : end);
      throw new DotenvError(
        this.line,
        `unexpected character ${JSON.stringify(point)} in variable name ${JSON.stringify(statement)}`,
      );
    }
    // No separator in the rest of the file: the reference takes it as the value of a variable without a name.
    return { key: '', isBare: false };
  }

  private readValue(): string {
    const quote = this.text[this.position];
    if (quote !== '"' && quote !== "'") {
      const end = this.text.indexOf('\n', this.position);
      const whole = this.text.slice(this.position, end < 0 ? undefined : end);
      const at = this.line;
      this.position = end < 0 ? this.text.length : end + 1;
      this.line += 1;
      const comment = whole.indexOf(' #');
      return this.expand((comment < 0 ? whole : whole.slice(0, comment)).replace(TRAILING_SPACE, ''), at);
    }
    const start = this.position;
    const startLine = this.line;
    let value = '';
    let isEscaped = false;
    for (let i = start + 1; i < this.text.length; i++) {
      const char = this.text[i] ?? '';
      if (char === '\n') this.line += 1;
      if (char === quote && !isEscaped) {
        this.position = i + 1;
        return quote === '"' ? this.expand(expandEscapes(value), startLine) : value;
      }
      if (char === '\\' && !isEscaped) {
        isEscaped = true;
        continue;
      }
      if (isEscaped) {
        isEscaped = false;
        if (char !== quote) value += '\\';
      }
      value += char;
    }
    const end = this.text.indexOf('\n', start);
    throw new DotenvError(startLine, `a quote is never closed: ${this.text.slice(start, end < 0 ? undefined : end)}`);
  }

  private expand(value: string, line: number): string {
    try {
      const { lookup, fallback, onUnset } = this.options;
      const expanded = substitute(value, {
        lookup: (name) => lookup(name) ?? this.variables.get(name) ?? fallback?.(name),
        ...(onUnset === undefined ? {} : { onUnset: (name: string) => onUnset(name, line) }),
      });
      this.length += expanded.length;
      if (this.length > MAX_LENGTH) throw new DotenvError(line, 'with their variables the values become too long');
      return expanded;
    } catch (error) {
      if (error instanceof TemplateError) throw new DotenvError(line, error.message);
      throw error;
    }
  }
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
  // What is left of a written-out dollar must not be expanded.
  $: '$$',
};

function expandEscapes(text: string): string {
  return text.replace(/\\(?:([abfnrtv$"\\])|0(\d{0,3}))/g, (all, simple: string | undefined, digits: string) => {
    if (simple !== undefined) return SIMPLE_ESCAPES[simple] ?? all;
    const code = /^[0-7]{3}$/.test(digits) ? Number.parseInt(digits, 8) : 256;
    return code > 255 ? all : String.fromCharCode(code);
  });
}
