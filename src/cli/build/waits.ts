import { ComposeError } from '../../util/errors.ts';

/** Which builds wait for which. */
export class Waits {
  readonly #awaited = new Map<string, Set<string>>();

  /** Throws CYCLE when `other` waits for `name` already. */
  add(name: string, other: string): void {
    const back = this.#path(other, name);
    if (back !== null) throw new ComposeError('CYCLE', `builds wait for each other: ${[name, ...back].join(' → ')}`);
    const awaited = this.#awaited.get(name) ?? new Set();
    this.#awaited.set(name, awaited.add(other));
  }

  #path(from: string, to: string): string[] | null {
    if (from === to) return [from];
    for (const next of this.#awaited.get(from) ?? []) {
      const rest = this.#path(next, to);
      if (rest !== null) return [from, ...rest];
    }
    return null;
  }
}
