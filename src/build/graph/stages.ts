/** The stages of a Dockerfile, and which of them a target needs. */

import { ComposeError } from '../../util/errors.ts';
import { didYouMean } from '../../util/nearest.ts';
import type { Instruction, InstructionOf } from '../dockerfile/instruction.ts';
import type { Dockerfile } from '../dockerfile/parse.ts';
import { DockerfileProblem, Problems } from '../dockerfile/problem.ts';
import { ShellWords } from '../dockerfile/shell-words.ts';
import { Expander, type Variables } from './variables.ts';

/** Where files come from: another stage, an image, a named context, or nowhere. */
export type Origin =
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'image'; readonly reference: string; readonly platform: string | null }
  | { readonly kind: 'named'; readonly name: string; readonly platform: string | null }
  | { readonly kind: 'scratch' }
  /** The build's own context. */
  | { readonly kind: 'context' };

export interface Stage {
  readonly index: number;
  readonly name: string | null;
  readonly base: Origin;
  readonly from: InstructionOf<'from'>;
  readonly instructions: readonly Instruction[];
}

export interface StagePlan {
  readonly stages: readonly Stage[];
  /** Values of the ARGs before the first FROM. */
  readonly globals: Variables;
}

export interface StageOptions {
  readonly buildArguments: Variables;
  readonly platformArguments: Variables;
  /** Names of additional contexts: they stand before stages and images. */
  readonly contexts: ReadonlySet<string>;
}

/** Cuts a file into stages and reads where each begins. Throws SourceError. */
export function planStages(dockerfile: Dockerfile, options: StageOptions): StagePlan {
  const { instructions, directives } = dockerfile;
  const lexer = new ShellWords(directives);
  const problems = new Problems();
  const globals = new Map<string, string>();
  const lookup = (name: string) => globals.get(name) ?? options.platformArguments.get(name);
  const expander = new Expander(lexer, lookup);
  const stages: Stage[] = [];
  let current: Instruction[] = [];
  for (const instruction of instructions) {
    if (instruction.kind !== 'from') {
      if (stages.length > 0) current.push(instruction);
      else if (instruction.kind === 'arg')
        problems.collect(() => declareGlobals(instruction, expander, globals, options));
      continue;
    }
    current = [];
    const index = stages.length;
    const stage = problems.collect((): Stage => {
      const name = expander.word(instruction.image);
      if (name === '') {
        const hint = 'a variable in it has no value: give it with ARG before FROM, or with --build-arg';
        throw new DockerfileProblem(instruction.image.place, `the image ${instruction.image.value} is empty`, hint);
      }
      const platform = instruction.platform === null ? '' : expander.word(instruction.platform);
      const base = originOf(name, platform || null, stages, options.contexts);
      return { index, name: instruction.name, base, from: instruction, instructions: current };
    });
    stages.push(
      stage ?? { index, name: instruction.name, base: { kind: 'scratch' }, from: instruction, instructions: current },
    );
  }
  problems.throwIfAny();
  return { stages, globals };
}

/** What `--from=NAME` or `FROM NAME` means, seen from behind `stages`. */
export function originOf(
  name: string,
  platform: string | null,
  stages: readonly Stage[],
  contexts: ReadonlySet<string>,
): Origin {
  if (contexts.has(name)) return { kind: 'named', name, platform };
  if (name === 'scratch') return { kind: 'scratch' };
  const named = stages.findLast((stage) => stage.name === name.toLowerCase());
  if (named !== undefined) return { kind: 'stage', stage: named.index };
  return { kind: 'image', reference: name, platform };
}

/** The same where stages may be meant by number, as in COPY and RUN --mount. */
export function sourceOf(name: string, stages: readonly Stage[], contexts: ReadonlySet<string>): Origin {
  if (/^\d+$/.test(name) && Number(name) < stages.length) return { kind: 'stage', stage: Number(name) };
  return originOf(name, null, stages, contexts);
}

/** The stage of a name or number; the last one without either. Throws INVALID. */
export function targetStage(stages: readonly Stage[], target: string | null, file: string): Stage {
  const last = stages.at(-1);
  if (last === undefined) throw new Error('a Dockerfile without stages was not refused');
  if (target === null || target === '') return last;
  const found =
    stages.findLast(({ name }) => name === target.toLowerCase()) ?? stages[/^\d+$/.test(target) ? Number(target) : -1];
  if (found !== undefined) return found;
  const names = stages.flatMap(({ name }) => name ?? []);
  throw new ComposeError('INVALID', `there is no stage ${target} in ${file}`, {
    hint: didYouMean(target, names) ?? (names.length === 0 ? 'no stage has a name' : `there are ${names.join(', ')}`),
  });
}

function declareGlobals(
  { args }: InstructionOf<'arg'>,
  expander: Expander,
  globals: Map<string, string>,
  { buildArguments }: StageOptions,
): void {
  for (const { name, value } of args) {
    const given = buildArguments.get(name) ?? (value === null ? undefined : expander.word(value));
    if (given !== undefined) globals.set(name, given);
  }
}
