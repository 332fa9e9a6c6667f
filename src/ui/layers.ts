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

/** A line a layer that is on its way: `a1b2c3d4e5f6 Downloading [=======>         ] 12.5 MiB / 40 MiB`. */
export function layerLines(layers: Iterable<LayerEvent>): string[] {
  return [...layers]
    .filter(({ status }) => !isOver(status))
    .map(({ digest, status, currentBytes, totalBytes }) => {
      const head = `${shortDigest(digest)} ${layerTexts[status]}`;
      if ((status !== 'downloading' && status !== 'uploading') || totalBytes === 0) return head;
      const filled = Math.floor((barWidth * currentBytes) / totalBytes);
      const bar = `${'='.repeat(Math.max(0, filled - 1))}${filled > 0 ? '>' : ''}`.padEnd(barWidth);
      return `${head} [${bar}] ${formatBytes(currentBytes)} / ${formatBytes(totalBytes)}`;
    });
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
