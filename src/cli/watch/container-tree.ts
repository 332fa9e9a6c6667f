/** Writes changes into containers, running or not: straight into their file systems, with no program of theirs. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { resolveInTree } from '../../build/tree/resolve.ts';
import { type Accounts, resolveUser } from '../../container/exec-process.ts';
import type { OciSpec } from '../../container/oci.ts';
import { native } from '../../native/binding.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';
import type { Context } from '../context.ts';
import { containerPlace, type TreePlace } from '../copy/root.ts';
import { type Owner, planTreeChanges, type TreeChange } from './tree-changes.ts';

export interface ChangesMade {
  readonly copied: readonly string[];
  readonly removed: readonly string[];
}

/** How often files may vanish while they are copied, as they do in a burst. */
const mostAttempts = 20;

/**
 * Makes a container's tree, whose root is open at a path, as `changes` says, asked again when a file has vanished meanwhile. Files belong to the user of the
 * container, as with Docker Compose. Throws INVALID, NO_PERMISSION, NO_SPACE; NOT_RUNNING for one between two lives.
 */
export async function changeContainer(
  container: ObservedContainer,
  changes: (root: string) => readonly TreeChange[],
  context: Context,
): Promise<ChangesMade> {
  const { name } = container.record;
  await using place = await containerPlace(container, '/', context);
  if (place.isReadOnly) throw new ComposeError('NO_PERMISSION', `cannot write to ${name}: it is read-only`);
  const owner = ownerIn(place, context.paths.container(container.record.id).config);
  for (let attempt = 1; ; attempt++) {
    try {
      const { removals, entries, copied, removed } = planTreeChanges(place.root, changes(place.root), owner);
      if (removals.length > 0) await native().removeInRoot(place.fd, removals);
      if (entries.length > 0) await native().copyEntries(place.fd, entries).result;
      return { copied, removed };
    } catch (error) {
      const hasVanished = ['ENOENT', 'ENOTDIR', 'ESTALE', 'ELOOP'].some((code) => hasErrno(error, code));
      if (!hasVanished || attempt === mostAttempts) throw asComposeError(error, name);
    }
  }
}

/** The user that the container's process has. */
function ownerIn(place: TreePlace, configPath: string): Owner {
  const { annotations, process } = JSON.parse(readFileSync(configPath, 'utf8')) as OciSpec;
  const user = annotations['dev.tscompose.user'] ?? '';
  if (user === '') return { uid: process.user.uid, gid: process.user.gid };
  const accounts: Accounts = { passwd: readText(place, 'etc/passwd'), group: readText(place, 'etc/group') };
  const { uid, gid } = resolveUser(user, accounts);
  return { uid, gid };
}

const mostBytes = 1 << 20;

/** Whoever is in the container may have put anything there. */
function readText({ root }: TreePlace, path: string): string {
  const found = resolveInTree(root, path);
  if (!found.stats?.isFile() || found.stats.size > mostBytes) return '';
  const fd = openSync(`${root}/${found.path}`, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    return fstatSync(fd).isFile() ? readFileSync(fd, 'utf8') : '';
  } finally {
    closeSync(fd);
  }
}

function asComposeError(error: unknown, name: string): unknown {
  if (error instanceof ComposeError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const what = `cannot copy into ${name}`;
  switch (code) {
    case 'EROFS':
      return new ComposeError('NO_PERMISSION', `${what}: it is read-only`, { cause: error });
    case 'ENOSPC':
    case 'EDQUOT':
      return new ComposeError('NO_SPACE', `${what}: no space is left`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new ComposeError('NO_PERMISSION', `${what}: ${message}`, { cause: error });
    default:
      return code === undefined ? error : new ComposeError('INVALID', `${what}: ${message}`, { cause: error });
  }
}
