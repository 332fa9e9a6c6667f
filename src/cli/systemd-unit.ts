/** A unit of systemd that brings a project up when the machine starts, and takes it down before it ends. Pure. */

import { parseDuration } from '../model/duration.ts';
import type { Project } from '../model/project.ts';

export interface UnitOptions {
  readonly project: Project;
  readonly workingDirectory: string;
  /** The program and the global flags, each a word: absolute paths. */
  readonly command: readonly string[];
  /** What must be mounted before: the project's directory, the state directory. */
  readonly directories: readonly string[];
  /** Where Node is, if systemd would not find it. */
  readonly nodeDirectory: string | null;
  readonly stop: 'stop' | 'down';
  /** The user's manager, not the system's. */
  readonly isUser: boolean;
}

/** The text of the unit. */
export function formatUnit(options: UnitOptions): string {
  const { project, workingDirectory, command, directories, nodeDirectory, stop, isUser } = options;
  const run = (...words: readonly string[]) => [...command, ...words].map(quote).join(' ');
  const network = isUser ? [] : ['Wants=network-online.target', 'After=network-online.target local-fs.target'];
  return `${[
    '[Unit]',
    `Description=tscompose project ${project.name}`,
    ...network,
    `RequiresMountsFor=${[...new Set(directories)].map(quote).join(' ')}`,
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    `WorkingDirectory=${escapePercent(workingDirectory)}`,
    ...(nodeDirectory === null ? [] : [`Environment=${quote(`PATH=${nodeDirectory}:${systemPath}`)}`]),
    `ExecStart=${run('up', '--detach')}`,
    `ExecReload=${run('up', '--detach')}`,
    `ExecStop=${run(stop)}`,
    '# images are pulled and dependencies waited for, however long that takes',
    'TimeoutStartSec=infinity',
    '# the longest way from what depends to what is depended on, grace periods added up, and some time for the rest',
    `TimeoutStopSec=${Math.ceil(stopSeconds(project) + slackSeconds)}`,
    '',
    '[Install]',
    `WantedBy=${isUser ? 'default.target' : 'multi-user.target'}`,
  ].join('\n')}\n`;
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';
const slackSeconds = 30;
const defaultGraceSeconds = 10;

/** How long stopping takes at most: services stop in the reverse order of their dependencies, the others side by side. */
export function stopSeconds({ services }: Pick<Project, 'services'>): number {
  const known = new Map<string, number>();
  const visit = (name: string): number => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const service = services[name];
    if (service === undefined) return 0;
    known.set(name, 0);
    const grace = service.stop_grace_period;
    const own = grace === undefined ? defaultGraceSeconds : parseDuration(grace) / 1000;
    const longest = own + Math.max(0, ...Object.keys(service.depends_on ?? {}).map(visit));
    known.set(name, longest);
    return longest;
  };
  return Math.max(0, ...Object.keys(services).map(visit));
}

/** A word as systemd reads it again (systemd.service(5), COMMAND LINES). */
function quote(word: string): string {
  const text = escapePercent(word).replaceAll('$', '$$$$');
  return /^[\w@%+=:,./$-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** `%` begins a specifier (systemd.unit(5)). */
function escapePercent(text: string): string {
  return text.replaceAll('%', '%%');
}
