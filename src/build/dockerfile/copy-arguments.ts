/** What COPY and ADD are given. */
import { type ReadArguments, readWords } from './arguments.ts';
import type { CopyBody, CopyFlags, InlineFile, Text } from './instruction.ts';
import { readStringArray } from './json-array.ts';
import { DockerfileProblem } from './problem.ts';

export function readCopy(given: ReadArguments): CopyBody {
  const { line, at, text, flags } = given;
  const place = line.place(at, text.length);
  const listed = readStringArray(text, place)?.map((value): Text => ({ value, place }));
  const words = listed ?? readWords(given);
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2) {
    throw new DockerfileProblem(place, 'at least one source and a destination are expected');
  }
  const files: InlineFile[] = [];
  const sources: Text[] = [];
  for (const word of words.slice(0, -1)) {
    const heredoc = listed === undefined ? line.heredocs.find((each) => each.word === word.value) : undefined;
    if (heredoc === undefined) sources.push(word);
    else files.push({ ...heredoc, place: word.place });
  }
  const copyFlags: CopyFlags = {
    from: flags.text('from'),
    chown: flags.text('chown'),
    chmod: flags.text('chmod'),
    isLinked: flags.boolean('link') ?? false,
    hasParents: flags.boolean('parents') ?? false,
    excludes: flags.list('exclude'),
    checksum: flags.text('checksum'),
    keepsGitDirectory: flags.boolean('keep-git-dir') ?? false,
    unpacks: flags.boolean('unpack'),
  };
  if (copyFlags.from !== null && files[0] !== undefined) {
    throw new DockerfileProblem(files[0].place, 'a here-document does not come from elsewhere: --from is for others');
  }
  return { flags: copyFlags, sources, files, destination };
}
