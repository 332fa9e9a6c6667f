import { isRootfsReference } from '../image/rootfs.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';
import type { OptionTable } from './options.ts';

/** Flags of commands that make containers. */
export const imageOptions = {
  build: { type: 'boolean', description: 'Build images first' },
  noBuild: { type: 'boolean', description: 'Never build' },
  pull: {
    type: 'string',
    value: 'WHEN',
    default: 'policy',
    words: ['always', 'missing', 'never', 'policy'],
    description: 'When to pull images: always, missing, never, policy',
  },
  quietPull: { type: 'boolean', description: 'Pull without progress' },
} as const satisfies OptionTable;

const policies = ['policy', 'always', 'never', 'missing', 'if_not_present', 'build'];

/** `--pull`, `--build`, `--no-build`: they stand above what the services say. */
export interface ImageSettings extends BuildSettings {
  readonly pull: string | null;
  /** Pulls show no progress. */
  readonly isPullQuiet: boolean;
}

export interface BuildSettings {
  readonly build: 'always' | 'never' | 'policy';
  /** Builds show no progress. */
  readonly isQuiet: boolean;
}

/** What the flags of `up`, `create` and `run` say about pulling and building. Throws USAGE. */
export function imageSettings(values: {
  readonly pull: string | undefined;
  readonly build: boolean | undefined;
  readonly noBuild?: boolean | undefined;
  readonly quietBuild?: boolean | undefined;
  readonly quietPull?: boolean | undefined;
}): ImageSettings {
  const pull = values.pull ?? 'policy';
  if (!policies.includes(pull)) {
    throw new ComposeError('USAGE', `invalid --pull option ${JSON.stringify(pull)}`, {
      hint: `it is one of ${policies.join(', ')}`,
    });
  }
  return {
    pull: pull === 'policy' ? null : pull,
    build: values.build ? 'always' : values.noBuild ? 'never' : 'policy',
    isQuiet: values.quietBuild ?? false,
    isPullQuiet: values.quietPull ?? false,
  };
}

/** The project with the policies of the command line. */
export function withImagePolicy(project: Project, { pull, build }: Pick<ImageSettings, 'pull' | 'build'>): Project {
  if (pull === null && build === 'policy') return project;
  const services = Object.entries(project.services).map(([name, service]): [string, Service] => {
    if (build === 'always' && service.build !== undefined) return [name, { ...service, pull_policy: 'build' }];
    if (pull !== null) return [name, { ...service, pull_policy: pull }];
    if (build === 'never' && service.pull_policy === 'build') return [name, { ...service, pull_policy: 'missing' }];
    return [name, service];
  });
  return { ...project, services: Object.fromEntries(services) };
}

/** Pulls and builds what the containers of `services` are to be made of, as far as it is missing or their policies say. */
export async function ensureImages(
  loaded: { readonly project: Project; readonly variables: Readonly<Record<string, string>> },
  services: Iterable<string>,
  settings: ImageSettings,
  context: Context,
): Promise<void> {
  const { project } = loaded;
  const named = [...services].filter((name) => project.services[name] !== undefined);
  if (context.globals.dryRun) return;
  const hasImages = named.some((name) => !isRootfsReference(project.services[name]?.image ?? ''));
  if (hasImages) {
    const { pullServices } = await import('./pull.ts');
    await pullServices(project, named, { isQuiet: settings.isPullQuiet, failures: 'stop' }, context);
  }
  const built = named.filter((name) => project.services[name]?.build !== undefined);
  if (built.length === 0) return;
  const { ensureBuilt } = await import('./build/ensure.ts');
  await ensureBuilt(loaded, built, settings, context);
}
