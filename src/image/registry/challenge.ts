/** The header WWW-Authenticate (RFC 9110, 11.6.1). */

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case; of one that comes twice the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const space = /[\s,]*/y;
const parameter = new RegExp(`(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))`, 'ysu');
const scheme = new RegExp(`(${token})(?!\\s*=)(?:\\s+|$|(?=,))`, 'y');

/** The challenges of a header, in order; what cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(header);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };
  while (position < header.length) {
    take(space);
    const current = challenges.at(-1);
    const found = current === undefined ? null : take(parameter);
    if (found !== null && current !== undefined) {
      const [, name = '', quoted, plain] = found;
      const key = name.toLowerCase();
      const value = quoted?.replaceAll(/\\(.)/gs, '$1') ?? plain ?? '';
      if (!current.parameters.has(key)) current.parameters.set(key, value);
      continue;
    }
    const named = take(scheme);
    if (named === null) break;
    challenges.push({ scheme: (named[1] ?? '').toLowerCase(), parameters: new Map() });
  }
  return challenges;
}
