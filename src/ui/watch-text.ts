import { posix } from 'node:path';
import type { WatchEvent } from '../model/watch.ts';
import { formatError } from './error.ts';
import { formatPlanText } from './plan-text.ts';

export interface WatchText {
  /** One line, after the mark of the watch; null: nothing is said. */
  readonly line: string | null;
  /** What stands below it, ending in a newline; or empty. */
  readonly details: string;
}

/** What is said of an event, as Docker Compose words it where it has the same. */
export function watchText(
  event: WatchEvent,
  { directory, isColored }: { readonly directory: string; readonly isColored: boolean },
): WatchText {
  switch (event.type) {
    case 'enabled':
      return said('Watch enabled');
    case 'disabled':
      return said('Watch disabled');
    case 'synced': {
      const count = event.copied.length + event.removed.length;
      const found = event.cause === 'start' ? 'differences' : 'changes';
      return said(`Syncing service ${JSON.stringify(event.service)} after ${count} ${found} were detected`);
    }
    case 'rebuilding':
      return said(`Rebuilding service(s) ${list(event.services)} after changes were detected...`);
    case 'rebuilt':
      return said(`service(s) ${list(event.services)} successfully built`);
    case 'restarted':
      return said(`service(s) ${list(event.services)} restarted`);
    case 'executed':
      return event.exitCode === 0 ? silence : said(`exec in ${event.container} exited with code ${event.exitCode}`);
    case 'reloading': {
      const names = event.files.map((file) => shortName(file, directory)).sort();
      return said(`Reloading after changes of ${names.join(', ')} were detected...`);
    }
    case 'planned':
      return { line: 'Plan:', details: formatPlanText(event.nodes, { warnings: [], isColored }) };
    case 'reloaded':
      return said(event.changes === 'none' ? 'nothing to do: everything is as the project says' : 'project reloaded');
    case 'failed': {
      const details = formatError(event.error, { form: 'text', isColored });
      return { line: `${failures[event.doing](list(event.services))}:`, details };
    }
    case 'warning':
      return said(`warning: ${event.message}`);
    case 'waiting':
    case 'restarting':
      return silence;
  }
}

type Failed = Extract<WatchEvent, { type: 'failed' }>['doing'];

const failures: Readonly<Record<Failed, (services: string) => string>> = {
  sync: (services) => `cannot sync service(s) ${services}`,
  rebuild: (services) => `cannot rebuild service(s) ${services}, what runs goes on`,
  restart: (services) => `cannot restart service(s) ${services}`,
  exec: (services) => `cannot run the command in service(s) ${services}`,
  reload: () => 'cannot reload the project, what runs goes on',
  watch: () => 'cannot watch as it should',
};

const silence: WatchText = { line: null, details: '' };

function said(line: string): WatchText {
  return { line, details: '' };
}

function list(services: readonly string[]): string {
  return `[${services.map((name) => JSON.stringify(name)).join(' ')}]`;
}

function shortName(file: string, directory: string): string {
  const short = posix.relative(directory, file);
  return short.startsWith('../') ? file : short;
}
