import type { Command } from './command.ts';
import { attach } from './commands/attach.ts';
import { create } from './commands/create.ts';
import { down } from './commands/down.ts';
import { events } from './commands/events.ts';
import { exec } from './commands/exec.ts';
import { kill } from './commands/kill.ts';
import { logs } from './commands/logs.ts';
import { ls } from './commands/ls.ts';
import { pause } from './commands/pause.ts';
import { plan } from './commands/plan.ts';
import { port } from './commands/port.ts';
import { ps } from './commands/ps.ts';
import { restart } from './commands/restart.ts';
import { rm } from './commands/rm.ts';
import { run } from './commands/run.ts';
import { scale } from './commands/scale.ts';
import { start } from './commands/start.ts';
import { stats } from './commands/stats.ts';
import { stop } from './commands/stop.ts';
import { top } from './commands/top.ts';
import { unpause } from './commands/unpause.ts';
import { up } from './commands/up.ts';
import { version } from './commands/version.ts';
import { wait } from './commands/wait.ts';

/**
 * Every command by name. To find and read a file costs more than these few lines each, so they come together, save the ones
 * that need the loader before they begin.
 */
export const registry: Readonly<Record<string, Command | (() => Promise<Command>)>> = {
  alpha: async () => (await import('./commands/alpha.ts')).alpha,
  attach,
  bridge: async () => (await import('./commands/alpha.ts')).bridge,
  build: async () => (await import('./commands/build.ts')).build,
  commit: async () => (await import('./commands/commit.ts')).commit,
  completion: async () => (await import('./commands/completion.ts')).completion,
  config: async () => (await import('./commands/config.ts')).config,
  cp: async () => (await import('./commands/cp.ts')).cp,
  create,
  diff: async () => (await import('./commands/diff.ts')).diff,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  down,
  events,
  exec,
  export: async () => (await import('./commands/export.ts')).exportFiles,
  image: async () => (await import('./commands/image.ts')).image,
  images: async () => (await import('./commands/images.ts')).images,
  inspect: async () => (await import('./commands/inspect.ts')).inspect,
  kill,
  lint: async () => (await import('./commands/lint.ts')).lint,
  login: async () => (await import('./commands/login.ts')).login,
  logout: async () => (await import('./commands/logout.ts')).logout,
  logs,
  ls,
  pause,
  plan,
  port,
  ps,
  publish: async () => (await import('./commands/publish.ts')).publish,
  pull: async () => (await import('./commands/pull.ts')).pull,
  push: async () => (await import('./commands/push.ts')).push,
  restart,
  rm,
  run,
  scale,
  start,
  stats,
  stop,
  systemd: async () => (await import('./commands/systemd.ts')).systemd,
  top,
  unpause,
  up,
  version,
  volumes: async () => (await import('./commands/volumes.ts')).volumes,
  wait,
  watch: async () => (await import('./commands/watch.ts')).watch,
};

/** Other names of commands. */
export const aliases: Readonly<Record<string, string>> = { convert: 'config' };

/** How the help shows the commands; each that is not hidden is in one of these. */
export const groups: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  { title: 'Run a stack', names: ['up', 'down', 'start', 'stop', 'restart', 'scale', 'watch', 'plan', 'create', 'rm'] },
  {
    title: 'See what it does',
    names: ['ps', 'logs', 'ls', 'stats', 'top', 'events', 'port', 'inspect', 'images', 'volumes'],
  },
  {
    title: 'Work with containers',
    names: ['exec', 'run', 'attach', 'cp', 'kill', 'pause', 'unpause', 'wait', 'export', 'commit'],
  },
  { title: 'Check files', names: ['config', 'lint', 'diff'] },
  { title: 'Images', names: ['build', 'pull', 'push', 'publish', 'image', 'login', 'logout'] },
  { title: 'This machine', names: ['doctor', 'systemd', 'completion', 'version'] },
];
