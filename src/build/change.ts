/** Instructions that change an image's configuration without a build: `commit --change`, `image import --change`. */
import type { RunConfig } from '../image/oci.ts';
import { parseDockerfile } from './dockerfile/parse.ts';
import { DockerfileProblem, Problems } from './dockerfile/problem.ts';
import { ShellWords } from './dockerfile/shell-words.ts';
import { ConfigDraft } from './graph/config-draft.ts';
import { joinPath } from './graph/path.ts';
import { Expander } from './graph/variables.ts';

/** The configuration after `changes`, each an instruction of a Dockerfile. Throws SourceError, SYNTAX. */
export function changeConfig(base: RunConfig, changes: readonly string[]): RunConfig {
  if (changes.length === 0) return base;
  // The first line makes a Dockerfile of them; it is not looked at.
  const source = { name: '--change', path: '--change', text: ['FROM scratch', ...changes].join('\n') };
  const { instructions, directives } = parseDockerfile(source);
  const draft = new ConfigDraft(base, '');
  const expander = new Expander(new ShellWords(directives), (name) => draft.variable(name));
  const problems = new Problems();
  for (const instruction of instructions.slice(1)) {
    problems.collect(() => {
      switch (instruction.kind) {
        case 'workdir':
          draft.workingDirectory = joinPath(draft.workingDirectory, expander.word(instruction.path));
          return;
        case 'from':
        case 'run':
        case 'copy':
        case 'add':
        case 'arg':
          throw new DockerfileProblem(instruction.place, `${instruction.kind.toUpperCase()} changes no configuration`);
        case 'onbuild':
          draft.addTrigger(instruction.trigger);
          return;
        default:
          draft.apply(instruction, expander);
      }
    });
  }
  problems.throwIfAny();
  return draft.finish();
}
