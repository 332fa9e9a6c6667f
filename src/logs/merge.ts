import type { LogRecord } from './record.ts';

/** A record and whose it is. */
export interface SourcedRecord<Source> {
  readonly source: Source;
  readonly record: LogRecord;
}

interface Cursor<Source> {
  readonly source: Source;
  readonly batches: AsyncIterator<readonly LogRecord[]>;
  batch: readonly LogRecord[];
  index: number;
}

const outputRecords = 4096;

/** Of logs and of what is merged of them. */
export type LogOrder = 'oldest-first' | 'latest-first';

/**
 * Merges logs, each in order of time, into one in order of time; records of one moment keep the order of their sources.
 * Latest first is exactly the reverse. Reads only as far as it must.
 */
export async function* mergeByTime<Source>(
  logs: readonly { readonly source: Source; readonly records: AsyncIterable<readonly LogRecord[]> }[],
  order: LogOrder = 'oldest-first',
): AsyncGenerator<SourcedRecord<Source>[]> {
  const isFirst = order === 'oldest-first' ? (a: string, b: string) => a < b : (a: string, b: string) => a > b;
  const cursors: Cursor<Source>[] = (order === 'oldest-first' ? logs : logs.toReversed()).map(
    ({ source, records }) => ({
      source,
      batches: records[Symbol.asyncIterator](),
      batch: [],
      index: 0,
    }),
  );
  try {
    const filled = await Promise.all(cursors.map(refill));
    let open = cursors.filter((_cursor, index) => filled[index]);
    let merged: SourcedRecord<Source>[] = [];
    while (open.length > 0) {
      const first = open.reduce((best, cursor) => (isFirst(timeOf(cursor), timeOf(best)) ? cursor : best));
      // As long as this log stays ahead of the others there is nothing to compare with but the runner-up.
      const limit = runnerUp(open, first, isFirst);
      do {
        merged.push({ source: first.source, record: first.batch[first.index++]! });
      } while (first.index < first.batch.length && (limit === undefined || isFirst(timeOf(first), limit)));
      if (merged.length >= outputRecords) {
        yield merged;
        merged = [];
      }
      if (first.index === first.batch.length && !(await refill(first)))
        open = open.filter((cursor) => cursor !== first);
    }
    if (merged.length > 0) yield merged;
  } finally {
    await Promise.all(cursors.map(({ batches }) => batches.return?.()));
  }
}

function runnerUp<Source>(
  cursors: readonly Cursor<Source>[],
  first: Cursor<Source>,
  isFirst: (a: string, b: string) => boolean,
): string | undefined {
  let limit: string | undefined;
  for (const cursor of cursors) {
    if (cursor !== first && (limit === undefined || isFirst(timeOf(cursor), limit))) limit = timeOf(cursor);
  }
  return limit;
}

function timeOf<Source>(cursor: Cursor<Source>): string {
  return cursor.batch[cursor.index]!.time;
}

async function refill<Source>(cursor: Cursor<Source>): Promise<boolean> {
  for (;;) {
    const next = await cursor.batches.next();
    if (next.done) return false;
    if (next.value.length === 0) continue;
    cursor.batch = next.value;
    cursor.index = 0;
    return true;
  }
}
