/** What a terminal sends, as keys, mouse events and pastes. Pure but for what a read has cut off. */

export type Input =
  /** `a`, `A`, `ctrl-c`, `enter`, `up`, `shift-tab`, `f1`; `text` is what it types, if anything. */
  | { readonly type: 'key'; readonly key: string; readonly text: string }
  /** From 0, at the top left. */
  | {
      readonly type: 'mouse';
      readonly kind: 'press' | 'wheel-up' | 'wheel-down';
      readonly x: number;
      readonly y: number;
    }
  | { readonly type: 'paste'; readonly text: string };

const escapeCode = '\x1b';
const pasteEnd = `${escapeCode}[201~`;
const mouse = /^\[<(\d+);(\d+);(\d+)([Mm])/;
const csi = /^\[([0-9;]*)([A-Za-z~])/;
const final: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  Z: 'shift-tab',
  P: 'f1',
};
const numbered: Readonly<Record<string, string>> = {
  1: 'home',
  3: 'delete',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
  11: 'f1',
};
const controls: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
};
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Takes chunks as they are read; a sequence that a read has cut in two waits for its rest. */
export class KeyReader {
  #rest = '';

  read(chunk: string): Input[] {
    let text = this.#rest + chunk;
    this.#rest = '';
    const inputs: Input[] = [];
    while (text !== '') {
      const taken = text.startsWith(escapeCode) ? this.#sequence(text, inputs) : plain(text, inputs);
      if (taken === 0) {
        this.#rest = text;
        break;
      }
      text = text.slice(taken);
    }
    return inputs;
  }

  /** How many characters were taken; 0 when the rest is still to come. */
  #sequence(text: string, inputs: Input[]): number {
    const body = text.slice(1);
    if (body.startsWith('[200~')) {
      const end = text.indexOf(pasteEnd);
      if (end < 0) return 0;
      inputs.push({ type: 'paste', text: text.slice(6, end) });
      return end + pasteEnd.length;
    }
    const pointer = mouse.exec(body);
    if (pointer !== null) {
      const [whole, button, x, y, letter] = pointer;
      const kind = mouseKind(Number(button), letter === 'M');
      if (kind !== undefined) inputs.push({ type: 'mouse', kind, x: Number(x) - 1, y: Number(y) - 1 });
      return 1 + whole.length;
    }
    const control = csi.exec(body) ?? /^(O)([A-Z])/.exec(body);
    if (control !== null) {
      const [whole, parameters = '', letter = ''] = control;
      const name = letter === '~' ? numbered[parameters.split(';')[0] ?? ''] : final[letter];
      const modifier = Number(parameters.split(';')[1] ?? 1) - 1;
      if (name !== undefined) inputs.push({ type: 'key', key: `${modifiers(modifier)}${name}`, text: '' });
      return 1 + whole.length;
    }
    // Unfinished: only what may still become a sequence waits.
    if (/^\[<?[0-9;]*$/.test(body) && body !== '[' && body.length < 32) return 0;
    inputs.push({ type: 'key', key: 'escape', text: '' });
    return 1;
  }
}

function mouseKind(button: number, isPress: boolean): Extract<Input, { type: 'mouse' }>['kind'] | undefined {
  if (button === 64) return 'wheel-up';
  if (button === 65) return 'wheel-down';
  return isPress && button === 0 ? 'press' : undefined;
}

function modifiers(bits: number): string {
  return `${bits & 4 ? 'ctrl-' : ''}${bits & 2 ? 'alt-' : ''}${bits & 1 ? 'shift-' : ''}`;
}

function plain(text: string, inputs: Input[]): number {
  const first = text[0] ?? '';
  const code = first.charCodeAt(0);
  const named = controls[first];
  if (named !== undefined) inputs.push({ type: 'key', key: named, text: '' });
  else if (code < 0x20) inputs.push({ type: 'key', key: `ctrl-${String.fromCharCode(code + 0x60)}`, text: '' });
  else {
    const [{ segment = first } = {}] = graphemes.segment(text.slice(0, 32));
    inputs.push({ type: 'key', key: segment === ' ' ? 'space' : segment, text: segment });
    return segment.length;
  }
  return 1;
}
