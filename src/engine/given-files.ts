/** Secrets and configs: what is in them, and how a container gets them. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OciMount } from '../container/oci.ts';
import type { Config, Project, Secret } from '../model/project.ts';
import type { FileReference, Service } from '../model/service.ts';
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
 * Mounts of a service's secrets (below /run/secrets) and configs (below /). A file is mounted itself, read-only, so that the
 * container sees what becomes of it; with an owner or mode, or without a file, its content is put below the container's runtime
 * directory, which is on a tmpfs.
 */
export function givenFileMounts(
  service: Service,
  project: Project,
  variables: GivenVariables,
  runDir: string,
): OciMount[] {
  return givenFiles(service, project).map(({ kind, index, reference, definition }) => {
    const target = reference.target ?? reference.source;
    const isCopy = definition?.file === undefined || hasOwner(reference);
    const copy = join(runDir, kind, `${index}-${reference.source}`);
    if (isCopy) writeCopy(copy, reference, contentOf(definition, variables));
    return {
      destination: target.startsWith('/') ? target : join(kind === 'secrets' ? '/run/secrets' : '/', target),
      type: 'bind',
      source: isCopy ? copy : (definition?.file ?? copy),
      options: ['rbind', 'rprivate', 'ro'],
    };
  });
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
