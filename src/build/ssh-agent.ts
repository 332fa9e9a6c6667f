/** An agent of our own for key files, by the programs of OpenSSH: keys stay out of the containers of a build. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ComposeError } from '../util/errors.ts';
import { OutputTail } from './output-tail.ts';

/** Where a RUN finds an agent: a running one's socket, or the files of keys that one is started with. */
export type SshSource = { readonly socket: string } | { readonly keys: readonly string[] };

export interface Agent extends AsyncDisposable {
  readonly socket: string;
}

/** Throws BUILD_FAILED when the programs are missing, or a key cannot be read without its passphrase. */
export async function startAgent(keys: readonly string[], socket: string, signal: AbortSignal): Promise<Agent> {
  // An agent ends soon after the command it was started with, which here reads until we are gone.
  const child = spawn('ssh-agent', ['-a', socket, 'sh', '-c', 'echo $SSH_AGENT_PID; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(missing('ssh-agent', error)));
    child.once('exit', () => reject(new ComposeError('BUILD_FAILED', 'ssh-agent does not start')));
    child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString('utf8'))));
  });
  const agent: Agent = {
    socket,
    async [Symbol.asyncDispose]() {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
      try {
        process.kill(pid, 'SIGTERM');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
      child.stdin.end();
      await ended;
    },
  };
  try {
    for (const key of keys) await addKey(key, socket, signal);
    return agent;
  } catch (error) {
    await agent[Symbol.asyncDispose]();
    throw error;
  }
}

async function addKey(key: string, socket: string, signal: AbortSignal): Promise<void> {
  const tail = new OutputTail();
  const env = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' };
  const child = spawn('ssh-add', ['-q', '--', key], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
    signal,
    // Without a terminal nobody is asked for a passphrase.
    detached: true,
  });
  child.stderr.on('data', (chunk: Buffer) => tail.add(chunk.toString('utf8')));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(signal.aborted ? signal.reason : missing('ssh-add', error)));
    child.once('close', resolve);
  });
  if (code === 0) return;
  const reason = tail.lines.at(-1) ?? `ssh-add ended with exit code ${code}`;
  throw new ComposeError('BUILD_FAILED', `the key ${key} cannot be used: ${reason}`, {
    hint: 'add it to an agent of your own, ssh-add, and name that agent',
  });
}

function missing(program: string, cause: Error): ComposeError {
  return new ComposeError('BUILD_FAILED', `keys for a build need the program ${program}: ${cause.message}`, {
    cause,
    hint: 'install openssh-client, or name the socket of a running agent',
  });
}
