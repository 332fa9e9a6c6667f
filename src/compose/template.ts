/** Looks a variable up; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface SubstituteOptions {
  readonly lookup: Lookup;
  /** Called for each use of a variable that is not set and has no default. */
  readonly onUnset?: (name: string) => void;
}

/** One `${NAME…}` of a template, for `config --variables`. */
export interface VariableUse {
  readonly name: string;
  readonly operator: Operator | null;
  /** The raw text after the operator. */
  readonly argument: string;
}

type Operator = ':-' | '-' | ':?' | '?' | ':+' | '+';

/** What is wrong with a template, and where in it. */
export class TemplateError extends Error {
  /** Offset in the text, in UTF-16 units. */
  readonly offset: number;
  readonly length: number;
  readonly kind: 'syntax' | 'required' | 'limit';
  /** The required variable that is missing. */
  readonly variable: string | undefined;

  constructor(kind: TemplateError['kind'], message: string, offset: number, length: number, variable?: string) {
    super(message);
    this.name = 'TemplateError';
    this.kind = kind;
    this.offset = offset;
    this.length = length;
    this.variable = variable;
  }
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const MAX_DEPTH = 100;
/** Variables that repeat others, which repeat others, fill any memory. */
const MAX_LENGTH = 16 * 1024 * 1024;

/** Replaces `$NAME` and the `${NAME…}` forms of a text. Throws TemplateError. */
export function substitute(text: string, options: SubstituteOptions): string {
  return text.includes('$') ? expand(text, 0, 0, options) : text;
}

/** Every variable a text names, those of nested defaults too. Throws TemplateError for a malformed text. */
export function variablesOf(text: string): VariableUse[] {
  const found: VariableUse[] = [];
  const visit = (part: string, base: number, depth: number): void => {
    scan(part, base, depth, (piece) => {
      if (typeof piece === 'string') return;
      found.push({ name: piece.name, operator: piece.operator, argument: piece.argument });
      if (piece.operator !== null) visit(piece.argument, piece.argumentOffset, depth + 1);
    });
  };
  if (text.includes('$')) visit(text, 0, 0);
  return found;
}

interface Piece {
  readonly name: string;
  readonly operator: Operator | null;
  readonly argument: string;
  readonly argumentOffset: number;
  readonly offset: number;
  readonly length: number;
}

function expand(text: string, base: number, depth: number, options: SubstituteOptions): string {
  let out = '';
  scan(text, base, depth, (piece) => {
    out += typeof piece === 'string' ? piece : resolveVariable(piece, depth, options);
    if (out.length > MAX_LENGTH) throw new TemplateError('limit', 'with its variables this becomes too long', base, 1);
  });
  return out;
}

function resolveVariable(piece: Piece, depth: number, options: SubstituteOptions): string {
  const value = options.lookup(piece.name);
  const argument = (): string => expand(piece.argument, piece.argumentOffset, depth + 1, options);
  const isPresent = piece.operator?.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  switch (piece.operator) {
    case null:
      if (value === undefined) options.onUnset?.(piece.name);
      return value ?? '';
    case ':-':
    case '-':
      return isPresent ? (value ?? '') : argument();
    case ':+':
    case '+':
      return isPresent ? argument() : '';
    case ':?':
    case '?': {
      if (isPresent) return value ?? '';
      const reason = argument();
      throw new TemplateError(
        'required',
        `required variable ${piece.name} is missing a value${reason === '' ? '' : `: ${reason}`}`,
        piece.offset,
        piece.length,
        piece.name,
      );
    }
  }
}

/** Splits a template into literal texts and variables, in order. */
function scan(text: string, base: number, depth: number, emit: (piece: string | Piece) => void): void {
  if (depth > MAX_DEPTH) throw new TemplateError('syntax', 'variables are nested too deeply', base, 1);
  let position = 0;
  while (position < text.length) {
    const dollar = text.indexOf('$', position);
    if (dollar < 0) break;
    if (dollar > position) emit(text.slice(position, dollar));
    const next = text[dollar + 1];
    if (next === '$') {
      emit('$');
      position = dollar + 2;
    } else if (next === '{') {
      const piece = braced(text, dollar, base);
      emit(piece);
      position = dollar + piece.length;
    } else {
      NAME.lastIndex = dollar + 1;
      const name = NAME.exec(text)?.[0];
      if (name === undefined) {
        emit('$');
        position = dollar + 1;
      } else {
        emit({ name, operator: null, argument: '', argumentOffset: 0, offset: base + dollar, length: name.length + 1 });
        position = dollar + 1 + name.length;
      }
    }
  }
  if (position < text.length) emit(text.slice(position));
}

function braced(text: string, dollar: number, base: number): Piece {
  const end = closingBrace(text, dollar + 1);
  const whole = text.slice(dollar, end < 0 ? endOfLine(text, dollar) : end + 1);
  const shown = whole.length > 60 ? `${whole.slice(0, 57)}…` : whole;
  const fail = (): TemplateError =>
    new TemplateError('syntax', `${JSON.stringify(shown)} is not a variable`, base + dollar, whole.length);
  NAME.lastIndex = dollar + 2;
  const name = NAME.exec(text)?.[0];
  if (name === undefined || end < 0) throw fail();
  const rest = text.slice(dollar + 2 + name.length, end);
  const offset = base + dollar;
  const length = end + 1 - dollar;
  if (rest === '') return { name, operator: null, argument: '', argumentOffset: 0, offset, length };
  const operator = /^:?[-?+]/.exec(rest)?.[0] as Operator | undefined;
  if (operator === undefined || rest.includes('\n')) throw fail();
  const argumentOffset = base + dollar + 2 + name.length + operator.length;
  return { name, operator, argument: rest.slice(operator.length), argumentOffset, offset, length };
}

/** The brace that closes the one at `open`; every brace in between counts. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '{') depth += 1;
    else if (text[i] === '}') {
      depth -= 1;
      if (depth === 0) return i;
    }
  }
  return -1;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
