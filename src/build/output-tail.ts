/** The last lines of an output, for whoever asks what went wrong. */
export class OutputTail {
  readonly #most: number;
  #lines: string[] = [''];

  constructor(most = 20) {
    this.#most = most;
  }

  add(text: string): void {
    const [first = '', ...others] = text.split('\n');
    this.#lines.push((this.#lines.pop() ?? '') + first, ...others);
    this.#lines = this.#lines.slice(-this.#most - 1).map((line) => line.slice(-2000));
  }

  /** What a carriage return has overwritten is gone. */
  get lines(): string[] {
    return this.#lines
      .map((line) => line.replace(/\r$/, '').replace(/^.*\r/, ''))
      .filter((line, index, all) => line !== '' || index < all.length - 1)
      .slice(-this.#most);
  }
}
