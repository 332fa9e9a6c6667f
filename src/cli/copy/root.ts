/** The file system of a container, running or not, as open directories that no path leads out of. */
import { closeSync, constants, lstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { resolveInTree } from '../../build/tree/resolve.ts';
import type { OciMount, OciSpec } from '../../container/oci.ts';
import { native } from '../../native/binding.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';
import { containerFiles } from '../container-files.ts';
import type { Context } from '../context.ts';

/** A directory, open, and where in it a path is looked for. */
export interface TreePlace extends AsyncDisposable {
  readonly fd: number;
  /** `/proc/self/fd/N`. */
  readonly root: string;
  /** Relative to the root. */
  readonly path: string;
  readonly isReadOnly: boolean;
}

/** The whole of this machine. */
export function machinePlace(path: string): TreePlace {
  return placeOf(openDirectory('/'), path, false);
}

/** A path in a container: as its processes see it, or, when it has none, as they would. */
export async function containerPlace(
  { record, state }: ObservedContainer,
  path: string,
  context: Context,
): Promise<TreePlace> {
  if (state.pid !== null && state.pidStartTicks !== null) {
    const fd = openRootOf(state.pid);
    // It may have ended before its root was opened, and another process have its number.
    if (fd !== null && native().processAlive(state.pid, state.pidStartTicks)) return placeOf(fd, path, false);
    if (fd !== null) closeSync(fd);
    throw new ComposeError('NOT_RUNNING', `container ${record.name} has just ended`, { hint: 'try again' });
  }
  return await stoppedPlace(record.id, record.name, path, context);
}

async function stoppedPlace(id: string, name: string, path: string, context: Context): Promise<TreePlace> {
  const paths = context.paths.container(id);
  const { upper, work, lower } = containerFiles(id, name, context);
  const spec = JSON.parse(readFileSync(paths.config, 'utf8')) as OciSpec;
  mkdirSync(paths.runDir, { recursive: true, mode: 0o700 });
  // An upper directory is for one overlay at a time: meanwhile the container cannot start.
  const lock = await native().flock(paths.lock, { exclusive: true, nonblocking: true });
  if (lock === null) {
    throw new ComposeError('NOT_RUNNING', `container ${name} is between two starts`, { hint: 'try again' });
  }
  using opened = new DisposableStack();
  opened.defer(() => lock.release());
  const fd = await native().openOverlay({ lower, upper, work, place: paths.rootfs });
  opened.defer(() => closeSync(fd));
  const overlay = { fd, root: `/proc/self/fd/${fd}`, path, isReadOnly: spec.root.readonly };
  const mounted = mountedPlace(overlay, spec.mounts);
  if (mounted !== null) return mounted;
  const kept = opened.move();
  return { ...overlay, [Symbol.asyncDispose]: async () => kept.dispose() };
}

/** The place in what is mounted there when the container runs; null: nothing of the machine's is. */
function mountedPlace(overlay: Pick<TreePlace, 'root' | 'path'>, mounts: readonly OciMount[]): TreePlace | null {
  const path = `/${resolveInTree(overlay.root, overlay.path).path}`;
  const covers = ({ destination }: OciMount) => destination === path || path.startsWith(`${destination}/`);
  const mount = mounts.findLast((each) => each.type === 'bind' && covers(each));
  if (mount?.source === undefined) return null;
  const isReadOnly = mount.options?.includes('ro') ?? false;
  const rest = path.slice(mount.destination.length + 1);
  const beneath = mount.options?.find((option) => option.startsWith(beneathOption))?.slice(beneathOption.length);
  if (beneath !== undefined) {
    return placeOf(openMounted(beneath, mount), posix.join(mount.source.slice(beneath.length), rest), isReadOnly);
  }
  if (lstatSync(mount.source, { throwIfNoEntry: false })?.isDirectory() !== false) {
    return placeOf(openMounted(mount.source, mount), rest, isReadOnly);
  }
  return placeOf(openMounted(posix.dirname(mount.source), mount), posix.basename(mount.source), isReadOnly);
}

function openMounted(directory: string, { destination }: OciMount): number {
  try {
    return openDirectory(directory);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT') && !hasErrno(error, 'ENOTDIR')) throw error;
    throw new ComposeError('VOLUME_NOT_FOUND', `${directory}, which is mounted at ${destination}, does not exist`, {
      cause: error,
    });
  }
}

/** A part of a volume is looked up within it (docs/architecture.md). */
const beneathOption = 'x-tscompose.beneath=';

function openRootOf(pid: number): number | null {
  try {
    return openDirectory(`/proc/${pid}/root`);
  } catch {
    return null;
  }
}

function openDirectory(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

function placeOf(fd: number, path: string, isReadOnly: boolean): TreePlace {
  return {
    fd,
    root: `/proc/self/fd/${fd}`,
    path,
    isReadOnly,
    async [Symbol.asyncDispose]() {
      closeSync(fd);
    },
  };
}
