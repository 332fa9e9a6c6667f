import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';

const policies = ['policy', 'always', 'never', 'missing', 'if_not_present', 'build'];

/** `--pull`, `--build`, `--no-build`: they stand above what the services say. */
export interface ImageSettings {
  readonly pull: string | null;
  readonly build: 'always' | 'never' | 'policy';
}

export function imageSettings(values: {
  readonly pull: string | undefined;
  readonly build: boolean | undefined;
  readonly noBuild?: boolean | undefined;
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
  };
}

/** The project with the policies of the command line. */
export function withImagePolicy(project: Project, { pull, build }: ImageSettings): Project {
  if (pull === null && build === 'policy') return project;
  const services = Object.entries(project.services).map(([name, service]): [string, Service] => {
    if (build === 'always' && service.build !== undefined) return [name, { ...service, pull_policy: 'build' }];
    if (pull !== null) return [name, { ...service, pull_policy: pull }];
    if (build === 'never' && service.pull_policy === 'build') return [name, { ...service, pull_policy: 'missing' }];
    return [name, service];
  });
  return { ...project, services: Object.fromEntries(services) };
}
