/** Variables of a build: arguments, those that the platform brings, and how words with them are read. */
import type { Place } from '../../util/diagnostic.ts';
import type { Text } from '../dockerfile/instruction.ts';
import { DockerfileProblem } from '../dockerfile/problem.ts';
import { type Expansion, type Lookup, ShellError, type ShellWords } from '../dockerfile/shell-words.ts';

export type Variables = ReadonlyMap<string, string>;

/** Arguments that need no ARG to reach RUN, and do not count as a change (Dockerfile reference, ARG). */
export const proxyArguments: ReadonlySet<string> = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
);

/** The proxies among build arguments under both spellings: programs ask for either (as BuildKit has it). */
export function proxyVariables(buildArguments: Variables): [name: string, value: string][] {
  return [...proxyArguments].flatMap((name) => {
    const other = name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase();
    const value = buildArguments.get(name) ?? buildArguments.get(other);
    return value === undefined ? [] : [[name, value]];
  });
}

interface NamedPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** TARGETPLATFORM and its kin: there for FROM, and for a stage that declares them. */
export function platformArguments(build: NamedPlatform, target: NamedPlatform, stage: string): Map<string, string> {
  const of = (prefix: string, { os, architecture, variant }: NamedPlatform): [string, string][] => [
    [`${prefix}PLATFORM`, [os, architecture, variant].filter(Boolean).join('/')],
    [`${prefix}OS`, os],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, variant ?? ''],
  ];
  return new Map([...of('BUILD', build), ...of('TARGET', target), ['TARGETSTAGE', stage]]);
}

/** Reads words with one set of variables; problems have their place. */
export class Expander {
  readonly #lexer: ShellWords;
  readonly #lookup: Lookup;

  constructor(lexer: ShellWords, lookup: Lookup) {
    this.#lexer = lexer;
    this.#lookup = lookup;
  }

  word(text: Text): string {
    return this.#expand(text).text;
  }

  /** Several, when a variable brings blanks. */
  words(text: Text): readonly string[] {
    return this.#expand(text).words;
  }

  /** A word of which the place of the whole instruction is known. */
  at(value: string, place: Place): string {
    return this.#expand({ value, place }).text;
  }

  /** A here-document, in which quotes are nothing special. */
  content(value: string, place: Place): string {
    return this.#placed(place, () => this.#lexer.expandText(value, this.#lookup));
  }

  #expand({ value, place }: Text): Expansion {
    return this.#placed(place, () => this.#lexer.expand(value, this.#lookup));
  }

  #placed<T>(place: Place, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof ShellError)) throw error;
      throw new DockerfileProblem({ ...place, offset: place.offset + Math.min(error.at, place.length) }, error.message);
    }
  }
}
