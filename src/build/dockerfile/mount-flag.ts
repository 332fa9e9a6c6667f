/** `RUN --mount=type=cache,target=/root/.npm`. */
import { sizeToBytes } from '../../model/bytes.ts';
import { didYouMean } from '../../util/nearest.ts';
import type { RunMount, Text } from './instruction.ts';
import { DockerfileProblem } from './problem.ts';

const types = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
const sharings = ['shared', 'private', 'locked'] as const;

const common = ['type', 'target'];
const keysOf: Readonly<Record<RunMount['type'], readonly string[]>> = {
  bind: [...common, 'source', 'from', 'readonly', 'readwrite'],
  cache: [...common, 'id', 'readonly', 'readwrite', 'sharing', 'from', 'source', 'mode', 'uid', 'gid'],
  tmpfs: [...common, 'size'],
  secret: [...common, 'id', 'required', 'mode', 'uid', 'gid', 'env', 'source'],
  ssh: [...common, 'id', 'required', 'mode', 'uid', 'gid'],
};
const synonyms: Readonly<Record<string, string>> = {
  dst: 'target',
  destination: 'target',
  src: 'source',
  ro: 'readonly',
  rw: 'readwrite',
};

/** Reads the value of a `--mount`. Throws DockerfileProblem. */
export function parseMount({ value, place }: Text): RunMount {
  const fail = (message: string, hint?: string) => new DockerfileProblem(place, `--mount: ${message}`, hint);
  const given = new Map<string, string>();
  for (const field of csvFields(value)) {
    const equals = field.indexOf('=');
    const written = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    given.set(synonyms[written] ?? written, equals < 0 ? '' : field.slice(equals + 1));
  }
  const typeText = given.get('type') ?? 'bind';
  const type = types.find((name) => name === typeText);
  if (type === undefined) {
    throw fail(
      `there is no type ${JSON.stringify(typeText)}`,
      didYouMean(typeText, types) ?? `it is one of ${types.join(', ')}`,
    );
  }
  for (const [key, text] of given) {
    if (!keysOf[type].includes(key)) {
      throw fail(
        `a mount of type ${type} has no ${JSON.stringify(key)}`,
        didYouMean(key, keysOf[type]) ?? `it has ${keysOf[type].join(', ')}`,
      );
    }
    if (text === '' && key !== 'readonly' && key !== 'readwrite' && key !== 'required') throw fail(`${key} is empty`);
  }
  const boolean = (key: string): boolean | null => {
    const text = given.get(key);
    if (text === undefined) return null;
    if (/^(1|t|true|)$/i.test(text)) return true;
    if (/^(0|f|false)$/i.test(text)) return false;
    throw fail(`${key} is true or false, and not ${JSON.stringify(text)}`);
  };
  const number = (key: string, base: 8 | 10): number | null => {
    const text = given.get(key);
    if (text === undefined) return null;
    if (!(base === 8 ? /^[0-7]{1,5}$/ : /^\d{1,10}$/).test(text)) {
      throw fail(`${key} ${JSON.stringify(text)} is no ${base === 8 ? 'octal ' : ''}number`);
    }
    return Number.parseInt(text, base);
  };
  const target = given.get('target') ?? null;
  const variable = given.get('env') ?? null;
  if (target === null && type !== 'secret' && type !== 'ssh') {
    throw fail(`a mount of type ${type} needs a target`, `add target=/some/directory`);
  }
  const id = given.get('id') ?? null;
  if (type === 'secret' && id === null && target === null && given.get('source') === undefined) {
    throw fail('a secret needs an id', 'add id=NAME');
  }
  const sharingText = given.get('sharing') ?? 'shared';
  const sharing = sharings.find((name) => name === sharingText);
  if (sharing === undefined) {
    throw fail(`there is no sharing ${JSON.stringify(sharingText)}`, `it is one of ${sharings.join(', ')}`);
  }
  const sizeText = given.get('size');
  const size = sizeText === undefined ? null : sizeToBytes(sizeText);
  if (size === undefined) throw fail(`size ${JSON.stringify(sizeText)} is none`);
  const isWritable = boolean('readwrite');
  return {
    type,
    place,
    target,
    source: given.get('source') ?? null,
    from: given.get('from') ?? null,
    id,
    isReadOnly: boolean('readonly') ?? (isWritable === null ? null : !isWritable),
    sharing,
    isRequired: boolean('required') ?? false,
    sizeBytes: size === null ? null : Number(size),
    mode: number('mode', 8),
    uid: number('uid', 10),
    gid: number('gid', 10),
    variable,
  };
}

/** Fields between commas; one in double quotes may hold commas. */
function csvFields(text: string): string[] {
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    else if (char === ',' && !isQuoted) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  return [...fields, field].map((each) => each.trim()).filter((each) => each !== '');
}
