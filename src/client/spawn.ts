import { closeSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import type { ErrorData } from '../model/events.ts';
import type { ProjectPaths } from '../state/paths.ts';
import { hasErrno } from '../util/errno.ts';
import { ComposeError } from '../util/errors.ts';
import type { BegunSupervisor } from './begun.ts';
import { RemoteError } from './error.ts';

export interface SupervisorCommand {
  /** The Node binary. */
  readonly executable: string;
  readonly arguments: readonly string[];
  /** Runs before anything is made; throws why a supervisor could not do its work. */
  readonly precondition?: () => void;
}

const readAtOnceBytes = 4096;

/** `ready`: it listens; `present`: another one of the project does. */
type Answer = 'ready' | 'present';

/**
 * Starts a project's supervisor in a session of its own and settles when it listens, or when another one that holds the
 * lock already does. Throws what it says on its way down.
 */
export async function startSupervisor(command: SupervisorCommand, paths: ProjectPaths): Promise<Answer> {
  command.precondition?.();
  const log = openLog(paths.log);
  // Loaded here and at once: mostly there is a supervisor, and where there is none every millisecond of its start counts.
  const { spawn } = process.getBuiltinModule('node:child_process');
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
  const line = await Promise.race([readLine(child.stdio[3] as Readable), failed.promise]);
  child.unref();
  return answerOf(line, paths);
}

/** Waits for a supervisor that the launcher began; null when it was killed before it could say anything. */
export async function awaitBegun({ readyFd }: BegunSupervisor, paths: ProjectPaths): Promise<Answer | null> {
  // Mostly the line is there already, and a stream takes 3 ms for it.
  const said = readAtOnce(readyFd);
  const isWhole = said !== null && (said === '' || said.includes('\n'));
  if (isWhole) closeSync(readyFd);
  const line = isWhole ? (said.split('\n')[0] ?? '') : `${said ?? ''}${await readLine(pipeOf(readyFd))}`;
  return line === '' ? null : answerOf(line, paths);
}

/** What is in the pipe: empty at its end, null when there is nothing yet. */
function readAtOnce(fd: number): string | null {
  const buffer = Buffer.alloc(readAtOnceBytes);
  try {
    return buffer.toString('utf8', 0, readSync(fd, buffer));
  } catch (error) {
    if (hasErrno(error, 'EAGAIN')) return null;
    throw error;
  }
}

function pipeOf(fd: number): Readable {
  const { Socket } = process.getBuiltinModule('node:net');
  return new Socket({ fd, readable: true, writable: false });
}

function answerOf(line: string, paths: ProjectPaths): Answer {
  if (line === 'ready' || line === 'present') return line;
  throw startFailure(line, paths.log);
}

/** What Node itself prints before our code runs there has nowhere else to go. */
function openLog(path: string): number {
  try {
    for (let attempt = 0; ; attempt++) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
      try {
        return openSync(path, 'a', 0o600);
      } catch (error) {
        // A supervisor that leaves takes the directory with it.
        if (attempt >= 5 || !hasErrno(error, 'ENOENT')) throw error;
      }
    }
  } catch (error) {
    const isRefused = hasErrno(error, 'EACCES') || hasErrno(error, 'EPERM') || hasErrno(error, 'EROFS');
    const isFull = hasErrno(error, 'ENOSPC') || hasErrno(error, 'EDQUOT');
    const code = isRefused ? 'NO_PERMISSION' : isFull ? 'NO_SPACE' : 'SUPERVISOR';
    throw new ComposeError(code, `cannot write to ${dirname(path)}: ${(error as Error).message}`, {
      cause: error,
      hint: isFull ? 'free some space on the disk' : 'run as root, or name a directory of your own: --state-dir DIR',
    });
  }
}

/** The first line, after which the stream is destroyed; empty when there is none. */
function readLine(stream: Readable): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  const settle = (): void => {
    stream.destroy();
    resolve(Buffer.concat(chunks).toString('utf8').split('\n')[0] ?? '');
  };
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (chunk.includes('\n')) settle();
  });
  stream.once('error', settle).once('close', settle);
  return promise;
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
