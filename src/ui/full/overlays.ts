/** What stands above everything for a while: help and palette. Pure. */
import { type Command, type CommandId, commands, findCommands, keyText } from './commands.ts';
import type { Rectangle } from './layout.ts';
import { colors, fitLine, fitText, type Line, textWidth } from './text.ts';

export interface OverlayDrawing {
  readonly place: Rectangle;
  /** With their frame. */
  readonly lines: readonly Line[];
  /** By line: what a click on it does. */
  readonly commands: readonly (CommandId | null)[];
}

const quiet = { color: colors.quiet };

/** All commands with their keys, in as many columns as fit. */
export function helpOverlay(columns: number, rows: number, scroll: number): OverlayDrawing {
  const groups = ['Services', 'Logs', 'View'] as const;
  const entries = groups.flatMap((group) => [
    { line: [{ text: group, style: { bold: true } }] as Line, command: null },
    ...commands.filter((each) => each.group === group).map((command) => entryOf(command)),
    { line: [{ text: '' }] as Line, command: null },
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
    const entry = entryOf(command);
    if (first + row !== index) return entry;
    const text = entry.line.map((span) => span.text).join('');
    return { ...entry, line: [{ text: fitText(text, width - 4), style: { inverse: true } }] };
  });
  const prompt = { line: [{ text: `: ${query}` }, { text: ' ', style: { inverse: true } }] as Line, command: null };
  const none = { line: [{ text: 'no such command', style: quiet }] as Line, command: null };
  const body = [prompt, ...(entries.length === 0 ? [none] : entries)];
  return framed({ columns, rows }, { width, height }, 'Commands', 'Enter runs it, Esc closes', body);
}

interface Entry {
  readonly line: Line;
  readonly command: CommandId | null;
}

function entryOf({ id, title, keys }: Command): Entry {
  const names = keys.map(keyText).join(', ');
  return { line: [{ text: fitText(names, 22), style: { color: colors.accent } }, { text: ` ${title}` }], command: id };
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
    const shown = text === '' ? '' : ` ${text} `;
    return [{ text: `${left}─${shown}${'─'.repeat(Math.max(0, width - 3 - textWidth(shown)))}${right}`, style: quiet }];
  };
  const side = { text: '│', style: quiet };
  const rows = Array.from({ length: height - 2 }, (_value, row): Entry => {
    const entry = entries[row] ?? { line: [], command: null };
    return {
      line: [side, { text: ' ' }, ...fitLine(entry.line, inner), { text: ' ' }, side],
      command: entry.command,
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
    commands: [null, ...rows.map(({ command }) => command), null],
  };
}
