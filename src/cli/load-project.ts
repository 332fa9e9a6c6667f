import type { ProjectOrigin } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import type { Context } from './context.ts';

export interface LoadedForCommand {
  readonly project: Project;
  readonly origin: ProjectOrigin;
}

/** Loads the project that the global flags name; warnings go to stderr. `services` are those named on the command line. */
export async function loadProject(context: Context, services: readonly string[]): Promise<LoadedForCommand> {
  const [{ loadProject: load }, { formatDiagnostic }] = await Promise.all([
    import('../compose/load.ts'),
    import('../compose/diagnostic.ts'),
  ]);
  const { globals, environment, workingDirectory } = context;
  const { project, warnings, sources } = await load({
    files: globals.files,
    projectDirectory: globals.projectDirectory,
    projectName: globals.projectName,
    profiles: globals.profiles,
    environment,
    envFiles: globals.envFiles,
    workingDirectory,
    services,
    allResources: globals.allResources,
  });
  if (globals.progress !== 'quiet') {
    for (const warning of warnings) context.stderr.write(`warning: ${formatDiagnostic(warning)}\n`);
  }
  return {
    project,
    origin: {
      workingDirectory: sources.projectDirectory,
      configFiles: sources.files,
      // Only those that were asked for, as the label has it.
      environmentFiles: globals.envFiles.length > 0 ? sources.envFiles : [],
    },
  };
}
