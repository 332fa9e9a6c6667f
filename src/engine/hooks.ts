/** Lifecycle hooks: commands in a container right after its start and right before its stop (semantics.md section 21). */
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { hookProcess, readAccounts } from '../container/exec-process.ts';
import type { OciSpec } from '../container/oci.ts';
import { readContainerState } from '../container/state.ts';
import type { OutputEvent } from '../model/events.ts';
import { lastingName } from '../model/names.ts';
import type { ContainerRecord } from '../model/records.ts';
import type { Hook } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';
import type { EngineContext } from './context.ts';

/** As much of a hook's output as an error shows. */
const tailBytes = 2048;
const tailLines = 10;
const longestLine = 1 << 16;

/**
 * Runs the hooks of one kind in a running container, one after the other. Throws HOOK_FAILED for the first that fails, with the
 * end of its output; the container is as the hook left it.
 */
export async function runHooks(
  context: EngineContext,
  record: ContainerRecord,
  kind: 'post_start' | 'pre_stop',
  options: HookOptions,
): Promise<void> {
  for (const [index, hook] of (record.config[kind] ?? []).entries()) {
    const exited = await runHook(context, record, hook, options);
    if (exited.code === 0) continue;
    throw hookFailure(record, `${kind} hook ${index + 1} of ${lastingName(record.name)}`, exited, [kind, index]);
  }
}

export interface HookOptions {
  readonly signal: AbortSignal;
  readonly tell: (event: OutputEvent) => void;
}

export interface HookExit {
  readonly code: number;
  readonly output: string;
}

/** What a hook that failed is told as, with the last lines it printed. */
export function hookFailure(
  { service }: Pick<ContainerRecord, 'service'>,
  what: string,
  { code, output }: HookExit,
  attribute: readonly (string | number)[],
): ComposeError {
  const said = output.trimEnd().split('\n').slice(-tailLines).join('\n');
  return new ComposeError('HOOK_FAILED', `${what} exited with code ${code}`, {
    path: ['services', service, ...attribute],
    ...(said === '' ? {} : { hint: `it said: ${said}` }),
  });
}

async function runHook(
  context: EngineContext,
  record: ContainerRecord,
  hook: Hook,
  { signal, tell }: HookOptions,
): Promise<HookExit> {
  const paths = context.paths.container(record.id);
  const { pid } = readContainerState(paths, context.native);
  const spec = JSON.parse(await readFile(paths.config, 'utf8')) as OciSpec;
  const process = hookProcess(spec, hook, await readAccounts(pid ?? 0));
  const args = { process, privileged: hook.privileged ?? false };
  using stream = await context.containers.monitor(record.id).exec(args, { signal });
  stream.stdin.end();
  const output = { text: '' };
  const { name: source, service } = record;
  const onLine = (text: string): void =>
    tell({ type: 'output', service, source, text, at: context.clock().toISOString() });
  const [code] = await Promise.all([
    stream.exitCode,
    readLines(stream.stdout, output, onLine),
    readLines(stream.stderr, output, onLine),
  ]);
  return { code, output: output.text };
}

/** Tells each line, and keeps the end of them all. One without an end is cut. */
async function readLines(stream: Readable, output: { text: string }, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  // A letter may come in two pieces.
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    const text = String(chunk);
    output.text = (output.text + text).slice(-tailBytes);
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(-longestLine);
    for (const line of lines) onLine(line);
  }
  if (rest !== '') onLine(rest);
}
