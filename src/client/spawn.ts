import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import type { ErrorData } from '../model/events.ts';
import type { ProjectPaths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';
import { RemoteError } from './error.ts';

export interface SupervisorCommand {
  /** The Node binary. */
  readonly executable: string;
  readonly arguments: readonly string[];
}

/**
 * Starts a project's supervisor in a session of its own and settles when it listens, or when another one that holds the
 * lock already does. Throws what it says on its way down.
 */
export async function startSupervisor(command: SupervisorCommand, paths: ProjectPaths): Promise<void> {
  // Loaded here and at once: mostly there is a supervisor, and where there is none every millisecond of its start counts.
  const { spawn } = process.getBuiltinModule('node:child_process');
  mkdirSync(dirname(paths.log), { recursive: true, mode: 0o711 });
  // What Node itself prints before our code runs there has nowhere else to go.
  const log = openSync(paths.log, 'a', 0o600);
  const child = spawn(command.executable, [...command.arguments, '--ready-fd', '3'], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  const failed = Promise.withResolvers<never>();
  child.once('error', (cause) => {
    failed.reject(new ComposeError('SUPERVISOR', `cannot start the supervisor: ${cause.message}`, { cause }));
  });
  const ready = child.stdio[3] as Readable;
  const line = await Promise.race([readLine(ready), failed.promise]);
  child.unref();
  ready.destroy();
  if (line === 'ready') return;
  throw startFailure(line, paths.log);
}

async function readLine(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

function startFailure(line: string, log: string): ComposeError {
  const hint = `its log is ${log}`;
  if (line === '') return new ComposeError('SUPERVISOR', 'the supervisor ended before it was ready', { hint });
  try {
    const data = JSON.parse(line) as Partial<ErrorData> & { error?: Partial<ErrorData> };
    const { code = 'SUPERVISOR', message = line, hint: said, exitCode, log: lines } = data.error ?? data;
    return new RemoteError({ code, message, hint: said ?? hint, exitCode: exitCode ?? null, log: lines ?? [] });
  } catch {
    return new ComposeError('SUPERVISOR', `the supervisor could not start: ${line}`, { hint });
  }
}
