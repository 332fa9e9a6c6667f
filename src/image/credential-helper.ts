/** Programs that keep credentials, `docker-credential-NAME` (docker-credential-helpers' protocol). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ComposeError } from '../util/errors.ts';

const maxAnswerBytes = 1024 * 1024;

/**
 * Runs a helper: what it answers, or null when it says that it knows none. Throws INVALID, without anything that the helper
 * printed, which may be a secret.
 */
export async function askHelper(
  name: string,
  action: 'get' | 'store' | 'erase',
  input: string,
  options: { readonly environment: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal },
): Promise<string | null> {
  const { environment, signal } = options;
  const program = `docker-credential-${name}`;
  if (!/^[\w.+-]+$/.test(name)) throw failed(program, action, 'that is no name of a helper');
  signal.throwIfAborted();
  const child = spawn(program, [action], { env: environment, stdio: ['pipe', 'pipe', 'ignore'], signal });
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
    if (answer.length > maxAnswerBytes) child.kill('SIGKILL');
  });
  // One that does not read has said already how it ends.
  child.stdin.on('error', () => {}).end(input);
  let code: number | null;
  try {
    [code] = (await once(child, 'close')) as [number | null];
  } catch (error) {
    signal.throwIfAborted();
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw failed(program, action, isMissing ? 'there is no such program' : 'it cannot be run', error);
  }
  signal.throwIfAborted();
  if (code === 0) return answer;
  if (action !== 'store' && /credentials not found/i.test(answer)) return null;
  throw failed(program, action, code === null ? 'it was killed' : `it ends with exit code ${code}`);
}

function failed(program: string, action: string, reason: string, cause?: unknown): ComposeError {
  return new ComposeError('INVALID', `cannot ${verbs[action]} credentials with ${program}: ${reason}`, {
    hint: 'it is named by credHelpers or credsStore of ~/.docker/config.json',
    ...(cause === undefined ? {} : { cause }),
  });
}

const verbs: Readonly<Record<string, string>> = { get: 'get', store: 'store', erase: 'erase' };
