/** A Dockerfile's text as instructions. Everything that is wrong is told at once. */
import type { Place, SourceText } from '../../util/diagnostic.ts';
import { didYouMean } from '../../util/nearest.ts';
import type { ReadArguments } from './arguments.ts';
import { readFlags } from './flags.ts';
import type { Instruction } from './instruction.ts';
import { type Directives, type LogicalLine, readDirectives, readLogicalLines } from './lines.ts';
import { DockerfileProblem, Problems } from './problem.ts';
import { readers } from './readers.ts';
import { ShellError, ShellWords } from './shell-words.ts';

export interface Dockerfile {
  readonly source: SourceText;
  readonly directives: Directives;
  readonly instructions: readonly Instruction[];
}

/** Reads a Dockerfile. Throws SourceError with every problem, each with file, line, column and the line itself. */
export function parseDockerfile(source: SourceText): Dockerfile {
  const problems = new Problems();
  const directives = problems.collect(() => readDirectives(source)) ?? { escapeChar: '\\', syntax: null, check: null };
  const instructions: Instruction[] = [];
  const lines = readLogicalLines(source, directives);
  for (;;) {
    const next = problems.collect(() => lines.next());
    if (next === undefined || next.done) break;
    const instruction = problems.collect(() => parseInstruction(next.value, directives));
    if (instruction !== undefined) instructions.push(instruction);
  }
  if (problems.count === 0) checkOrder(source, instructions, problems);
  problems.throwIfAny();
  return { source, directives, instructions };
}

/** One trigger of ONBUILD, as an image carries it. Throws SourceError. */
export function parseTrigger(trigger: string, image: string): Instruction {
  const source: SourceText = { name: `ONBUILD of ${image}`, path: image, text: trigger };
  const problems = new Problems();
  const directives: Directives = { escapeChar: '\\', syntax: null, check: null };
  const parsed = problems.collect(() => {
    const [line] = readLogicalLines(source, directives);
    if (line === undefined) throw new DockerfileProblem({ source, offset: 0, length: 1 }, 'the trigger is empty');
    const instruction = parseInstruction(line, directives);
    checkTrigger(instruction.kind, line.place(0, line.text.length));
    return instruction;
  });
  problems.throwIfAny();
  if (parsed === undefined) throw new Error('a trigger was neither read nor refused');
  return parsed;
}

const keywords = Object.keys(readers);

function parseInstruction(line: LogicalLine, directives: Directives, start = 0): Instruction {
  const [, keyword = '', gap = ''] = /^(\S+)(\s*)/.exec(line.text.slice(start)) ?? [];
  const kind = keyword.toLowerCase();
  const place = line.place(start, keyword.length);
  const reader = Object.hasOwn(readers, kind) ? readers[kind as Instruction['kind']] : undefined;
  if (reader === undefined) {
    throw new DockerfileProblem(
      place,
      `unknown instruction ${keyword}`,
      didYouMean(kind, keywords)?.replace(/mean (\w+)/, (_text, word: string) => `mean ${word.toUpperCase()}`) ??
        (start === 0 ? 'a line that continues the one before needs a \\ at the end of that one' : undefined),
    );
  }
  const { flags, rest } = readFlags(line, start + keyword.length + gap.length, kind, directives.escapeChar);
  const whole: Place = { source: line.source, offset: line.start, length: line.end - line.start };
  const given: ReadArguments = {
    line,
    at: rest,
    text: line.text.slice(rest).trimEnd(),
    flags,
    place: whole,
    keywordPlace: place,
    lexer: new ShellWords({ escapeChar: directives.escapeChar }),
    escapeChar: directives.escapeChar,
    readTrigger: () => {
      const inner = parseInstruction(line, directives, rest);
      checkTrigger(inner.kind, line.place(rest, line.text.length - rest));
    },
  };
  if (given.text === '') throw new DockerfileProblem(place, `${keyword.toUpperCase()} needs arguments`);
  try {
    return { ...reader(given), kind, place: whole, text: line.text.slice(start).trimEnd() } as Instruction;
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    throw new DockerfileProblem(line.place(rest + error.at, 1), error.message);
  }
}

function checkTrigger(kind: Instruction['kind'], place: Place): void {
  if (kind !== 'onbuild' && kind !== 'from' && kind !== 'maintainer') return;
  throw new DockerfileProblem(place, `${kind.toUpperCase()} cannot be a trigger of ONBUILD`);
}

function checkOrder(source: SourceText, instructions: readonly Instruction[], problems: Problems): void {
  const first = instructions.find(({ kind }) => kind !== 'arg');
  if (first === undefined) {
    const place = { source, offset: 0, length: 1 };
    problems.add(new DockerfileProblem(place, 'there is no stage in this file', 'begin with FROM IMAGE'));
  } else if (first.kind !== 'from') {
    const message = `no stage has begun: ${first.kind.toUpperCase()} stands before the first FROM`;
    problems.add(new DockerfileProblem(first.place, message, 'only ARG may come before FROM'));
  }
  const names = new Map<string, Place>();
  for (const instruction of instructions) {
    if (instruction.kind !== 'from' || instruction.name === null) continue;
    if (names.has(instruction.name)) {
      problems.add(new DockerfileProblem(instruction.place, `there is a stage ${instruction.name} already`));
    }
    names.set(instruction.name, instruction.place);
  }
}
