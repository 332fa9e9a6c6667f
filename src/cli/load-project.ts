import type { ProjectOrigin } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import { cgroupVersion, platform } from '../util/machine.ts';
import type { Context } from './context.ts';

export interface LoadedForCommand {
  readonly project: Project;
  readonly origin: ProjectOrigin;
  /** Values of the variables that secrets and configs name, as far as they are set. */
  readonly variables: Readonly<Record<string, string>>;
  /** Every file that was read, absolute. */
  readonly files: readonly string[];
}

/** Loads the project that the global flags name; warnings go to stderr. `services` are those named on the command line. */
export async function loadProject(context: Context, services: readonly string[]): Promise<LoadedForCommand> {
  const [{ loadProject: load }, { formatDiagnostic }] = await Promise.all([
    import('../compose/load.ts'),
    import('../util/diagnostic.ts'),
  ]);
  const { globals, environment, workingDirectory } = context;
  const { project, warnings, sources, locate } = await load({
    files: globals.files,
    projectDirectory: globals.projectDirectory,
    projectName: globals.projectName,
    profiles: globals.profiles,
    environment,
    envFiles: globals.envFiles,
    workingDirectory,
    services,
    allResources: globals.allResources,
    machine: { platform: platform(), cgroupVersion: cgroupVersion() },
  });
  context.blame.know(locate);
  if (globals.progress !== 'quiet') {
    // What is refused is said by what refuses it: other commands do not mind.
    const told = warnings.filter(({ code }) => code !== 'refused');
    for (const warning of told) context.stderr.write(`warning: ${formatDiagnostic(warning)}\n`);
  }
  return {
    project,
    origin: {
      workingDirectory: sources.projectDirectory,
      configFiles: sources.files,
      // Only those that were asked for, as the label has it.
      environmentFiles: globals.envFiles.length > 0 ? sources.envFiles : [],
      declared: {
        services: Object.keys(sources.disabledServices),
        networks: sources.networkNames,
        volumes: sources.volumeNames,
      },
    },
    variables: givenVariables(project, sources.environment),
    files: [...new Set([...sources.files, ...sources.readFiles, ...sources.envFiles])].filter((file) => file !== '-'),
  };
}

function givenVariables(project: Project, environment: Readonly<Record<string, string>>): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { environment: name } of [project.secrets, project.configs].flatMap((given) =>
    Object.values(given ?? {}),
  )) {
    if (name !== undefined && Object.hasOwn(environment, name)) variables[name] = environment[name] ?? '';
  }
  return variables;
}
