import type { Place } from '../../util/diagnostic.ts';
import type { Flags } from './flags.ts';
import type { Text } from './instruction.ts';
import type { LogicalLine } from './lines.ts';
import type { ShellWords } from './shell-words.ts';

/** What stands behind an instruction's keyword and flags. */
export interface ReadArguments {
  readonly line: LogicalLine;
  /** Where the arguments begin in the line. */
  readonly at: number;
  /** All of them. */
  readonly text: string;
  readonly flags: Flags;
  readonly place: Place;
  readonly keywordPlace: Place;
  readonly lexer: ShellWords;
  readonly escapeChar: '\\' | '`';
  /** Checks what ONBUILD is given. */
  readTrigger(): void;
}

/** All words with their places; escapes and quotes stay. */
export function readWords({ line, at, text, lexer }: ReadArguments): Text[] {
  return lexer.split(text).map((word) => ({ value: word.text, place: line.place(at + word.at, word.text.length) }));
}
