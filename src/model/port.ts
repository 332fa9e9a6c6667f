/** A run of ports, both ends included. */
export interface PortRange {
  readonly start: number;
  readonly end: number;
}

/** `80` or `8000-8010`; undefined when the text is no port or range from 0 to 65535. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = match[2] === undefined ? start : Number(match[2]);
  return start > 65535 || end > 65535 || end < start ? undefined : { start, end };
}

/** The text of a range: `80` or `8000-8010`. */
export function formatPortRange(range: PortRange): string {
  return range.start === range.end ? String(range.start) : `${range.start}-${range.end}`;
}
