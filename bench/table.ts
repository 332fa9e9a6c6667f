/** One measure of ours beside the peer's. */
export interface Row {
  readonly measure: string;
  readonly unit: 'ms' | 'KiB' | 'requests/s' | 'MB/s' | 'bytes';
  readonly ours: number;
  readonly peer: number;
  readonly peerName: string;
  /** Every value behind the medians, in order. */
  readonly samples?: { readonly ours: readonly number[]; readonly peer: readonly number[] };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) throw new Error('no values');
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** How many times better ours is: less of a time or a size, more of a rate. */
export function ratio(row: Row): number {
  const moreIsBetter = row.unit === 'requests/s' || row.unit === 'MB/s';
  return moreIsBetter ? row.ours / row.peer : row.peer / row.ours;
}

/** A Markdown table, as docs/performance.md keeps it. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [
    ['measure', 'tscompose', 'peer', 'better by'],
    ...rows.map((row) => [
      row.measure,
      `${round(row.ours)} ${row.unit}`,
      `${round(row.peer)} ${row.unit} (${row.peerName})`,
      `${ratio(row).toFixed(1)} ×`,
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const lines = cells.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
