import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { MonitorStream } from '../container/monitor-stream.ts';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';
import { rawMode } from './raw-mode.ts';

export interface BridgeOptions {
  readonly terminal: boolean;
  readonly stdin: 'attached' | 'none';
  /** Signals that we get go to the process in the container. */
  readonly signals: 'forwarded' | 'ours';
  /** Keys that leave the process alone; null: none. Only on a terminal. */
  readonly detachKeys?: Buffer | null;
}

/**
 * Connects a process in a container with our own streams until it has exited, all its output has been written, or the
 * user detached. Gives its exit code; 0 after detaching. The terminal is as before whatever happens.
 */
export async function bridge(stream: MonitorStream, options: BridgeOptions, context: Context): Promise<number> {
  const { stdin, stdout, stderr } = context;
  using cleanup = new DisposableStack();
  if (options.terminal) {
    const resize = () => stream.resize(stdout.rows ?? 24, stdout.columns ?? 80);
    resize();
    stdout.on('resize', resize);
    cleanup.defer(() => void stdout.removeListener('resize', resize));
    if (stdin.isTTY && options.stdin === 'attached') cleanup.use(rawMode(stdin));
  }
  if (options.signals === 'forwarded') forwardSignals(stream, context, cleanup);
  const detached = Promise.withResolvers<'detached'>();
  if (options.stdin === 'attached') {
    copyInput(stdin, stream, options.detachKeys ?? null, () => detached.resolve('detached'), cleanup);
  }
  const output = Promise.all([copyOutput(stream.stdout, stdout), copyOutput(stream.stderr, stderr)]);
  const exit = (async () => {
    const [exitCode] = await Promise.all([stream.exitCode, output]);
    return exitCode;
  })();
  const interrupted = Promise.withResolvers<never>();
  const abort = () => interrupted.reject(context.signal.reason);
  context.signal.addEventListener('abort', abort);
  cleanup.defer(() => context.signal.removeEventListener('abort', abort));
  try {
    const result = await Promise.race([exit, detached.promise, interrupted.promise]);
    return result === 'detached' ? 0 : result;
  } finally {
    exit.catch(() => {});
    interrupted.promise.catch(() => {});
    stream.close();
  }
}

async function copyOutput(from: Readable, to: NodeJS.WritableStream): Promise<void> {
  for await (const chunk of from) {
    if (!to.write(chunk as Uint8Array)) await once(to, 'drain');
  }
}

function copyInput(
  stdin: Context['stdin'],
  stream: MonitorStream,
  detachKeys: Buffer | null,
  detach: () => void,
  cleanup: DisposableStack,
): void {
  let matched = 0;
  const onData = (chunk: Buffer) => {
    if (detachKeys !== null && stdin.isTTY) {
      for (const byte of chunk) {
        matched = byte === detachKeys[matched] ? matched + 1 : byte === detachKeys[0] ? 1 : 0;
        if (matched === detachKeys.length) return detach();
      }
    }
    if (!stream.stdin.write(chunk)) {
      stdin.pause();
      stream.stdin.once('drain', () => stdin.resume());
    }
  };
  const onEnd = () => stream.stdin.end();
  stdin.on('data', onData);
  stdin.once('end', onEnd);
  stdin.resume();
  cleanup.defer(() => {
    stdin.removeListener('data', onData);
    stdin.removeListener('end', onEnd);
    stdin.pause();
    // A pipe that stays open must not keep us alive.
    stdin.unref?.();
  });
}

const forwarded = ['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

function forwardSignals(stream: MonitorStream, { interrupts }: Context, cleanup: DisposableStack): void {
  cleanup.use(interrupts.take((name) => stream.sendSignal(name)));
  for (const name of forwarded) {
    const send = () => stream.sendSignal(name);
    process.on(name, send);
    cleanup.defer(() => void process.removeListener(name, send));
  }
}

/** `ctrl-p,ctrl-q` or plain letters, as bytes. Throws USAGE. */
export function parseDetachKeys(text: string): Buffer {
  const bytes = text.split(',').map((key) => {
    const [, letter] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? [];
    if (letter !== undefined) return letter.toUpperCase().charCodeAt(0) & 0x1f;
    if (/^[\x21-\x7e]$/.test(key)) return key.charCodeAt(0);
    throw new ComposeError('USAGE', `cannot read --detach-keys ${JSON.stringify(text)}`, {
      hint: 'write keys such as ctrl-p,ctrl-q',
    });
  });
  return Buffer.from(bytes);
}
