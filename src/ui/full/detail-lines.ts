/** What the tabs show of containers, as lines. Pure. */
import type { HealthProbe } from '../../model/container-state.ts';
import type { PlanNodeData, WorldEvent } from '../../model/events.ts';
import { formatPlanText } from '../plan-text.ts';
import { plainOf } from './ansi.ts';
import { colors, fitText, type Line, textWidth } from './text.ts';

export interface HealthInput {
  readonly status: string | null;
  readonly failingStreak: number;
  /** Oldest first. */
  readonly probes: readonly HealthProbe[];
  /** The check as the file has it; null: there is none. */
  readonly test: string | null;
}

const quiet = { color: colors.quiet };
const bold = { bold: true };
const tones: Readonly<Record<string, string>> = {
  healthy: colors.good,
  starting: colors.busy,
  unhealthy: colors.bad,
};

/** The name of a container, when several are shown. */
export function headingLines(name: string): Line[] {
  return [[{ text: name, style: { bold: true, underline: true } }]];
}

/** The status, then every probe that is known with what it printed, the latest first. */
export function healthLines({ status, failingStreak, probes, test }: HealthInput): Line[] {
  if (test === null && status === null) return [said('no health check')];
  const streak = failingStreak > 0 ? `, ${failingStreak} failed in a row` : '';
  const head: Line = [
    { text: `${status ?? 'not running'}${streak}`, style: { ...bold, color: tones[status ?? ''] } },
    { text: `   ${test ?? ''}`, style: quiet },
  ];
  if (probes.length === 0) return [head, said('no probe has ended yet')];
  const shown = probes.toReversed().flatMap((probe): Line[] => {
    const isGood = probe.exitCode === 0;
    const ms = Math.max(0, Date.parse(probe.end) - Date.parse(probe.start));
    const first: Line = [
      { text: isGood ? '✔ ' : '✖ ', style: { color: isGood ? colors.good : colors.bad } },
      { text: `${clock(probe.start)}  exit ${fitText(String(probe.exitCode), 4)} ${duration(ms)}` },
    ];
    return [first, ...outputLines(probe.output)];
  });
  return [head, ...shown];
}

function outputLines(output: string): Line[] {
  return output
    .replace(/\n+$/, '')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => [{ text: `    ${plainOf(text)}`, style: quiet }]);
}

/** Columns with a heading, each as wide as its widest entry; the last may be cut. */
export function tableLines(head: readonly string[], rows: readonly (readonly string[])[], none: string): Line[] {
  if (rows.length === 0) return [said(none)];
  const clean = rows.map((row) => row.map(plainOf));
  const widths = head.map((title, column) =>
    Math.max(textWidth(title), ...clean.map((row) => textWidth(row[column] ?? ''))),
  );
  const lineOf = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : fitText(cell, widths[column] ?? 0))).join('  ');
  return [[{ text: lineOf(head), style: quiet }], ...clean.map((row): Line => [{ text: lineOf(row) }])];
}

export function pairLines(pairs: readonly (readonly [string, string])[], none: string): Line[] {
  if (pairs.length === 0) return [said(none)];
  const width = Math.min(32, Math.max(...pairs.map(([name]) => textWidth(name))));
  return pairs.map(([name, value]) => [
    { text: fitText(name, Math.max(width, textWidth(name))), style: { color: colors.accent } },
    { text: `  ${plainOf(value)}` },
  ]);
}

/** The latest first. */
export function eventLines(events: readonly WorldEvent[]): Line[] {
  if (events.length === 0) return [said('nothing has happened yet')];
  return events.toReversed().map((event): Line => {
    const time = { text: `${clock(event.at)}  `, style: quiet };
    if (event.type === 'repair') {
      const style = { color: event.status === 'failed' ? colors.bad : colors.busy };
      return [time, { text: `${event.status} ${event.kind} ${event.resource}`, style }, { text: `  ${event.cause}` }];
    }
    const { action, name, attributes } = event;
    const code = attributes.exitCode === undefined ? '' : ` (${attributes.exitCode})`;
    return [
      time,
      { text: fitText(name, Math.max(20, textWidth(name))), style: bold },
      { text: `  ${plainOf(action)}${code}` },
    ];
  });
}

/** What `up` would do now. */
export function planLines(nodes: readonly PlanNodeData[], warnings: readonly string[]): Line[] {
  const lines = formatPlanText(nodes, { warnings, isColored: false }).replace(/\n$/, '').split('\n').map(plainOf);
  const marks: Readonly<Record<string, string>> = {
    '+': colors.good,
    '-': colors.bad,
    '±': colors.busy,
    '~': colors.accent,
  };
  const shown = lines.map((text): Line => [{ text, style: { color: marks[text.trim()[0] ?? ''] } }]);
  return nodes.length === 0 ? shown : [...shown, [], said('u carries it out')];
}

/** A remark of ours. */
export function said(text: string): Line {
  return [{ text: `  ${text}`, style: quiet }];
}

export function isRemark(line: Line): boolean {
  return line[0]?.style === quiet && line[0].text.startsWith('  ');
}

function clock(at: string): string {
  const time = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
