/** How each instruction reads its arguments. */
import { durationToNs } from '../../model/duration.ts';
import type { Place } from '../../util/diagnostic.ts';
import { didYouMean } from '../../util/nearest.ts';
import { type ReadArguments, readWords } from './arguments.ts';
import { readCopy } from './copy-arguments.ts';
import type { Flags } from './flags.ts';
import type { CommandText, InstructionKind, InstructionOf, Pair, Text } from './instruction.ts';
import { readStringArray } from './json-array.ts';
import { parseMount } from './mount-flag.ts';
import { DockerfileProblem } from './problem.ts';

type Body<K extends InstructionKind> = Omit<InstructionOf<K>, 'kind' | 'place' | 'text'>;
type Readers = { readonly [K in InstructionKind]: (given: ReadArguments) => Body<K> };

export const readers: Readers = {
  from: readFrom,
  arg: readArg,
  env: (given) => ({ pairs: readPairs(given) }),
  label: (given) => ({ pairs: readPairs(given) }),
  run: readRun,
  copy: readCopy,
  add: readCopy,
  cmd: (given) => ({ command: readCommand(given) }),
  entrypoint: (given) => ({ command: readCommand(given) }),
  shell: readShell,
  expose: (given) => ({ ports: readWords(given) }),
  volume: (given) => ({ paths: readVolume(given) }),
  user: (given) => ({ user: readOne(given) }),
  workdir: (given) => ({ path: wholeText(given) }),
  stopsignal: (given) => ({ signal: readOne(given) }),
  maintainer: ({ text }) => ({ name: text }),
  healthcheck: readHealthcheck,
  onbuild: (given) => {
    given.readTrigger();
    const { line, at } = given;
    const { offset } = line.place(at, 1);
    // With its here-documents: the trigger is read again elsewhere.
    const trigger = line.heredocs.length === 0 ? given.text : line.source.text.slice(offset, line.end);
    return { trigger };
  },
};

function wholeText({ line, at, text }: ReadArguments): Text {
  return { value: text, place: line.place(at, text.length) };
}

function readOne(given: ReadArguments): Text {
  const [first, second] = readWords(given);
  if (first !== undefined && second === undefined) return first;
  throw new DockerfileProblem(second?.place ?? given.keywordPlace, 'exactly one argument is expected');
}

function readFrom(given: ReadArguments): Body<'from'> {
  const [image, as, name, ...more] = readWords(given);
  if (image === undefined) throw new DockerfileProblem(given.keywordPlace, 'FROM needs an image');
  const platform = given.flags.text('platform');
  if (as === undefined) return { image, platform, name: null };
  if (as.value.toLowerCase() !== 'as' || name === undefined || more.length > 0) {
    throw new DockerfileProblem(as.place, 'FROM takes one argument or three', 'write FROM IMAGE AS NAME');
  }
  const stage = name.value.toLowerCase();
  if (!/^[a-z][a-z0-9._-]*$/.test(stage)) {
    const hint = 'letters, digits, dots, dashes and underscores, a letter first';
    throw new DockerfileProblem(name.place, `${JSON.stringify(name.value)} cannot be the name of a stage`, hint);
  }
  if (stage === 'scratch' || stage === 'context') {
    throw new DockerfileProblem(name.place, `${stage} is a reserved name of a stage`);
  }
  return { image, platform, name: stage };
}

function readArg(given: ReadArguments): Body<'arg'> {
  const args = readWords(given).map(({ value: word, place }) => {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    if (name === '') throw new DockerfileProblem(place, 'an argument needs a name');
    const value = equals < 0 ? null : { value: word.slice(equals + 1), place: after(place, equals + 1) };
    return { name: given.lexer.unquote(name), value, place };
  });
  return { args };
}

/** `a=1 b="2 3"`, or the old form `a 1 and all the rest`. */
function readPairs(given: ReadArguments): Pair[] {
  const words = readWords(given);
  const [first] = words;
  if (first === undefined) throw new DockerfileProblem(given.keywordPlace, 'a name and a value are expected');
  if (!first.value.includes('=')) {
    const rest = given.text.slice(first.value.length).trimStart();
    if (rest === '') {
      throw new DockerfileProblem(first.place, `${first.value} has no value`, `write ${first.value}=…`);
    }
    const start = given.at + given.text.length - rest.length;
    return [{ name: first, value: { value: rest, place: given.line.place(start, rest.length) } }];
  }
  return words.map((word) => {
    const equals = word.value.indexOf('=');
    if (equals < 0) {
      throw new DockerfileProblem(word.place, `${word.value} has no =`, 'write name=value, with quotes around blanks');
    }
    if (equals === 0) throw new DockerfileProblem(word.place, 'the name before = is empty');
    return {
      name: { value: word.value.slice(0, equals), place: { ...word.place, length: equals } },
      value: { value: word.value.slice(equals + 1), place: after(word.place, equals + 1) },
    };
  });
}

