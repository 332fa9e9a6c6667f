/** The rules of a project's services, with what is to be said about them before anything is watched. */
import { dirname, join, resolve } from 'node:path';
import { readIgnore } from '../../build/from-compose.ts';
import type { Project } from '../../model/project.ts';
import type { Service } from '../../model/service.ts';
import { ComposeError } from '../../util/errors.ts';
import { below, type ContextIgnore, mountOver, type Rule, rulesOf } from '../../watch/rules.ts';
import { isBuilt } from '../build/services.ts';
import type { Session } from '../session.ts';

export interface ProjectRules {
  readonly rules: readonly Rule[];
  readonly services: readonly string[];
  readonly warnings: readonly string[];
}

/** Rules of the named services, or of all that have some. Throws INVALID for what cannot be carried out. */
export function projectRules(project: Project, named: readonly string[], workingDirectory: string): ProjectRules {
  const warnings: string[] = [];
  const rules: Rule[] = [];
  for (const [name, service] of Object.entries(project.services)) {
    if (named.length > 0 && !named.includes(name)) continue;
    for (const [index, rule] of rulesOf(name, service, contextIgnore(service, workingDirectory)).entries()) {
      if (rule.action === 'rebuild' && !isBuilt(service)) {
        throw new ComposeError('INVALID', `service ${name} has a rule that rebuilds it, and no build section`, {
          path: ['services', name, 'develop', 'watch', index, 'action'],
        });
      }
      const mount = mountOver(rule, service);
      if (mount !== null) {
        warnings.push(`service ${name}: ${rule.path} is mounted already (${mount}), so its changes are not copied`);
        if (rule.action === 'sync') continue;
      }
      if (!rule.takes('')) warnings.push(`service ${name}: ${rule.path} is left out by .dockerignore, and not watched`);
      rules.push(mount === null ? rule : { ...rule, target: null, isInitial: false });
    }
  }
  return { rules, services: [...new Set(rules.map(({ service }) => service))].sort(), warnings };
}

/**
 * Refuses, before anything is started, what cannot be watched: rules that cannot be carried out, and, unless the project's own
 * files are watched, none at all. Throws INVALID.
 */
export function requireWatchable(
  { project, origin }: Pick<Session<Project>, 'project' | 'origin'>,
  { services, projectFiles }: { readonly services: readonly string[]; readonly projectFiles: 'watched' | 'left' },
): void {
  const { rules } = projectRules(project, services, origin.workingDirectory);
  if (rules.length > 0 || projectFiles === 'watched') return;
  throw new ComposeError(
    'INVALID',
    "none of the selected services is configured for watch, consider setting a 'develop' section",
  );
}

/** Files beside the Compose files that decide how the project is made, each with the services that are built of it. */
export function projectFiles(project: Project, workingDirectory: string): Map<string, ReadonlySet<string>> {
  const files = new Map<string, Set<string>>();
  const add = (path: string | undefined, service?: string): void => {
    if (path === undefined) return;
    const services = files.get(path) ?? new Set();
    if (service !== undefined) services.add(service);
    files.set(path, services);
  };
  for (const [name, service] of Object.entries(project.services)) {
    const dockerfile = dockerfileOf(service, workingDirectory);
    if (dockerfile === null) continue;
    add(dockerfile, name);
    add(`${dockerfile}.dockerignore`, name);
    add(resolve(workingDirectory, service.build?.context ?? '.', '.dockerignore'), name);
  }
  for (const { file } of Object.values({ ...project.secrets })) add(file);
  for (const { file } of Object.values({ ...project.configs })) add(file);
  return files;
}

/** Everything that a project is made of, what could become a part of it included. */
export function ownPaths({ files, origin, project }: Pick<Session<Project>, 'files' | 'origin' | 'project'>): string[] {
  const possible = files.flatMap((file) =>
    /\.ya?ml$/.test(file) ? overrideNames.map((name) => join(dirname(file), name)) : [],
  );
  const beside = projectFiles(project, origin.workingDirectory).keys();
  return [...new Set([...files, ...possible, join(origin.workingDirectory, '.env'), ...beside])];
}

const overrideNames = [
  'compose.override.yaml',
  'compose.override.yml',
  'docker-compose.override.yaml',
  'docker-compose.override.yml',
];

function contextIgnore(service: Service, workingDirectory: string): ContextIgnore | null {
  const { build } = service;
  if (build === undefined || !isBuilt(service)) return null;
  const directory = resolve(workingDirectory, build.context);
  const rules = readIgnore(build.context, dockerfileOf(service, workingDirectory) ?? '', workingDirectory);
  return rules.isEmpty ? null : { directory, rules };
}

/** Null where it is in the Compose file, or elsewhere than on this machine. */
function dockerfileOf(service: Service, workingDirectory: string): string | null {
  const { build } = service;
  if (build === undefined || !isBuilt(service) || build.dockerfile_inline !== undefined) return null;
  if (/^[a-z]+:\/\/|^git@/.test(build.context)) return null;
  return resolve(workingDirectory, build.context, build.dockerfile ?? 'Dockerfile');
}

/** Whether a rule means something at a path; what it is relative to the rule's root. */
export function placeIn(rule: Rule, path: string): string | null {
  const relative = below(rule.root, path);
  return relative !== null && rule.takes(relative) ? relative : null;
}

/** What no rule has to know of. */
export function isIgnored(rules: readonly Rule[], path: string, isDirectory: boolean | undefined): boolean {
  let isMeant = true;
  for (const rule of rules) {
    const relative = below(rule.root, path);
    if (relative === null) continue;
    if (!(isDirectory === false ? !rule.takes(relative) : rule.skips(relative))) return false;
    isMeant = false;
  }
  return !isMeant;
}
