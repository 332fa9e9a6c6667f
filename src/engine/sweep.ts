/** Takes away what is left of containers that have no record: their files, namespaces, links and cgroups. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { OciSpec } from '../container/oci.ts';
import { readContainerState } from '../container/state.ts';
import { buildContainerPrefix } from '../model/names.ts';
import type { EngineContext } from './context.ts';
import { removeGivenFiles } from './given-files.ts';

/**
 * A record is written before anything else of a container and removed after it, so what has none belongs to nobody: the
 * records were lost, or somebody else removed them. What runs is left alone.
 */
export async function sweep(context: EngineContext): Promise<void> {
  const { database, paths, containers, networks, native } = context;
  const anyId = '0'.repeat(64);
  // First what is there, then who it belongs to: another supervisor may be making a container just now.
  const bundles = entries(dirname(paths.container(anyId).bundle));
  const namespaces = entries(dirname(paths.networkNamespace(anyId)));
  const runDirs = entries(dirname(paths.container(anyId).runDir));
  const known = new Set(database.containers().map(({ id }) => id));
  const knownShort = new Set([...known].map((id) => id.slice(0, 12)));
  const runs = (id: string) => {
    const { monitor, pid } = readContainerState(paths.container(id), native);
    return monitor === 'alive' || pid !== null;
  };
  for (const id of new Set([...bundles, ...namespaces])) {
    // Builds have locks of their own.
    if (id.startsWith(buildContainerPrefix)) continue;
    if (known.has(id) || runs(id)) continue;
    console.error(`removing what is left of container ${id}, which has no record`);
    const cgroupsPath = cgroupOf(paths.container(id).config);
    if (cgroupsPath !== null) await containers.destroyLeftovers(cgroupsPath);
    await networks.unplug(paths.networkNamespace(id), []);
    await containers.remove(id);
  }
  removeGivenFiles(paths, (id12) => !database.containers().some(({ id }) => id.startsWith(id12)));
  const left = new Set([...bundles].map((id) => id.slice(0, 12)));
  for (const short of runDirs) {
    if (knownShort.has(short) || left.has(short)) continue;
    rmSync(paths.container(short).runDir, { recursive: true, force: true });
  }
}

/** What builds have left that were killed; a build that lives is left alone. Whether there was any of either. */
export async function sweepKilledBuilds(context: Pick<EngineContext, 'paths' | 'native'>): Promise<boolean> {
  const { paths, native } = context;
  if (entries(paths.builds).length === 0) return false;
  const [{ sweepBuilds }, { removeBuildNetwork }] = await Promise.all([
    import('../build/workspace.ts'),
    import('./build-network.ts'),
  ]);
  await sweepBuilds(paths, native, (buildId) => removeBuildNetwork(buildId, { paths, native }));
  return true;
}

function entries(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function cgroupOf(config: string): string | null {
  try {
    return (JSON.parse(readFileSync(config, 'utf8')) as OciSpec).linux.cgroupsPath;
  } catch {
    // It was never written whole, so nothing was started from it.
    return null;
  }
}
