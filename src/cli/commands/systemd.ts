import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { loadProject } from '../load-project.ts';
import { formatUnit } from '../systemd-unit.ts';
import { loadOptionsOf } from './config.ts';

export const systemd = defineCommand({
  name: 'systemd',
  summary: 'Print a unit that brings the project up after a reboot',
  options: {
    down: { type: 'boolean', description: 'Remove the containers when the unit stops, instead of keeping them' },
    user: { type: 'boolean', description: "For a user's own systemd, instead of the system's" },
  },
  examples: [
    ['systemd >/etc/systemd/system/shop.service', 'write it, then: systemctl enable --now shop'],
    ['-f prod.yaml --profile web systemd', 'the flags of now are those of every start'],
  ],
  settings: ({ down, user }) => ({ stop: down ? ('down' as const) : ('stop' as const), isUser: user ?? false }),
  async run({ stop, isUser }, context) {
    if (context.globals.files.includes('-')) {
      throw new ComposeError('USAGE', 'a unit cannot read standard input', { hint: 'write the project to a file' });
    }
    const { project, origin } = await loadProject(context, []);
    const { paths } = context;
    const fleeting = await variablesOfShell(context);
    if (fleeting.length > 0) {
      const them = fleeting.length === 1 ? 'it' : 'them';
      context.stderr.write(
        `warning: ${fleeting.join(', ')} came from this shell, which a unit has not: put ${them} into .env\n`,
      );
    }
    context.stdout.write(
      formatUnit({
        project,
        workingDirectory: origin.workingDirectory,
        command: [program(), ...flagsOf(project.name, origin.configFiles, context)],
        nodeDirectory: nodeDirectory(),
        directories: [origin.workingDirectory, paths.stateDir],
        stop,
        isUser,
      }),
    );
    return 0;
  },
});

/** Variables that the files use and that are in no env file. */
async function variablesOfShell(context: Context): Promise<string[]> {
  const [{ loadModel }, { listVariables }, { parseDotenv }] = await Promise.all([
    import('../../compose/load.ts'),
    import('../../compose/config-output.ts'),
    import('../../compose/dotenv.ts'),
  ]);
  const { tree, sources } = await loadModel({ ...loadOptionsOf(context, []), skip: { interpolation: true } });
  const written = new Set(
    sources.envFiles.flatMap((file) =>
      [...parseDotenv(readFileSync(file, 'utf8'), { lookup: () => '' })].map(([name]) => name),
    ),
  );
  return listVariables(tree)
    .map(({ name }) => name)
    .filter((name) => context.environment[name] !== undefined && !written.has(name) && !lasting.has(name))
    .sort();
}

/** Those that systemd sets, too, or that the project gives itself. */
const lasting: ReadonlySet<string> = new Set(['PATH', 'COMPOSE_PROJECT_NAME', 'PWD', 'HOME', 'USER', 'SHELL', 'LANG']);

/** `bin/tscompose` beside the bundle that runs. */
function program(): string {
  return join(import.meta.dirname, '../bin/tscompose');
}

/** A checkout knows its own Node, and systemd what is in the system's directories. */
function nodeDirectory(): string | null {
  const directory = dirname(process.execPath);
  const isKnown = existsSync(join(import.meta.dirname, '../.cache/node'));
  return isKnown || /^\/usr\/(?:local\/)?bin$/.test(directory) ? null : directory;
}

/** The global flags that this command line and its variables stand for, so that the unit needs none of them. */
function flagsOf(name: string, files: readonly string[], { globals, environment, ...context }: Context): string[] {
  const absolute = (path: string) => resolve(context.workingDirectory, path);
  const repeated = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  const listed = (variable: string | undefined) => (variable ?? '').split(',').filter(Boolean);
  const profiles = globals.profiles.length > 0 ? globals.profiles : listed(environment.COMPOSE_PROFILES);
  const envFiles = globals.envFiles.length > 0 ? globals.envFiles : listed(environment.COMPOSE_ENV_FILES);
  return [
    ...(context.stateDirectory === undefined ? [] : ['--state-dir', context.stateDirectory]),
    ...['--project-name', name],
    ...repeated('--file', files),
    ...(globals.projectDirectory === undefined ? [] : ['--project-directory', absolute(globals.projectDirectory)]),
    ...repeated('--env-file', envFiles.map(absolute)),
    ...repeated('--profile', profiles),
    ...(globals.compatibility ? ['--compatibility'] : []),
    ...(globals.parallel === undefined ? [] : ['--parallel', String(globals.parallel)]),
  ];
}
