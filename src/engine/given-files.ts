/** Secrets and configs as mounts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OciMount } from '../container/oci.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';

/**
 * Mounts of a service's secrets (below /run/secrets) and configs (below /). A file is mounted itself, read-only, as
 * Compose does; inline content is written below the container's runtime directory first.
 */
export function givenFileMounts(serviceName: string, service: Service, project: Project, runDir: string): OciMount[] {
  const mounts: OciMount[] = [];
  for (const kind of ['secrets', 'configs'] as const) {
    for (const { source, target, mode } of service[kind] ?? []) {
      const definition = project[kind]?.[source];
      const what = `${kind.slice(0, -1)} ${source}`;
      const base = kind === 'secrets' ? '/run/secrets' : '/';
      const destination = target?.startsWith('/') ? target : join(base, target ?? source);
      mounts.push({
        destination,
        type: 'bind',
        source: definition?.file ?? writeContent(serviceName, what, definition, join(runDir, kind), source, mode),
        options: ['rbind', 'rprivate', 'ro'],
      });
    }
  }
  return mounts;
}

function writeContent(
  serviceName: string,
  what: string,
  definition: object | undefined,
  directory: string,
  source: string,
  mode: string | undefined,
): string {
  if (definition === undefined || !('content' in definition) || typeof definition.content !== 'string') {
    throw new ComposeError('UNSUPPORTED', `service ${serviceName}: ${what} has neither a file nor content`, {
      hint: 'give it file: or content:; values from the environment are not supported yet',
    });
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, source);
  writeFileSync(path, definition.content, { mode: Number.parseInt(mode ?? '0444', 8) });
  return path;
}
