/** All that can be done in the full-screen view: keys, help, palette and mouse come of this one table. */

export const tabs = ['logs', 'health', 'environment', 'mounts', 'networks', 'processes', 'events', 'plan'] as const;
export type Tab = (typeof tabs)[number];

export const tabTitles: Readonly<Record<Tab, string>> = {
  logs: 'Logs',
  health: 'Health',
  environment: 'Env',
  mounts: 'Mounts',
  networks: 'Net',
  processes: 'Procs',
  events: 'Events',
  plan: 'Plan',
};

export type CommandId =
  | `tab-${Tab}`
  | 'up'
  | 'start'
  | 'stop'
  | 'restart'
  | 'scale'
  | 'rebuild'
  | 'shell'
  | 'open'
  | 'watch'
  | 'mark'
  | 'all'
  | 'next-service'
  | 'previous-service'
  | 'next-tab'
  | 'previous-tab'
  | 'line-up'
  | 'line-down'
  | 'page-up'
  | 'page-down'
  | 'top'
  | 'end'
  | 'pause'
  | 'search'
  | 'next-match'
  | 'previous-match'
  | 'filter'
  | 'next-error'
  | 'previous-error'
  | 'levels'
  | 'wrap'
  | 'times'
  | 'copy'
  | 'copy-all'
  | 'zoom'
  | 'help'
  | 'palette'
  | 'redraw'
  | 'suspend'
  | 'quit';

export interface Command {
  readonly id: CommandId;
  readonly title: string;
  /** As keys.ts names them; the first is the one that is shown. */
  readonly keys: readonly string[];
  readonly group: 'Services' | 'Logs' | 'View';
  /** In the line at the bottom, in a word. */
  readonly hint?: string;
}

