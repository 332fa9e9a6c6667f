/** The last rows of a terminal: lines that are redrawn in place while text flows away above them. Pure but for what it remembers. */

/** Programs that know them show all of what stands between at once (synchronized output); others ignore them. */
const beginUpdate = '\x1b[?2026h';
const endUpdate = '\x1b[?2026l';
/** What is too long for its row is cut: a terminal that has just become narrower must not break rows of ours in two. */
const beginRows = '\x1b[?7l';
const endRows = '\x1b[?7h';
const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
const eraseRow = '\x1b[2K';
/** The cursor's row and those below. From the screen's first cell on, tmux would keep what is erased among what has scrolled away. */
const eraseBelow = '\r\x1b[2K\x1b[C\x1b[J\r';

/**
 * Between two updates the (hidden) cursor stands at the first row of the frame. So whatever a resize has done to the rows,
 * some terminals break them anew and some do not, all that is ours is what stands from the cursor on.
 */
export class BottomFrame {
  #shown: readonly string[] = [];
  #isOpen = false;

  /** What to write so that `above`, whole lines, is added above the frame and the frame is `lines`; empty when nothing changes. */
  update(lines: readonly string[], above = ''): string {
    const isPatch = above === '' && this.#isOpen && lines.length === this.#shown.length;
    const change = isPatch ? this.#patch(lines) : this.#redraw(lines, above);
    this.#shown = lines;
    if (change === '') return '';
    const begin = this.#isOpen ? '' : hideCursor;
    this.#isOpen = true;
    return `${beginUpdate}${begin}${change}${endUpdate}`;
  }

  /** The same after a resize: nothing that was drawn is where it was. */
  redraw(lines: readonly string[]): string {
    this.#shown = [];
    this.#isOpen = true;
    const change = this.#redraw(lines, '');
    this.#shown = lines;
    return `${beginUpdate}${hideCursor}${change}${endUpdate}`;
  }

  /** Takes the frame away; the next line begins where it stood. */
  close(): string {
    if (!this.#isOpen) return '';
    this.#isOpen = false;
    this.#shown = [];
    return `${endUpdate}${endRows}${eraseBelow}${showCursor}`;
  }

  #redraw(lines: readonly string[], above: string): string {
    const up = lines.length > 1 ? `\x1b[${lines.length - 1}A` : '';
    return `${eraseBelow}${above}${beginRows}${lines.join('\n')}${endRows}\r${up}`;
  }

  #patch(lines: readonly string[]): string {
    let rows = '';
    let row = 0;
    for (const [index, line] of lines.entries()) {
      if (line === this.#shown[index]) continue;
      rows += `${index > row ? `\x1b[${index - row}B` : ''}\r${eraseRow}${line}`;
      row = index;
    }
    if (rows === '') return '';
    return `${beginRows}${rows}${endRows}\r${row > 0 ? `\x1b[${row}A` : ''}`;
  }
}
