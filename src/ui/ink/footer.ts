import { Box, Text } from 'ink';
import { createElement as h, type ReactElement } from 'react';
import stringWidth from 'string-width';
import { formatBytes } from '../../model/bytes.ts';
import type { StackRow, StackState } from '../stack.ts';

export interface FooterProps {
  readonly stack: StackState;
  readonly columns: number;
  readonly rows: number;
  readonly keys: readonly FooterKey[];
  /** How a container is called here. */
  readonly label: (name: string) => string;
  /** Shows what the keys do instead of the table. */
  readonly isHelp: boolean;
}

export interface FooterKey {
  readonly key: string;
  /** One word for the line below the table. */
  readonly label: string;
  /** The word while files are watched. */
  readonly watchingLabel?: string;
  /** What the help says. Of a key that is only there, the line says nothing. */
  readonly help: string;
  readonly isMinor?: boolean;
}

/** A third of the screen at most: the logs are what people look at. */
const share = 3;
/** Around the table: what heads it, and the keys. */
const frameRows = 2;
const usageWidth = 18;
/** Below that nothing but names and states has room. */
const narrow = 60;
const gap = 2;

const colors = { good: 'green', busy: 'yellow', bad: 'red', quiet: 'gray' } as const;
const marks = { good: '●', busy: '◐', bad: '✖', quiet: '○' } as const;

/** The state of the stack in a few lines: a pure function of its properties. */
export function Footer({ stack, columns, rows, keys, label, isHelp }: FooterProps): ReactElement {
  const limit = Math.max(1, Math.floor(rows / share) - frameRows);
  // One row less than the screen has: the cursor's place.
  const height = Math.max(1, rows - 1);
  const lines = isHelp
    ? helpLines(keys, columns, height)
    : stack.choice === null
      ? tableLines(stack, label, columns, limit)
      : choiceLines(stack.choice, columns, height);
  const said = stack.notice ?? stack.hint;
  const bottom = said === null ? h(Keys, { key: 'keys', keys, isWatching: stack.isWatching }) : noticeLine(said);
  return h(Box, { flexDirection: 'column', width: columns }, ...[...lines, bottom].slice(-height));
}

function noticeLine(notice: string): ReactElement {
  return h(Text, { key: 'keys', color: 'yellow', wrap: 'truncate' }, `  ${notice}`);
}

function Keys({
  keys,
  isWatching,
}: {
  readonly keys: readonly FooterKey[];
  readonly isWatching: boolean;
}): ReactElement {
  const shown = keys.filter(({ isMinor }) => isMinor !== true);
  const parts = shown.flatMap(({ key, label, watchingLabel }) => {
    const isOn = isWatching && watchingLabel !== undefined;
    return [
      '  ',
      h(Text, { key, bold: true }, key),
      h(Text, { key: `${key} label`, color: isOn ? 'green' : 'gray' }, ` ${isOn ? watchingLabel : label}`),
    ];
  });
  return h(Text, { wrap: 'truncate' }, ...parts);
}

function tableLines(stack: StackState, label: FooterProps['label'], columns: number, limit: number): ReactElement[] {
  // While one is replaced two have a label: their own names tell them apart.
  const all = [...stack.rows.values()]
    .map((row) => ({ ...row, key: row.name, name: label(row.name) }))
    .sort(byInterest);
  const shown = all.length > limit ? all.slice(0, limit - 1) : all;
  const hidden = all.slice(shown.length);
  const widths = columnWidths(shown, columns);
  return [
    h(Text, { key: ' rule', color: 'gray', wrap: 'truncate' }, ruleText(shown, widths, columns)),
    ...shown.map((row) => h(Row, { key: row.key, row, widths })),
    ...(hidden.length > 0
      ? [h(Text, { key: ' more', color: 'gray', wrap: 'truncate' }, `  + ${hidden.length} more: ${summarize(hidden)}`)]
      : []),
  ];
}

/** The line that parts the logs from the table, with what stands below it where that is not plain. */
function ruleText(rows: readonly StackRow[], widths: Widths, columns: number): string {
  const usage = 2 + widths.name + widths.state;
  const headings: [end: number, text: string][] = [];
  if (widths.usage > 0 && rows.some(({ memoryBytes }) => memoryBytes !== null)) {
    headings.push([usage + 6, 'CPU'], [usage + usageWidth - gap, 'MEMORY']);
  }
  if (rows.some(({ ports }) => ports !== '')) headings.push([usage + widths.usage + 'PORTS'.length, 'PORTS']);
  let line = '';
  for (const [end, text] of headings) {
    if (end + 1 > columns) break;
    line = `${line.padEnd(end - text.length - 1, '─')} ${text} `;
  }
  return line.padEnd(columns, '─').slice(0, columns);
}