export const commands: readonly Command[] = [
  { id: 'previous-service', title: 'Select the service above', keys: ['up', 'k'], group: 'Services' },
  { id: 'next-service', title: 'Select the service below', keys: ['down', 'j'], group: 'Services' },
  { id: 'mark', title: 'Mark it: several show their logs together', keys: ['space'], group: 'Services' },
  { id: 'all', title: 'Select all services', keys: ['a'], group: 'Services' },
  { id: 'up', title: 'Make everything as the files say (up)', keys: ['u'], group: 'Services', hint: 'up' },
  { id: 'start', title: 'Start', keys: ['s'], group: 'Services', hint: 'start' },
  { id: 'stop', title: 'Stop', keys: ['x'], group: 'Services', hint: 'stop' },
  { id: 'restart', title: 'Restart', keys: ['r'], group: 'Services', hint: 'restart' },
  { id: 'scale', title: 'Scale: set how many containers', keys: ['S'], group: 'Services' },
  { id: 'rebuild', title: 'Rebuild the image and replace the containers', keys: ['b'], group: 'Services' },
  { id: 'shell', title: 'Open a shell in the container', keys: ['e'], group: 'Services', hint: 'shell' },
  { id: 'open', title: 'Open the published URL', keys: ['o'], group: 'Services', hint: 'open' },
  { id: 'watch', title: 'Watch files as develop.watch says, or no longer', keys: ['W'], group: 'Services' },
  { id: 'line-up', title: 'Up a line', keys: ['K', 'shift-up'], group: 'Logs' },
  { id: 'line-down', title: 'Down a line', keys: ['J', 'shift-down'], group: 'Logs' },
  { id: 'page-up', title: 'Up a page', keys: ['page-up', 'ctrl-b', 'ctrl-u'], group: 'Logs' },
  { id: 'page-down', title: 'Down a page', keys: ['page-down', 'ctrl-f', 'ctrl-d'], group: 'Logs' },
  { id: 'top', title: 'To the beginning', keys: ['g', 'home'], group: 'Logs' },
  { id: 'end', title: 'To the end, and follow', keys: ['G', 'end', 'F'], group: 'Logs' },
  { id: 'pause', title: 'Pause, or follow again', keys: ['p'], group: 'Logs' },
  { id: 'search', title: 'Search a text', keys: ['/'], group: 'Logs', hint: 'search' },
  { id: 'next-match', title: 'Next match', keys: ['n'], group: 'Logs' },
  { id: 'previous-match', title: 'Match before', keys: ['N'], group: 'Logs' },
  { id: 'filter', title: 'Filter by regular expression', keys: ['f'], group: 'Logs', hint: 'filter' },
  { id: 'previous-error', title: 'Error before', keys: ['[', 'E'], group: 'Logs' },
  { id: 'next-error', title: 'Next error', keys: [']'], group: 'Logs' },
  { id: 'levels', title: 'Colour lines by level', keys: ['L'], group: 'Logs' },
  { id: 'wrap', title: 'Wrap long lines', keys: ['w'], group: 'Logs' },
  { id: 'times', title: 'Show times', keys: ['t'], group: 'Logs' },
  { id: 'copy', title: 'Copy what is on the screen', keys: ['y'], group: 'Logs' },
  { id: 'copy-all', title: 'Copy all lines', keys: ['Y'], group: 'Logs' },
  ...tabs.map(
    (tab, index): Command => ({
      id: `tab-${tab}`,
      title: `Show ${tab === 'plan' ? 'what would change now' : tab}`,
      keys: [String(index + 1)],
      group: 'View',
    }),
  ),
  { id: 'next-tab', title: 'Next tab', keys: ['tab', 'right', 'l'], group: 'View' },
  { id: 'previous-tab', title: 'Tab before', keys: ['shift-tab', 'left', 'h'], group: 'View' },
  { id: 'zoom', title: 'The pane alone, or with the list', keys: ['z', 'enter'], group: 'View' },
  { id: 'palette', title: 'Find a command', keys: [':', 'ctrl-p'], group: 'View', hint: 'commands' },
  { id: 'help', title: 'Help', keys: ['?', 'f1'], group: 'View', hint: 'help' },
  { id: 'redraw', title: 'Draw anew', keys: ['ctrl-l'], group: 'View' },
  { id: 'suspend', title: 'Suspend', keys: ['ctrl-z'], group: 'View' },
  { id: 'quit', title: 'Quit', keys: ['q', 'ctrl-c'], group: 'View', hint: 'quit' },
];

const byKey = new Map(commands.flatMap((command) => command.keys.map((key) => [key, command.id] as const)));

export function commandOf(key: string): CommandId | undefined {
  return byKey.get(key);
}

const keyNames: Readonly<Record<string, string>> = {
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  'page-up': 'PgUp',
  'page-down': 'PgDn',
  'shift-up': 'Shift-↑',
  'shift-down': 'Shift-↓',
  space: 'Space',
  enter: 'Enter',
  tab: 'Tab',
  'shift-tab': 'Shift-Tab',
  home: 'Home',
  end: 'End',
  f1: 'F1',
};

export function keyText(key: string): string {
  const [, letter] = /^ctrl-(.)$/.exec(key) ?? [];
  return letter === undefined ? (keyNames[key] ?? key) : `Ctrl-${letter.toUpperCase()}`;
}

/** The commands whose titles have all letters of `query` in this order; those with them together come first. */
export function findCommands(query: string): readonly Command[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === '') return commands;
  const scored = commands.flatMap((command) => {
    const title = command.title.toLowerCase();
    const at = title.indexOf(wanted);
    if (at >= 0) return [{ command, score: at === 0 ? 0 : 1 }];
    if (command.id.includes(wanted)) return [{ command, score: 2 }];
    let from = 0;
    for (const letter of wanted) {
      const place = title.indexOf(letter, from);
      if (place < 0) return [];
      from = place + 1;
    }
    return [{ command, score: 3 }];
  });
  return scored.sort((a, b) => a.score - b.score).map(({ command }) => command);
}
