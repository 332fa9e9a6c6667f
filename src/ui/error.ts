import { ComposeError } from '../util/errors.ts';

export interface ErrorRendering {
  /** `json`: one line for programs, as `--progress json` has it. */
  readonly form: 'text' | 'json';
  readonly isColored: boolean;
}

/** What errors carry for people besides message and hint; filled by those who have it. */
interface Details {
  /** The excerpt of a file with a caret. */
  readonly frame?: string;
  /** The last lines of a failed container. */
  readonly log?: readonly string[];
}

/** One failure as text, ending in a newline: message, excerpt, log, hint. A stack only when it is a bug of ours. */
export function formatError(error: unknown, rendering: ErrorRendering): string {
  // The first error is the one to tell: what went wrong while cleaning up after it often has the same cause.
  if (error instanceof SuppressedError) return formatError(error.suppressed, rendering);
  if (rendering.form === 'json') return `${JSON.stringify({ error: true, message: messageOf(error) })}\n`;
  if (error instanceof AggregateError) return error.errors.map((each) => formatError(each, rendering)).join('\n');
  const paint = rendering.isColored ? (code: number, text: string) => `\x1b[${code}m${text}\x1b[0m` : plain;
  if (!(error instanceof ComposeError)) return formatBug(error);
  const { frame, log = [] } = error as ComposeError & Details;
  const lines = [paint(31, error.message)];
  if (frame !== undefined) lines.push(frame.replace(/\n$/, ''));
  if (log.length > 0) lines.push('last lines of its log:', ...log.map((line) => `  ${line}`));
  if (error.hint !== undefined) lines.push(`${paint(36, 'hint:')} ${error.hint}`);
  return `${lines.join('\n')}\n`;
}

function plain(_code: number, text: string): string {
  return text;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function formatBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `internal error, please report it:\n${stack}\n`;
}
