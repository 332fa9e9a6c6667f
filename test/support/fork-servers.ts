import { readFileSync } from 'node:fs';
import type { Scenario } from './scenario.ts';

/** The servers that the scenario's monitors were forked from (src/container/monitor-launcher.ts), of those that live. */
export function forkServers(scene: Scenario): number[] {
  const parents = scene.monitors().flatMap((pid) => {
    try {
      const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      const words = readFileSync(`/proc/${parent}/cmdline`, 'utf8').split('\0');
      return words.includes('--fork-server') ? [Number(parent)] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
  return [...new Set(parents)];
}
