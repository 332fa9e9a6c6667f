import { serviceRule } from './rule.ts';

/** A process that ends beside one that runs on is not noticed, and not restarted. */
export const severalProcesses = serviceRule(
  'several-processes',
  'several processes in one container',
  ({ command, entrypoint }, path) => {
    const words = [...(entrypoint ?? []), ...(command ?? [])];
    const isSupervisor = words.some((word) =>
      /(?:^|\/)(?:supervisord|s6-svscan|runsvdir|runit|monit|foreman|honcho|pm2|concurrently)$/.test(word),
    );
    const script = /(?:^|\/)(?:ba|da|z)?sh$/.test(words[0] ?? '') && words[1]?.includes('c') ? (words[2] ?? '') : '';
    const hasBackground = /[^&>|]&(?![&>])/.test(script);
    if (!isSupervisor && !hasBackground) return [];
    return [
      {
        path: [...path, command === null ? 'entrypoint' : 'command'],
        message: `${path[1]} runs several processes`,
        hint: 'make a service of each, so that each has its own logs, limits and restarts',
      },
    ];
  },
);
