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

/** All paths below these two directories, which end in no slash: what is asked for so often is not joined by node:path. */
export function pathsUnder(stateDir: string, runDir: string): Paths {
  // Asked for at every look at the world.
  const containers = new Map<string, ContainerPaths>();
  return {
    stateDir,
    runDir,
    database: `${stateDir}/state.db`,
    images: `${stateDir}/images`,
    digestKey: `${stateDir}/digest.key`,
    volumes: `${stateDir}/volumes`,
    builds: `${stateDir}/builds`,
    buildCache: `${stateDir}/build-cache`,
    firewallLock: `${runDir}/nftables.lock`,
    worldMark: `${runDir}/world`,
    networkNamespace: (id) => `${runDir}/netns/${id}`,
    volume: (name) => `${stateDir}/volumes/${name}/_data`,
    container: (id) => {
      let paths = containers.get(id);
      if (paths === undefined) {
        paths = containerPaths(stateDir, runDir, id);
        containers.set(id, paths);
      }
      return paths;
    },
    project: (name) => {
      const run = `${runDir}/projects/${name}`;
      return {
        runDir: run,
        socket: `${run}/supervisor.sock`,
        lock: `${run}/supervisor.lock`,
        log: `${run}/supervisor.log`,
        respawnLock: `${runDir}/respawn-${name}.lock`,
      };
    },
  };
}

function containerPaths(stateDir: string, runDir: string, id: string): ContainerPaths {
  const bundle = `${stateDir}/containers/${id}`;
  // Twelve digits: a unix socket's path is limited to 107 bytes (unix(7)).
  const run = `${runDir}/containers/${id.slice(0, 12)}`;
  return {
    bundle,
    config: `${bundle}/config.json`,
    monitorSpec: `${bundle}/monitor.json`,
    exitRecord: `${bundle}/exit.json`,
    log: `${bundle}/container.log`,
    rootfs: `${bundle}/rootfs`,
    upper: `${bundle}/upper`,
    work: `${bundle}/work`,
    runDir: run,
    state: `${run}/state.json`,
    socket: `${run}/monitor.sock`,
    lock: `${run}/monitor.lock`,
  };
}
