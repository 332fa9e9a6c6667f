/** One line that a container printed, without its newline. */
export interface LogRecord {
  /** UTC with nine digits of fraction, so that texts compare as the times do: `2026-01-02T03:04:05.678901234Z`. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** A line of the file: a record, or a part of one (Docker's format cuts what is longer than 16 KiB). */
export interface LogFragment extends LogRecord {
  /** The line goes on in the next fragment of the same stream. */
  readonly isPartial: boolean;
}

/** Parses a line of Docker's json-file format; undefined when it is none, as after a power cut. */
export function parseLogLine(line: string): LogFragment | undefined {
  let value: { log?: unknown; stream?: unknown; time?: unknown } | null;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (value === null || typeof value.log !== 'string' || typeof value.time !== 'string') return undefined;
  const { log, time } = value;
  const isPartial = !log.endsWith('\n');
  return {
    time: normalizeTime(time),
    stream: value.stream === 'stderr' ? 'stderr' : 'stdout',
    text: isPartial ? log : log.slice(0, -1),
    isPartial,
  };
}

/** Gives a UTC time in RFC 3339 its nine digits: Docker leaves out the zeros at the end. */
export function normalizeTime(time: string): string {
  if (time.length === 30) return time;
  const point = time.indexOf('.');
  if (point < 0) return `${time.slice(0, -1)}.000000000Z`;
  return `${time
    .slice(0, -1)
    .padEnd(point + 10, '0')
    .slice(0, point + 10)}Z`;
}

/** Puts lines together that the format cut; a line has the time of its first part. */
export class LineAssembler {
  readonly #parts = new Map<LogRecord['stream'], { time: string; texts: string[] }>();

  /** The whole line that `fragment` completes; undefined while it goes on. */
  push(fragment: LogFragment): LogRecord | undefined {
    const { stream, isPartial, time, text } = fragment;
    const begun = this.#parts.get(stream);
    if (!isPartial) {
      if (begun === undefined) return { time, stream, text };
      this.#parts.delete(stream);
      return { time: begun.time, stream, text: begun.texts.join('') + text };
    }
    if (begun === undefined) this.#parts.set(stream, { time, texts: [text] });
    else begun.texts.push(text);
    return undefined;
  }

  /** What was printed last without a newline. */
  flush(): LogRecord[] {
    const rest = [...this.#parts].map(([stream, { time, texts }]) => ({ time, stream, text: texts.join('') }));
    this.#parts.clear();
    return rest.sort((a, b) => (a.time < b.time ? -1 : 1));
  }
}