interface Widths {
  readonly name: number;
  readonly state: number;
  /** 0: there is no room for it. */
  readonly usage: number;
  readonly rest: number;
}

function Row({ row, widths }: { readonly row: StackRow; readonly widths: Widths }): ReactElement {
  const cell = (width: number, text: string, props: object = {}) =>
    h(Box, { width, flexShrink: 0 }, h(Text, { wrap: 'truncate', ...props }, text));
  const isWaiting = row.waitingFor.length > 0;
  return h(
    Box,
    {},
    cell(2, marks[row.tone], { color: colors[row.tone] }),
    cell(widths.name, `${cut(row.name, widths.name - gap)}`, { bold: true }),
    ...(isWaiting
      ? // It is nothing else, and uses nothing yet.
        [cell(widths.state + widths.usage + widths.rest, `waits for ${row.waitingFor.join(', ')}`, { color: 'yellow' })]
      : [
          cell(widths.state, cut(stateText(row), widths.state - gap), { color: colors[row.tone] }),
          widths.usage === 0 ? null : cell(widths.usage, usageText(row), { color: 'gray' }),
          widths.rest > 0 ? cell(widths.rest, row.ports) : null,
        ]),
  );
}

function stateText({ state, health, restarts }: StackRow): string {
  const word = health === null ? state : state === 'running' ? healthText(health) : `${state} (${health})`;
  return `${word}${restarts === 0 ? '' : ` ↻${restarts}`}`;
}

/** One that is healthy runs: nobody needs to read both. */
function healthText(health: string): string {
  return health === 'starting' ? 'health: starting' : health;
}

function usageText({ cpuPercent, memoryBytes }: StackRow): string {
  if (memoryBytes === null) return '';
  const cpu = cpuPercent === null ? '' : `${cpuPercent.toFixed(cpuPercent < 10 ? 1 : 0)}%`;
  return `${cpu.padStart(6)}${formatBytes(memoryBytes).padStart(usageWidth - 6 - gap)}`;
}

function columnWidths(rows: readonly StackRow[], columns: number): Widths {
  const widest = (text: (row: StackRow) => string) => Math.max(4, ...rows.map((row) => stringWidth(text(row)))) + gap;
  const inner = columns - 2;
  const state = Math.min(widest(stateText), Math.max(6, Math.floor(inner * 0.4)));
  const usage = columns < narrow ? 0 : usageWidth;
  // The longest name may take what the others leave, but for some ports.
  const ports = Math.max(0, ...rows.map(({ ports: text }) => stringWidth(text)));
  const left = inner - state - usage;
  const name = Math.min(
    widest(({ name: text }) => text),
    Math.max(8, left - Math.min(ports, Math.max(0, Math.floor(left / 2)))),
  );
  return { name, state, usage, rest: Math.max(0, inner - name - state - usage) };
}

/** The text in so many cells. */
function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let head = '';
  for (const letter of text) {
    if (stringWidth(head + letter) > width - 1) break;
    head += letter;
  }
  return width <= 0 ? '' : `${head}…`;
}

const byNumber = new Intl.Collator('en', { numeric: true });

/** What needs a look comes first, what had to be started again before what has run all the time; the rest by name. */
function byInterest(a: StackRow, b: StackRow): number {
  const order = { bad: 0, busy: 1, good: 2, quiet: 3 } as const;
  const isSteady = ({ restarts }: StackRow) => Number(restarts === 0);
  return order[a.tone] - order[b.tone] || isSteady(a) - isSteady(b) || byNumber.compare(a.name, b.name);
}

function summarize(rows: readonly StackRow[]): string {
  const counts = new Map<string, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

function helpLines(keys: readonly FooterKey[], columns: number, height: number): ReactElement[] {
  const width = Math.max(...keys.map(({ key }) => key.length)) + gap;
  return [
    h(Text, { key: ' rule', color: 'gray', wrap: 'truncate' }, '── Keys '.padEnd(columns, '─').slice(0, columns)),
    ...keys
      .slice(0, Math.max(1, height - frameRows))
      .map(({ key, help }) =>
        h(Text, { key: ` help ${key}`, wrap: 'truncate' }, '  ', h(Text, { bold: true }, key.padEnd(width)), help),
      ),
  ];
}

function choiceLines({ title, items }: NonNullable<StackState['choice']>, columns: number, height: number) {
  const rule = `── ${title} `.padEnd(columns, '─').slice(0, columns);
  return [
    h(Text, { key: ' rule', color: 'gray', wrap: 'truncate' }, rule),
    ...items
      .slice(0, Math.min(9, Math.max(1, height - frameRows)))
      .map((item, index) =>
        h(
          Text,
          { key: ` choice ${item}`, wrap: 'truncate' },
          '  ',
          h(Text, { bold: true }, `${index + 1}`),
          `  ${item}`,
        ),
      ),
  ];
}
