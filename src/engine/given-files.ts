/** Secrets and configs: what is in them, and how a container gets them. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { OciMount } from '../container/oci.ts';
import type { Config, Project, Secret } from '../model/project.ts';
import type { FileReference, Service } from '../model/service.ts';
import { sha256 } from '../native/digest.ts';
import type { Paths } from '../state/paths.ts';
import { hasErrno } from '../util/errno.ts';
import { ComposeError } from '../util/errors.ts';

/** Values of the variables that secrets and configs are made of; never written to a record. */
export type GivenVariables = Readonly<Record<string, string>>;

type Definition = Secret | Config;

interface Given {
  readonly kind: 'secrets' | 'configs';
  readonly index: number;
  readonly reference: FileReference;
  readonly definition: Definition | undefined;
}

/** The secrets and configs of a service, each with its definition. */
export function givenFiles(service: Service, project: Project): Given[] {
  return (['secrets', 'configs'] as const).flatMap((kind) =>
    (service[kind] ?? []).map((reference, index) => {
      const definition = project[kind]?.[reference.source];
      return { kind, index, reference, definition };
    }),
  );
}

/** What is in a secret or config; null for a directory, and for what is not known here. */
export function contentOf(definition: Definition | undefined, variables: GivenVariables): string | Buffer | null {
  if (definition === undefined) return null;
  if ('content' in definition && definition.content !== undefined) return definition.content;
  if (definition.environment !== undefined) return variables[definition.environment] ?? null;
  if (definition.file === undefined || !statSync(definition.file).isFile()) return null;
  return readFileSync(definition.file);
}

/** Throws for the first secret or config of a service that it cannot be given. Paths are those of the service's attributes. */
export function validateGivenFiles(service: Service, project: Project, variables: GivenVariables): void {
  for (const { kind, index, reference, definition } of givenFiles(service, project)) {
    const what = `${kind.slice(0, -1)} ${reference.source}`;
    const variable = definition?.environment;
    if (variable !== undefined && variables[variable] === undefined) {
      throw new ComposeError(
        'INVALID',
        `environment variable ${JSON.stringify(variable)} required by ${what} is not set`,
        {
          path: [kind, reference.source, 'environment'],
          hint: `set ${variable} in the environment or in .env`,
        },
      );
    }
    const file = definition?.file;
    if (file !== undefined && !existsSync(file)) {
      throw new ComposeError('FILE_NOT_FOUND', `file ${file} of ${what} does not exist`, {
        path: [kind, reference.source, 'file'],
      });
    }
    if (hasOwner(reference) && file !== undefined && !statSync(file).isFile()) {
      throw new ComposeError('INVALID', `${what} is a directory, which keeps its owner and mode`, {
        attribute: [kind, index],
      });
    }
    for (const key of ['uid', 'gid'] as const) {
      const id = reference[key];
      if (id === undefined || /^\d{1,10}$/.test(id)) continue;
      throw new ComposeError('INVALID', `${key} ${JSON.stringify(id)} of ${what} is not a number`, {
        attribute: [kind, index, key],
      });
    }
  }
}

/**
 * Mounts of a service's secrets (below /run/secrets) and configs (below /). Each is a copy in memory, read-only; a directory
 * is mounted itself.
 */
export function givenFileMounts(
  service: Service,
  project: Project,
  variables: GivenVariables,
  container: { readonly paths: Paths; readonly id: string },
): OciMount[] {
  const given = givenFiles(service, project);
  if (given.length === 0) return [];
  const directory = givenDirectory(container.paths, container.id);
  return given.map(({ kind, index, reference, definition }) => {
    const target = reference.target ?? reference.source;
    const isDirectory = definition?.file !== undefined && statSync(definition.file).isDirectory();
    const copy = join(directory, kind, `${index}-${reference.source}`);
    if (!isDirectory) writeCopy(copy, reference, contentOf(definition, variables));
    return {
      destination: target.startsWith('/') ? target : join(kind === 'secrets' ? '/run/secrets' : '/', target),
      type: 'bind',
      source: isDirectory ? (definition.file ?? copy) : copy,
      options: ['rbind', 'rprivate', 'ro'],
    };
  });
}

/** TMPFS_MAGIC and RAMFS_MAGIC (statfs(2)). */
const inMemory: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** Where the copies of one container are: its runtime directory, or where that is on a disk a place of ours in /dev/shm. */
function givenDirectory(paths: Paths, id: string): string {
  const { runDir } = paths.container(id);
  if (inMemory.has(statfsSync(paths.runDir).type)) return runDir;
  const ours = sharedMemory(paths);
  mkdirSync(ours, { recursive: true, mode: 0o700 });
  const stats = lstatSync(ours);
  if (!stats.isDirectory() || stats.uid !== process.geteuid?.() || (stats.mode & 0o077) !== 0) {
    throw new ComposeError('NO_PERMISSION', `${ours}, where secrets are kept in memory, is somebody else's`, {
      hint: 'remove it',
    });
  }
  if (!inMemory.has(statfsSync(ours).type)) {
    throw new ComposeError(
      'KERNEL',
      `there is no place in memory for secrets: ${paths.runDir} and /dev/shm are on disks`,
      {
        hint: 'mount a tmpfs at /dev/shm or /run',
      },
    );
  }
  return join(ours, id.slice(0, 12));
}

function sharedMemory({ runDir }: Pick<Paths, 'runDir'>): string {
  return `/dev/shm/tscompose-${process.geteuid?.() ?? 0}-${sha256(runDir).slice(0, 12)}`;
}

/** Removes the copies of those containers which `isGone` names by the first twelve digits of their ids. */
export function removeGivenFiles(paths: Pick<Paths, 'runDir'>, isGone: (id12: string) => boolean): void {
  const ours = sharedMemory(paths);
  if (!existsSync(ours)) return;
  for (const id12 of readdirSync(ours)) {
    if (isGone(id12)) rmSync(join(ours, id12), { recursive: true, force: true });
  }
  try {
    rmdirSync(ours);
  } catch (error) {
    // Others have theirs there, or took it away just now.
    if (!hasErrno(error, 'ENOTEMPTY') && !hasErrno(error, 'ENOENT')) throw error;
  }
}

/** Removes the copies of one container. */
export function removeGivenFilesOf(
  paths: Pick<Paths, 'runDir'>,
  { id, config }: { readonly id: string; readonly config: Pick<Service, 'secrets' | 'configs'> },
): void {
  if (config.secrets?.length || config.configs?.length) removeGivenFiles(paths, (id12) => id.startsWith(id12));
}

function hasOwner({ uid, gid, mode }: FileReference): boolean {
  return uid !== undefined || gid !== undefined || mode !== undefined;
}

/** A container that starts again without its variables at hand keeps the copy it has. */
function writeCopy(path: string, { source, uid, gid, mode }: FileReference, content: string | Buffer | null): void {
  if (content === null) {
    if (existsSync(path)) return;
    throw new ComposeError('INVALID', `the content of ${source} is not known`, { hint: 'bring the service up again' });
  }
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  writeFileSync(path, content, { mode: 0o600 });
  chownSync(path, Number(uid ?? 0), Number(gid ?? 0));
  chmodSync(path, Number.parseInt(mode ?? '0444', 8));
}

/** The project as it is written down: what is in configs may be secret, and is not. */
export function withoutContents(project: Project): Project {
  if (project.configs === undefined) return project;
  const configs = Object.entries(project.configs).map(([name, { content: _content, ...rest }]) => [name, rest]);
  return { ...project, configs: Object.fromEntries(configs) };
}
