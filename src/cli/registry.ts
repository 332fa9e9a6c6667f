import type { Command } from './command.ts';

/** Every command by name, each made when it is named: all are in one file, and what the others need takes longer than itself. */
export const registry: Readonly<Record<string, () => Promise<Command>>> = {
  alpha: async () => (await import('./commands/alpha.ts')).alpha,
  attach: async () => (await import('./commands/attach.ts')).attach,
  bridge: async () => (await import('./commands/alpha.ts')).bridge,
  build: async () => (await import('./commands/build.ts')).build,
  commit: async () => (await import('./commands/commit.ts')).commit,
  completion: async () => (await import('./commands/completion.ts')).completion,
  config: async () => (await import('./commands/config.ts')).config,
  cp: async () => (await import('./commands/cp.ts')).cp,
  create: async () => (await import('./commands/create.ts')).create,
  diff: async () => (await import('./commands/diff.ts')).diff,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  down: async () => (await import('./commands/down.ts')).down,
  events: async () => (await import('./commands/events.ts')).events,
  exec: async () => (await import('./commands/exec.ts')).exec,
  export: async () => (await import('./commands/export.ts')).exportFiles,
  image: async () => (await import('./commands/image.ts')).image,
  images: async () => (await import('./commands/images.ts')).images,
  inspect: async () => (await import('./commands/inspect.ts')).inspect,
  kill: async () => (await import('./commands/kill.ts')).kill,
  lint: async () => (await import('./commands/lint.ts')).lint,
  login: async () => (await import('./commands/login.ts')).login,
  logout: async () => (await import('./commands/logout.ts')).logout,
  logs: async () => (await import('./commands/logs.ts')).logs,
  ls: async () => (await import('./commands/ls.ts')).ls,
  pause: async () => (await import('./commands/pause.ts')).pause,
  plan: async () => (await import('./commands/plan.ts')).plan,
  port: async () => (await import('./commands/port.ts')).port,
  ps: async () => (await import('./commands/ps.ts')).ps,
  publish: async () => (await import('./commands/publish.ts')).publish,
  pull: async () => (await import('./commands/pull.ts')).pull,
  push: async () => (await import('./commands/push.ts')).push,
  restart: async () => (await import('./commands/restart.ts')).restart,
  rm: async () => (await import('./commands/rm.ts')).rm,
  run: async () => (await import('./commands/run.ts')).run,
  scale: async () => (await import('./commands/scale.ts')).scale,
  start: async () => (await import('./commands/start.ts')).start,
  stats: async () => (await import('./commands/stats.ts')).stats,
  stop: async () => (await import('./commands/stop.ts')).stop,
  systemd: async () => (await import('./commands/systemd.ts')).systemd,
  top: async () => (await import('./commands/top.ts')).top,
  ui: async () => (await import('./commands/ui.ts')).ui,
  unpause: async () => (await import('./commands/unpause.ts')).unpause,
  up: async () => (await import('./commands/up.ts')).up,
  version: async () => (await import('./commands/version.ts')).version,
  volumes: async () => (await import('./commands/volumes.ts')).volumes,
  wait: async () => (await import('./commands/wait.ts')).wait,
  watch: async () => (await import('./commands/watch.ts')).watch,
};

/** Other names of commands. */
export const aliases: Readonly<Record<string, string>> = { convert: 'config' };

/** How the help shows the commands; each that is not hidden is in one of these. */
export const groups: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  { title: 'Run a stack', names: ['up', 'down', 'start', 'stop', 'restart', 'scale', 'watch', 'plan', 'create', 'rm'] },
  {
    title: 'See what it does',
    names: ['ps', 'logs', 'ui', 'ls', 'stats', 'top', 'events', 'port', 'inspect', 'images', 'volumes'],
  },
  {
    title: 'Work with containers',
    names: ['exec', 'run', 'attach', 'cp', 'kill', 'pause', 'unpause', 'wait', 'export', 'commit'],
  },
  { title: 'Check files', names: ['config', 'lint', 'diff'] },
  { title: 'Images', names: ['build', 'pull', 'push', 'publish', 'image', 'login', 'logout'] },
  { title: 'This machine', names: ['doctor', 'systemd', 'completion', 'version'] },
];
