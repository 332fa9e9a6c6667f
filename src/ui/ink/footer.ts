import { Box, Text } from 'ink';
import { createElement as h, type ReactElement } from 'react';
import { formatBytes } from '../../model/bytes.ts';
import type { StackRow, StackState } from '../stack.ts';

export interface FooterProps {
  readonly stack: StackState;
  readonly columns: number;
  readonly rows: number;
  readonly keys: string;
}

/** A third of the screen at most: the logs are what people look at. */
const share = 3;

const colors = { good: 'green', busy: 'yellow', bad: 'red', quiet: 'gray' } as const;
const marks = { good: '●', busy: '◐', bad: '✖', quiet: '○' } as const;

/** The state of the stack in a few lines: a pure function of its properties. */
export function Footer({ stack, columns, rows, keys }: FooterProps): ReactElement {
  const limit = Math.max(2, Math.floor(rows / share) - 2);
  const all = [...stack.rows.values()].sort(byInterest);
  const shown = all.length > limit ? all.slice(0, limit - 1) : all;
  const hidden = all.slice(shown.length);
  const widths = columnWidths(shown, columns);
  return h(
    Box,
    { flexDirection: 'column', width: columns },
    h(Text, { color: 'gray', wrap: 'truncate' }, '─'.repeat(columns)),
    ...shown.map((row) => h(Row, { key: row.name, row, widths })),
    hidden.length > 0 ? h(Text, { color: 'gray', wrap: 'truncate' }, `  … and ${summarize(hidden)}`) : null,
    h(Text, { color: stack.notice === null ? 'gray' : 'yellow', wrap: 'truncate' }, `  ${stack.notice ?? keys}`),
  );
}

interface Widths {
  readonly name: number;
  readonly state: number;
  readonly usage: number;
  readonly rest: number;
}

function Row({ row, widths }: { readonly row: StackRow; readonly widths: Widths }): ReactElement {
  const cell = (width: number, text: string, props: object = {}) =>
    h(Box, { width, flexShrink: 0 }, h(Text, { wrap: 'truncate', ...props }, text));
  return h(
    Box,
    {},
    cell(2, marks[row.tone], { color: colors[row.tone] }),
    cell(widths.name, row.name, { bold: true }),
    cell(widths.state, stateText(row), { color: colors[row.tone] }),
    widths.usage > 0 ? cell(widths.usage, usageText(row), { color: 'gray' }) : null,
    cell(widths.rest, restText(row), row.waitingFor.length > 0 ? { color: 'yellow' } : {}),
  );
}

function stateText({ state, health, restarts }: StackRow): string {
  const healthText = health === null ? '' : ` (${health})`;
  return `${state}${healthText}${restarts === 0 ? '' : ` ↻${restarts}`}`;
}

function usageText({ cpuPercent, memoryBytes }: StackRow): string {
  if (memoryBytes === null) return '';
  const cpu = cpuPercent === null ? '' : `${cpuPercent.toFixed(cpuPercent < 10 ? 1 : 0)}%`;
  return `${cpu.padStart(5)} ${formatBytes(memoryBytes).padStart(8)}`;
}

function restText({ waitingFor, ports }: StackRow): string {
  return waitingFor.length > 0 ? `waits for ${waitingFor.join(', ')}` : ports;
}

function columnWidths(rows: readonly StackRow[], columns: number): Widths {
  const widest = (text: (row: StackRow) => string) => Math.max(4, ...rows.map((row) => text(row).length)) + 2;
  const name = Math.min(
    widest(({ name: text }) => text),
    Math.floor(columns / 3),
  );
  const state = Math.min(widest(stateText), Math.floor(columns / 3));
  const usage = columns < 60 ? 0 : 16;
  return { name, state, usage, rest: Math.max(1, columns - 2 - name - state - usage) };
}

/** What needs a look comes first; the rest by name. */
function byInterest(a: StackRow, b: StackRow): number {
  const order = { bad: 0, busy: 1, good: 2, quiet: 3 } as const;
  return order[a.tone] - order[b.tone] || (a.name < b.name ? -1 : 1);
}

function summarize(rows: readonly StackRow[]): string {
  const counts = new Map<string, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}
