/** What stands above everything for a while: help, palette and choices. Pure. */
import { type Command, commands, findCommands, keyText } from './commands.ts';
import type { Target } from './frame.ts';
import type { Rectangle } from './layout.ts';
import { colors, cutText, fitLine, fitText, type Line, textWidth } from './text.ts';

export interface OverlayDrawing {
  readonly place: Rectangle;
  /** With their frame. */
  readonly lines: readonly Line[];
  /** By line: what a click on it means. */
  readonly targets: readonly (Target | null)[];
}

const quiet = { color: colors.quiet };

/** All commands with their keys, in as many columns as fit. */
export function helpOverlay(columns: number, rows: number, scroll: number): OverlayDrawing {
  const groups = ['Services', 'Logs', 'View'] as const;
  const entries = groups.flatMap((group) => [
    { line: [{ text: group, style: { bold: true } }] as Line, target: null },
    ...commands.filter((each) => each.group === group).map((command) => entryOf(command, columns)),
    { line: [{ text: '' }] as Line, target: null },
  ]);
  // A few columns of what lies below, left and right, would only be torn words.
  const width = columns < 88 ? columns : 76;
  const height = rows < entries.length + 6 ? rows : entries.length + 3;
  const room = height - 2;
  const first = Math.max(0, Math.min(scroll, entries.length - room));
  const shown = entries.slice(first, first + room);
  const more = first + room < entries.length ? '↓ more, ' : '';
  return framed(
    { columns, rows },
    { width, height },
    'Help: click a line, or press its key',
    `${more}Esc closes; with Shift the mouse selects text`,
    shown,
  );
}

/** The end of scrolling. */
export function helpRows(): number {
  return commands.length + 6;
}

/** The commands that match, below what was typed. */
export function paletteOverlay(columns: number, rows: number, query: string, index: number): OverlayDrawing {
  const found = findCommands(query);
  const width = Math.min(columns, 64);
  const height = Math.max(5, Math.min(rows - 2, 16));
  const room = height - 3;
  const first = Math.max(0, Math.min(index - Math.floor(room / 2), found.length - room));
  const entries = found.slice(first, first + room).map((command, row) => {
    const entry = entryOf(command, columns);
    if (first + row !== index) return entry;
    const text = entry.line.map((span) => span.text).join('');
    return { ...entry, line: [{ text: fitText(text, width - 4), style: { inverse: true } }] };
  });
  const prompt = { line: [{ text: `: ${query}` }, { text: ' ', style: { inverse: true } }] as Line, target: null };
  const none = { line: [{ text: 'no such command', style: quiet }] as Line, target: null };
  const body = [prompt, ...(entries.length === 0 ? [none] : entries)];
  return framed({ columns, rows }, { width, height }, 'Commands', 'Enter runs it, Esc closes', body);
}

/** What there is to choose from. */
export function choiceOverlay(
  columns: number,
  rows: number,
  title: string,
  items: readonly string[],
  index: number,
): OverlayDrawing {
  const texts = items.map((text, row) => `${row < 9 ? row + 1 : ' '}  ${text}`);
  const width = Math.min(columns, Math.max(40, textWidth(title) + 6, ...texts.map((text) => textWidth(text) + 4)));
  const height = Math.max(3, Math.min(rows - 2, items.length + 2));
  const room = height - 2;
  const first = Math.max(0, Math.min(index - Math.floor(room / 2), items.length - room));
  const entries = texts.slice(first, first + room).map((text, row): Entry => {
    const style = first + row === index ? { inverse: true } : {};
    return { line: [{ text: fitText(text, width - 4), style }], target: { type: 'choice', index: first + row } };
  });
  return framed({ columns, rows }, { width, height }, title, 'Enter takes it, Esc closes', entries);
}

interface Entry {
  readonly line: Line;
  readonly target: Target | null;
}

/** On a narrow terminal the first key says enough. */
function entryOf({ id, title, keys }: Command, columns: number): Entry {
  const isNarrow = columns < 60;
  const names = (isNarrow ? keys.slice(0, 1) : keys).map(keyText).join(', ');
  return {
    line: [{ text: fitText(names, isNarrow ? 7 : 22), style: { color: colors.accent } }, { text: ` ${title}` }],
    target: { type: 'command', command: id },
  };
}

function framed(
  screen: { readonly columns: number; readonly rows: number },
  { width, height }: { readonly width: number; readonly height: number },
  title: string,
  note: string,
  entries: readonly Entry[],
): OverlayDrawing {
  const inner = width - 4;
  const edge = (left: string, right: string, text: string): Line => {
    const shown = ` ${cutText(text, width - 6)} `;
    return [{ text: `${left}─${shown}${'─'.repeat(Math.max(0, width - 3 - textWidth(shown)))}${right}`, style: quiet }];
  };
  const side = { text: '│', style: quiet };
  const rows = Array.from({ length: height - 2 }, (_value, row): Entry => {
    const entry = entries[row] ?? { line: [], target: null };
    return {
      line: [side, { text: ' ' }, ...fitLine(entry.line, inner), { text: ' ' }, side],
      target: entry.target,
    };
  });
  return {
    place: {
      x: Math.floor((screen.columns - width) / 2),
      y: Math.max(0, Math.floor((screen.rows - height) / 2)),
      width,
      height,
    },
    lines: [edge('╭', '╮', title), ...rows.map(({ line }) => line), edge('╰', '╯', note)],
    targets: [null, ...rows.map(({ target }) => target), null],
  };
}
