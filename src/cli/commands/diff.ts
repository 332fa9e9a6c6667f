import { diffProjects, formatDiff, withRelativePaths } from '../../compose/diff.ts';
import { loadProject } from '../../compose/load.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import { loadOptionsOf } from './config.ts';

/** One side of the comparison: its files, and the variables and profiles that belong to it. */
interface Side {
  readonly files: readonly string[];
  readonly envFiles: readonly string[];
  readonly profiles: readonly string[];
}

export const diff = defineCommand({
  name: 'diff',
  summary: 'Show what differs between two environments',
  operands: { usage: '[-f FILE...] -- -f FILE...' },
  options: {
    file: {
      type: 'strings',
      short: 'f',
      value: 'FILE',
      description: 'File of the left side, behind -- of the right side',
    },
    envFile: { type: 'strings', value: 'FILE', description: 'Variables of the left side, behind -- of the right side' },
    profile: { type: 'strings', value: 'NAME', description: 'Profile of the left side, behind -- of the right side' },
    format: { type: 'string', value: 'FORMAT', description: 'text or json', choices: ['text', 'json'] },
    exitCode: { type: 'boolean', description: 'Exit with 1 when something differs' },
  },
  settings(values, operands) {
    const left: Side = { files: values.file, envFiles: values.envFile, profiles: values.profile };
    // It is natural to write it last.
    const words = operands.filter((word) => word !== '--exit-code');
    const setsExitCode = values.exitCode === true || words.length < operands.length;
    return { left, right: sideOf(words), isJson: values.format === 'json', setsExitCode };
  },
  async run({ left, right, isJson, setsExitCode }, context) {
    const base = loadOptionsOf(context, []);
    const load = async (side: Side) => {
      const { project, sources } = await loadProject({
        ...base,
        files: side.files.length > 0 ? side.files : base.files,
        envFiles: side.envFiles.length > 0 ? side.envFiles : (base.envFiles ?? []),
        profiles: side.profiles.length > 0 ? side.profiles : (base.profiles ?? []),
      });
      return withRelativePaths(project, sources.projectDirectory);
    };
    const sections = diffProjects(await load(left), await load(right));
    if (isJson) context.stdout.write(`${JSON.stringify(sections, null, 2)}\n`);
    else {
      const isColored = context.globals.ansi === 'always' || (context.globals.ansi === 'auto' && context.stdout.isTTY);
      const codes = { left: 31, right: 32, name: 1 };
      context.stdout.write(
        formatDiff(sections, (text, side) => (isColored ? `\x1b[${codes[side]}m${text}\x1b[0m` : text)),
      );
    }
    return setsExitCode && sections.length > 0 ? 1 : 0;
  },
});

/** Reads `-f A -f B --env-file E --profile P`: what stands behind `--`. */
function sideOf(words: readonly string[]): Side {
  const side = { files: [] as string[], envFiles: [] as string[], profiles: [] as string[] };
  const lists: Readonly<Record<string, string[]>> = {
    '-f': side.files,
    '--file': side.files,
    '--env-file': side.envFiles,
    '--profile': side.profiles,
  };
  for (let i = 0; i < words.length; i++) {
    const [flag = '', assigned] = (words[i] ?? '').split(/=(.*)/s, 2);
    const list = Object.hasOwn(lists, flag) ? lists[flag] : undefined;
    const value = assigned ?? (list === undefined ? undefined : words[++i]);
    if (list === undefined || value === undefined) {
      throw new ComposeError('USAGE', `diff does not understand ${JSON.stringify(words[i] ?? flag)} behind --`, {
        hint: 'write: diff -f A -- -f B',
      });
    }
    list.push(value);
  }
  if (words.length === 0) {
    throw new ComposeError('USAGE', 'diff needs two sides', { hint: 'write: diff -f A -- -f B' });
  }
  return side;
}
