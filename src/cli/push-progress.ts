import type { PushProgress } from '../image/push.ts';
import { formatBytes } from '../model/bytes.ts';
import type { Context } from './context.ts';

const words: Readonly<Record<PushProgress['status'], string>> = {
  waiting: 'Waiting',
  sending: 'Pushing',
  present: 'Already exists',
  mounted: 'Mounted',
  sent: 'Pushed',
};

/** Tells on stderr how the layers of one image come along: a line for each that is done, and in a terminal one below. */
export function pushReporter(name: string, context: Context): { report(progress: PushProgress): void; close(): void } {
  const { stderr, globals } = context;
  if (globals.progress === 'quiet') return { report() {}, close() {} };
  if (globals.progress === 'json') {
    const report = (progress: PushProgress): void => {
      if (progress.status === 'sending') return;
      stderr.write(`${JSON.stringify({ type: 'layer', image: name, ...progress })}\n`);
    };
    return { report, close() {} };
  }
  const isLive = stderr.isTTY === true && globals.progress !== 'plain' && globals.ansi !== 'never';
  const open = new Map<string, PushProgress>();
  const clear = (): void => void (isLive && stderr.write('\r\x1b[K'));
  return {
    report(progress) {
      const { digest, status, totalBytes } = progress;
      clear();
      if (status === 'waiting' || status === 'sending') open.set(digest, progress);
      else {
        open.delete(digest);
        stderr.write(` ${name} ${digest.slice('sha256:'.length, 19)} ${words[status]} ${formatBytes(totalBytes)}\n`);
      }
      const sum = (key: 'currentBytes' | 'totalBytes') =>
        [...open.values()].reduce((total, each) => total + each[key], 0);
      if (isLive && open.size > 0) {
        stderr.write(
          ` ${name} ${words.sending} ${formatBytes(sum('currentBytes'))} of ${formatBytes(sum('totalBytes'))}`,
        );
      }
    },
    close: clear,
  };
}
