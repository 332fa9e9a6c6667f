import { join } from 'node:path';

/** Every path that tscompose owns, from the two root directories (docs/architecture.md, Files). */
export interface Paths {
  readonly stateDir: string;
  readonly runDir: string;
  readonly database: string;
  readonly images: string;
  /** The key of digests of secrets (0600). */
  readonly digestKey: string;
  readonly volumes: string;
  /** What builds work in, each in a directory of its own. */
  readonly builds: string;
  /** What builds remember: results of steps, content of `--mount=type=cache`. */
  readonly buildCache: string;
  readonly firewallLock: string;
  /** Touched whenever containers come or go. */
  readonly worldMark: string;
  container(id: string): ContainerPaths;
  project(name: string): ProjectPaths;
  networkNamespace(id: string): string;
  volume(name: string): string;
}

export interface ContainerPaths {
  readonly bundle: string;
  readonly config: string;
  readonly monitorSpec: string;
  readonly exitRecord: string;
  readonly log: string;
  readonly rootfs: string;
  readonly upper: string;
  readonly work: string;
  readonly runDir: string;
  readonly state: string;
  readonly socket: string;
  readonly lock: string;
}

export interface ProjectPaths {
  readonly runDir: string;
  readonly socket: string;
  readonly lock: string;
  readonly log: string;
  readonly respawnLock: string;
}

/**
 * The two root directories: `--state-dir` wins, then TSCOMPOSE_STATE_DIR; root uses /var/lib and /run, everyone else the
 * XDG base directories.
 */
export function resolvePaths(options: {
  readonly stateDir?: string | undefined;
  readonly uid: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Paths {
  const { environment, uid } = options;
  const override = options.stateDir ?? environment.TSCOMPOSE_STATE_DIR;
  if (override) return pathsUnder(join(override, 'lib'), join(override, 'run'));
  if (uid === 0) return pathsUnder('/var/lib/tscompose', '/run/tscompose');
  const home = environment.HOME ?? '/';
  const data = environment.XDG_DATA_HOME || join(home, '.local/share');
  const run = environment.XDG_RUNTIME_DIR || `/run/user/${uid}`;
  return pathsUnder(join(data, 'tscompose'), join(run, 'tscompose'));
}

/** All paths below these two directories. */
export function pathsUnder(stateDir: string, runDir: string): Paths {
  // Asked for at every look at the world, and joining paths is slow.
  const containers = new Map<string, ContainerPaths>();
  return {
    stateDir,
    runDir,
    database: join(stateDir, 'state.db'),
    images: join(stateDir, 'images'),
    digestKey: join(stateDir, 'digest.key'),
    volumes: join(stateDir, 'volumes'),
    builds: join(stateDir, 'builds'),
    buildCache: join(stateDir, 'build-cache'),
    firewallLock: join(runDir, 'nftables.lock'),
    worldMark: join(runDir, 'world'),
    networkNamespace: (id) => join(runDir, 'netns', id),
    volume: (name) => join(stateDir, 'volumes', name, '_data'),
    container: (id) => {
      let paths = containers.get(id);
      if (paths === undefined) {
        paths = containerPaths(stateDir, runDir, id);
        containers.set(id, paths);
      }
      return paths;
    },
    project: (name) => {
      const run = join(runDir, 'projects', name);
      return {
        runDir: run,
        socket: join(run, 'supervisor.sock'),
        lock: join(run, 'supervisor.lock'),
        log: join(run, 'supervisor.log'),
        respawnLock: join(runDir, `respawn-${name}.lock`),
      };
    },
  };
}

function containerPaths(stateDir: string, runDir: string, id: string): ContainerPaths {
  const bundle = join(stateDir, 'containers', id);
  // Twelve digits: a unix socket's path is limited to 107 bytes (unix(7)).
  const run = join(runDir, 'containers', id.slice(0, 12));
  return {
    bundle,
    config: join(bundle, 'config.json'),
    monitorSpec: join(bundle, 'monitor.json'),
    exitRecord: join(bundle, 'exit.json'),
    log: join(bundle, 'container.log'),
    rootfs: join(bundle, 'rootfs'),
    upper: join(bundle, 'upper'),
    work: join(bundle, 'work'),
    runDir: run,
    state: join(run, 'state.json'),
    socket: join(run, 'monitor.sock'),
    lock: join(run, 'monitor.lock'),
  };
}
