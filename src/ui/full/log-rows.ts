/** A line of the logs as rows of the screen: time, name, colours of the program and of its level, what was searched. Pure. */
import { parseAnsi } from './ansi.ts';
import type { LogLine } from './log-buffer.ts';
import { highlight, type SearchPattern } from './search.ts';
import { ownSource } from './services.ts';
import { colors, fitText, type Line, lineWidth, type Style, textWidth, withStyle, wrapLine } from './text.ts';

export interface LogSource {
  readonly name: string;
  readonly style: Style;
}

export interface LogManner {
  readonly columns: number;
  /** Names and colours of the sources. */
  readonly names: ReadonlyMap<string, LogSource>;
  /** One source alone is shown: its name stands elsewhere. */
  readonly isAlone: boolean;
  readonly wraps: boolean;
  readonly showsTimes: boolean;
  readonly showsLevels: boolean;
  readonly search: SearchPattern | null;
  /** The line that was searched for. */
  readonly found: LogLine | null;
}

/** At least so much of a row is for the text. */
const leastText = 20;
const longestName = 20;

const levelStyles: Readonly<Record<LogLine['level'], Style>> = {
  error: { color: colors.bad },
  warning: { color: colors.busy },
  info: {},
  debug: { color: colors.quiet },
  none: {},
};

export function logRows(line: LogLine, manner: LogManner): Line[] {
  const prefix = prefixOf(line, manner);
  const style = manner.showsLevels ? levelStyles[line.level] : {};
  let text = withStyle(parseAnsi(line.text), style);
  if (manner.search !== null) text = highlight(text, manner.search);
  if (line === manner.found) text = withStyle(text, { bold: true, underline: true });
  if (!isWrapped(line, manner.wraps)) return [[...prefix, ...text]];
  const indent = lineWidth(prefix);
  const blank: Line = [{ text: ' '.repeat(indent) }];
  const width = Math.max(leastText, manner.columns - indent);
  return wrapLine(text, width).map((row, index) => [...(index === 0 ? prefix : blank), ...row]);
}

/** What we say ourselves is short, but for errors, and those must be read. */
export function isWrapped({ source }: LogLine, wraps: boolean): boolean {
  return wraps || source === ownSource;
}

function prefixOf(line: LogLine, { names, showsTimes, isAlone, columns }: LogManner): Line {
  const source = names.get(line.source);
  const time: Line = showsTimes ? [{ text: `${clockTime(line.time)} `, style: { color: colors.quiet } }] : [];
  if (isAlone) {
    return line.source === ownSource ? [...time, { text: `${source?.name ?? ''} `, style: source?.style ?? {} }] : time;
  }
  const widest = Math.max(0, ...[...names.values()].map(({ name }) => textWidth(name)));
  const width = Math.min(longestName, widest, Math.max(6, Math.floor(columns / 5)));
  return [...time, { text: `${fitText(source?.name ?? line.source, width)} │ `, style: source?.style ?? {} }];
}

/** `12:34:56.789` where we are, of a time in UTC. */
export function clockTime(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = `${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  return `${two(date.getHours())}:${two(date.getMinutes())}:${seconds}`;
}

/** The texts of lines without colours; at most `limit` characters, the latest ones. */
export function latestText(
  lines: readonly LogLine[],
  limit: number,
): { readonly text: string; readonly lines: number } {
  const texts: string[] = [];
  let size = 0;
  for (const line of lines.toReversed()) {
    size += line.plain.length + 1;
    if (size > limit) break;
    texts.push(line.plain);
  }
  return { text: texts.reverse().join('\n'), lines: texts.length };
}
