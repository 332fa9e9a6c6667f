import { ShellError, ShellWords } from './shell-words.ts';

export interface HeredocMark {
  readonly name: string;
  /** `<<-`: leading tabs are not part of it. */
  readonly isIndented: boolean;
  /** Quotes around the name forbid expansion. */
  readonly isExpanded: boolean;
  /** In the line's text. */
  readonly at: number;
  readonly length: number;
  /** The whole word, `3<<-"EOF"`. */
  readonly word: string;
}

export interface Heredoc extends HeredocMark {
  /** Without the tabs that `<<-` takes away. */
  readonly content: string;
  readonly raw: string;
}

const mayHave = /^(?:onbuild\s+)*(?:run|copy|add)\b/i;

/** The here-documents that an instruction announces. */
export function heredocMarks(text: string, escapeChar: '\\' | '`'): HeredocMark[] {
  if (!text.includes('<<') || !mayHave.test(text) || isJson(text)) return [];
  const lexer = new ShellWords({ escapeChar });
  let words: ReturnType<ShellWords['split']>;
  try {
    words = lexer.split(text);
  } catch (error) {
    // Shell code with quotes of its own kind: no here-document of ours.
    if (error instanceof ShellError) return [];
    throw error;
  }
  return words.flatMap(({ text: word, at }) => {
    const mark = parseHeredocMark(word, lexer);
    return mark === null ? [] : [{ ...mark, at, length: word.length }];
  });
}

/** Reads `<<EOF`, `<<-EOF`, `3<<"EOF"`; null for any other word. */
export function parseHeredocMark(word: string, lexer: ShellWords): Omit<HeredocMark, 'at' | 'length'> | null {
  const [, dash, written = ''] = /^\d*<<(-?)([^<]+)$/.exec(word) ?? [];
  if (dash === undefined) return null;
  const name = lexer.unquote(written);
  if (name === '' || /\s/.test(name)) return null;
  return { name, isIndented: dash === '-', isExpanded: !/['"\\`]/.test(written), word };
}

function isJson(text: string): boolean {
  return /^(?:onbuild\s+)*\w+\s+(?:--\S+\s+)*\[/i.test(text);
}
