import type { Command } from './command.ts';

/** Every command by name; a file is read only when its command is named. */
export const registry: Readonly<Record<string, () => Promise<Command>>> = {
  attach: async () => (await import('./commands/attach.ts')).attach,
  config: async () => (await import('./commands/config.ts')).config,
  create: async () => (await import('./commands/create.ts')).create,
  diff: async () => (await import('./commands/diff.ts')).diff,
  down: async () => (await import('./commands/down.ts')).down,
  events: async () => (await import('./commands/events.ts')).events,
  exec: async () => (await import('./commands/exec.ts')).exec,
  kill: async () => (await import('./commands/kill.ts')).kill,
  lint: async () => (await import('./commands/lint.ts')).lint,
  logs: async () => (await import('./commands/logs.ts')).logs,
  ls: async () => (await import('./commands/ls.ts')).ls,
  pause: async () => (await import('./commands/pause.ts')).pause,
  plan: async () => (await import('./commands/plan.ts')).plan,
  port: async () => (await import('./commands/port.ts')).port,
  ps: async () => (await import('./commands/ps.ts')).ps,
  restart: async () => (await import('./commands/restart.ts')).restart,
  rm: async () => (await import('./commands/rm.ts')).rm,
  run: async () => (await import('./commands/run.ts')).run,
  scale: async () => (await import('./commands/scale.ts')).scale,
  start: async () => (await import('./commands/start.ts')).start,
  stats: async () => (await import('./commands/stats.ts')).stats,
  stop: async () => (await import('./commands/stop.ts')).stop,
  top: async () => (await import('./commands/top.ts')).top,
  unpause: async () => (await import('./commands/unpause.ts')).unpause,
  up: async () => (await import('./commands/up.ts')).up,
  version: async () => (await import('./commands/version.ts')).version,
  wait: async () => (await import('./commands/wait.ts')).wait,
};

/** Other names of commands. */
export const aliases: Readonly<Record<string, string>> = { convert: 'config' };