function after(place: Place, skipped: number): Place {
  return { ...place, offset: place.offset + skipped, length: Math.max(1, place.length - skipped) };
}

function readCommand({ line, at, text }: ReadArguments): CommandText {
  const args = readStringArray(text, line.place(at, text.length));
  return args === null ? { form: 'shell', line: text } : { form: 'exec', args };
}

function readRun(given: ReadArguments): Body<'run'> {
  const { flags, line } = given;
  return {
    command: readCommand(given),
    // No shell takes the line ends of Windows; files that COPY writes have what stands in the Dockerfile.
    heredocs: line.heredocs.map((each) => ({
      ...each,
      content: withoutReturns(each.content),
      raw: withoutReturns(each.raw),
    })),
    mounts: flags.list('mount').map(parseMount),
    network: choice(flags, 'network', ['default', 'none', 'host']),
    security: choice(flags, 'security', ['sandbox', 'insecure']),
  };
}

function withoutReturns(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

function choice<const T extends string>(flags: Flags, name: string, choices: readonly [T, ...T[]]): T {
  const text = flags.text(name);
  if (text === null) return choices[0];
  const found = choices.find((each) => each === text.value);
  if (found !== undefined) return found;
  const hint = didYouMean(text.value, choices) ?? `it is one of ${choices.join(', ')}`;
  throw new DockerfileProblem(text.place, `there is no --${name}=${text.value}`, hint);
}

function readShell({ line, at, text }: ReadArguments): Body<'shell'> {
  const args = readStringArray(text, line.place(at, text.length));
  if (args !== null && args.length > 0) return { args };
  throw new DockerfileProblem(line.place(at, text.length), 'SHELL takes a JSON array', 'SHELL ["/bin/bash", "-c"]');
}

function readVolume(given: ReadArguments): Text[] {
  const place = given.line.place(given.at, given.text.length);
  const listed = readStringArray(given.text, place)?.map((value) => ({ value, place }));
  const paths = listed ?? readWords(given);
  const empty = paths.find(({ value }) => value === '');
  if (empty !== undefined) throw new DockerfileProblem(empty.place, 'the path of a volume is empty');
  return paths;
}

function readHealthcheck(given: ReadArguments): Body<'healthcheck'> {
  const { flags, text, at, line, keywordPlace } = given;
  const [, word = '', gap = ''] = /^(\S+)(\s*)/.exec(text) ?? [];
  const duration = (name: string): bigint | null => {
    const flag = flags.text(name);
    if (flag === null) return null;
    const ns = durationToNs(flag.value);
    if (ns === undefined) {
      throw new DockerfileProblem(
        flag.place,
        `--${name}: ${JSON.stringify(flag.value)} is not a duration`,
        'such as 30s',
      );
    }
    if (ns < 0n || (ns > 0n && ns < 1_000_000n)) {
      throw new DockerfileProblem(flag.place, `--${name}: ${flag.value} is less than 1ms`);
    }
    return ns;
  };
  const retries = flags.text('retries');
  if (retries !== null && !/^\d{1,9}$/.test(retries.value)) {
    throw new DockerfileProblem(retries.place, `--retries: ${JSON.stringify(retries.value)} is not a number`);
  }
  const timing = {
    intervalNs: duration('interval'),
    timeoutNs: duration('timeout'),
    startPeriodNs: duration('start-period'),
    startIntervalNs: duration('start-interval'),
    retries: retries === null ? null : Number(retries.value),
  };
  const rest = text.slice(word.length + gap.length);
  switch (word.toUpperCase()) {
    case 'NONE':
      if (rest !== '') throw new DockerfileProblem(line.place(at, text.length), 'HEALTHCHECK NONE takes no arguments');
      return { ...timing, command: null };
    case 'CMD':
      if (rest === '') throw new DockerfileProblem(line.place(at, text.length), 'HEALTHCHECK CMD needs a command');
      return { ...timing, command: readCommand({ ...given, at: at + word.length + gap.length, text: rest }) };
    default:
      throw new DockerfileProblem(
        word === '' ? keywordPlace : line.place(at, word.length),
        `HEALTHCHECK does not know ${JSON.stringify(word)}`,
        didYouMean(word.toUpperCase(), ['CMD', 'NONE']) ?? 'write HEALTHCHECK CMD … or HEALTHCHECK NONE',
      );
  }
}
