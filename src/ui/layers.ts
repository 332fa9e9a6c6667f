import { formatBytes } from '../model/bytes.ts';
import type { LayerEvent } from '../model/events.ts';

/** As Docker words them. */
export const layerTexts: Readonly<Record<LayerEvent['status'], string>> = {
  waiting: 'Waiting',
  downloading: 'Downloading',
  unpacking: 'Extracting',
  done: 'Pull complete',
  present: 'Already exists',
  uploading: 'Pushing',
  mounted: 'Mounted',
  sent: 'Pushed',
  loaded: 'Loaded',
};

export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

const barWidth = 24;

/** Digest, words and figures, without the bar between them. */
const withoutBar = 52;

/**
 * A line a layer that is on its way, at most so many: `a1b2c3d4e5f6 Downloading [=======>         ] 12.5 MiB / 40 MiB`, on a
 * narrow terminal without the bar.
 */
export function layerLines(layers: Iterable<LayerEvent>, columns: number, limit: number): string[] {
  const hasBar = columns >= withoutBar + barWidth;
  const lines = [...layers]
    .filter(({ status }) => !isOver(status))
    .map(({ digest, status, currentBytes, totalBytes }) => {
      const head = `${shortDigest(digest)} ${layerTexts[status]}`;
      if ((status !== 'downloading' && status !== 'uploading') || totalBytes === 0) return head;
      const figures = `${formatBytes(currentBytes)} / ${formatBytes(totalBytes)}`;
      return hasBar ? `${head} [${barOf(currentBytes / totalBytes)}] ${figures}` : `${head} ${figures}`;
    });
  return lines.length <= limit ? lines : [...lines.slice(0, limit - 1), `+ ${lines.length - limit + 1} more`];
}

function barOf(share: number): string {
  const filled = Math.floor(barWidth * share);
  return `${'='.repeat(Math.max(0, filled - 1))}${filled > 0 ? '>' : ''}`.padEnd(barWidth);
}

/** How much of an image has come: `12.5 MiB / 40 MiB`; empty before it is known. */
export function layerSum(layers: Iterable<LayerEvent>): string {
  let current = 0;
  let total = 0;
  for (const { status, currentBytes, totalBytes } of layers) {
    if (status === 'present' || status === 'mounted') continue;
    current += currentBytes;
    total += totalBytes;
  }
  return total === 0 ? '' : `${formatBytes(current)} / ${formatBytes(total)}`;
}

const over: ReadonlySet<LayerEvent['status']> = new Set(['done', 'present', 'mounted', 'sent', 'loaded']);

function isOver(status: LayerEvent['status']): boolean {
  return over.has(status);
}
