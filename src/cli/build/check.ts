/** `build --check`: Dockerfiles are read, and nothing is built. */
import { parseDockerfile } from '../../build/dockerfile/parse.ts';
import { composeBuildRequests } from '../../build/from-compose.ts';
import { planStages, targetStage } from '../../build/graph/stages.ts';
import { platformArguments } from '../../build/graph/variables.ts';
import { machine } from '../../image/platform.ts';
import { ComposeError, joinErrors } from '../../util/errors.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import { type BuiltProject, imageNameOf, type ServiceBuildSettings } from './services.ts';

/** Tells everything that is wrong; 0 when that is nothing. */
export function checkServiceBuilds(
  { project, variables }: BuiltProject,
  names: readonly string[],
  settings: Pick<ServiceBuildSettings, 'buildArguments' | 'ssh'>,
  context: Context,
): number {
  const errors: ComposeError[] = [];
  for (const name of names) {
    const service = project.services[name];
    if (service === undefined) continue;
    try {
      const requests = composeBuildRequests({
        ...settings,
        project,
        serviceName: name,
        service,
        noCache: false,
        variables,
        environment: context.environment,
        workingDirectory: context.workingDirectory,
        imageOf: (other) => imageNameOf(project, other, mannerOf(context.globals).nameSeparator),
        label: null,
        labels: {},
      });
      for (const { dockerfile, target, buildArguments, platform, contexts } of requests) {
        const { stages } = planStages(parseDockerfile(dockerfile), {
          buildArguments,
          platformArguments: platformArguments(machine(), platform, target ?? 'default'),
          contexts: new Set(contexts.keys()),
        });
        targetStage(stages, target, dockerfile.name);
      }
    } catch (error) {
      if (!(error instanceof ComposeError)) throw error;
      errors.push(error);
    }
  }
  if (errors.length > 0) throw joinErrors(errors);
  context.stdout.write('nothing is wrong\n');
  return 0;
}
