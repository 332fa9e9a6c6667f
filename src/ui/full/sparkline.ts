const bars = '▁▂▃▄▅▆▇█';

/** The latest values as bars, oldest first: `top` is a full one. Without values so many blanks. */
export function sparkline(values: readonly number[], width: number, top: number): string {
  if (width <= 0) return '';
  const latest = values.slice(-width);
  const text = latest
    .map((value) => bars[Math.max(0, Math.min(bars.length - 1, Math.round((value / top) * (bars.length - 1))))])
    .join('');
  return text.padStart(width);
}
