/**
 * One script of commands, run by Docker Compose (scripts/record-session.mjs, which writes down its answers) and by us: exit
 * codes, what goes to which stream, and the shape of it are compared.
 */

import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SessionStep {
  /** Stands for it in lists; unique. */
  readonly id: string;
  readonly args: readonly string[];
  readonly stdin?: string;
  /** Runs until this long after the next step has ended: what streams. */
  readonly isStream?: boolean;
}

export interface SessionAnswer {
  readonly id: string;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const step = (line: string, ...rest: readonly string[]): SessionStep => {
  const words = line.split(' ');
  return { id: [...words, ...rest].join(' '), args: [...words, ...rest] };
};

/** In this order: each begins where the one before ended. */
export const steps: readonly SessionStep[] = [
  step('config --quiet'),
  step('config --services'),
  step('config --volumes'),
  step('config --images'),
  step('config --profiles'),
  step('config --format json'),
  { ...step('ps'), id: 'ps (nothing)' },
  step('ls --filter name=tsc-session'),
  { ...step('down'), id: 'down (nothing)' },
  step('up -d'),
  { ...step('up -d'), id: 'up -d (nothing changed)' },
  step('ps'),
  step('ps -a --format json'),
  step('ps --services'),
  step('ps -q web'),
  step('ps --status exited --format', '{{.Service}} {{.State}} {{.ExitCode}}'),
  step('ps nope'),
  { ...step('ls --filter name=tsc-session'), id: 'ls (running)' },
  step('ls --filter name=tsc-session --format json'),
  step('ls -q --filter name=tsc-session'),
  step('images'),
  step('images --format json'),
  step('images -q'),
  step('top worker'),
  step('stats --no-stream --format json'),
  step('stats --no-stream worker'),
  step('port web 80'),
  step('port web 81'),
  step('exec -T web echo hello'),
  step('exec -T web sh -c', 'echo out; echo err >&2; exit 3'),
  step('exec -T web no-such-command'),
  step('exec -T debug true'),
  step('exec -T nope true'),
  { ...step('exec -T web cat'), stdin: 'what goes in\n' },
  step('logs --no-color'),
  step('logs --no-log-prefix --tail 1 job'),
  step('logs -t --no-color job'),
  step('logs nope'),
  step('run --rm -T worker echo one-off'),
  step('run --rm -T --no-deps worker sh -c', 'exit 4'),
  step('run -d --name tsc-session-own worker sleep 1000'),
  step('cp file web:/tmp'),
  step('cp web:/tmp/file copied'),
  step('cp web:/none copied'),
  step('cp file web:/none/'),
  step('cp a b'),
  { ...step('events --json'), isStream: true },
  step('pause web'),
  { ...step('events'), isStream: true },
  step('unpause web'),
  step('kill -s HUP web'),
  step('scale worker=2'),
  step('up -d --scale worker=1'),
  step('restart -t 1 worker'),
  step('--dry-run stop worker'),
  step('stop worker'),
  step('start worker'),
  step('--profile failing up failing --exit-code-from failing --no-log-prefix'),
  step('--profile failing up failing --abort-on-container-exit'),
  step('create debug'),
  step('rm -f failing'),
  { ...step('rm -f failing'), id: 'rm -f failing (nothing)' },
  step('wait job'),
  step('up -d nope'),
  step('up --bogus'),
  step('bogus'),
  step('up --build --no-build'),
  step('scale worker'),
  step('-f missing.yaml config'),
  step('-f broken.yaml config'),
  step('down -v --remove-orphans -t 1'),
  { ...step('down -v'), id: 'down -v (nothing)' },
];

/** What differs from run to run, and from machine to machine, in words that stand for it. */
export function normalize(text: string, directory: string): string {
  return text
    .replaceAll(directory, '$DIR')
    .replaceAll(/\p{Cc}\[[0-9;]*[A-Za-z]/gu, '')
    .replaceAll(/sha256:[0-9a-f]{64}\b/g, 'sha256:ID')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'ID')
    .replaceAll(/\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| [+-]\d{4} \w+|[+-]\d\d:\d\d)?/g, 'TIME')
    .replaceAll(/\b(?:About )?(?:a|an|\d+|Less than a) (?:second|minute|hour|day|week|month)s?(?: ago)?\b/g, 'AGE')
    .replaceAll(/\b\d+(?:\.\d+)?(?:B|kB|KiB|MB|MiB|GB|GiB)\b/g, 'SIZE')
    .replaceAll(/\b\d+\.\d+%/g, 'N%')
    .replaceAll(/^(\S+ +)\d+( +)\d+( +\d+ +)\S+( +\? +)\S+/gm, '$1PID$2PID$3STIME$4CPU');
}

/** One answer in the form that is compared: JSON as its keys and kinds, lines without their order where it means nothing. */
export function shapeOf({ id, code, stdout, stderr }: SessionAnswer, directory: string) {
  const lines = (text: string) =>
    normalize(text, directory)
      .split('\n')
      .map((line) => line.trimEnd().replaceAll(/ {2,}/g, '  '))
      .filter((line) => line !== '');
  const args = steps.find((each) => each.id === id)?.args ?? [];
  const isJson = args.includes('json') || args.includes('--json');
  return {
    code,
    stdout: isJson ? jsonShapes(stdout) : lines(stdout),
    // Who is told of first is chance; what to try next is ours to add; what is interrupted says so.
    stderr: [...new Set(lines(stderr))].filter((line) => !/^hint: |^canceled$/.test(line)).sort(),
  };
}

function jsonShapes(text: string): unknown[] {
  const documents =
    text.trimStart().startsWith('[') || text.includes('\n  ') ? [text] : text.split('\n').filter(Boolean);
  const shapes = documents.flatMap((each): unknown[] => {
    try {
      const value = JSON.parse(each) as unknown;
      return Array.isArray(value) ? ['[', ...value.map(kinds)] : [kinds(value)];
    } catch {
      return [`no JSON: ${each.slice(0, 80)}`];
    }
  });
  return [...new Set(shapes.map((shape) => JSON.stringify(shape)))].map((shape) => JSON.parse(shape) as unknown);
}

function kinds(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(kinds);
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, kinds(each)]),
  );
}

/** The root file system of the session's image, made of busybox. */
export function makeSessionRoot(directory: string): void {
  for (const name of ['bin', 'etc', 'tmp', 'data', 'root']) mkdirSync(join(directory, name), { recursive: true });
  copyFileSync('/bin/busybox', join(directory, 'bin/busybox'));
  for (const name of ['cat', 'echo', 'false', 'ls', 'sh', 'sleep', 'true'])
    symlinkSync('busybox', join(directory, 'bin', name));
  writeFileSync(join(directory, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(directory, 'etc/group'), 'root:x:0:\n');
}

export const sessionImage = '127.0.0.1:9/session:1';

/**
 * The steps as a script of the shell, which leaves `N.out`, `N.err` and `N.code` of each in `results`. Docker Compose cannot
 * tell events afterwards (2.26): there they are read while the next step runs.
 */
export function sessionScript(command: readonly string[], results: string, who: 'reference' | 'ours'): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  // A command that hangs is an answer, too.
  const limit = ['timeout', '-k', '5', '-s', 'INT', '30'];
  const call = (args: readonly string[]) => [...limit, ...command, ...args].map(quote).join(' ');
  const lines = [`cd ${quote(join(results, 'project'))}`];
  const afterwards: string[] = [];
  for (const [index, { args, stdin, isStream }] of steps.entries()) {
    const [out, err, code] = ['out', 'err', 'code'].map((name) => join(results, `${index}.${name}`));
    const streams = `>${out} 2>${err}`;
    if (isStream === true && who === 'reference') {
      lines.push(`${call(args)} ${streams} </dev/null & stream=$!; sleep 1`);
      afterwards.push(`sleep 1; kill -INT $stream; wait $stream; echo 0 >${code}`);
    } else if (isStream === true) {
      lines.push('since=$(date +%s.%N)');
      afterwards.push(`${call(args)} --since $since --until $(date +%s.%N) ${streams} </dev/null; echo $? >${code}`);
    } else {
      const input = stdin === undefined ? '</dev/null' : `<<'END'\n${stdin}END`;
      lines.push(`${call(args)} ${streams} ${input}`, `echo $? >${code}`, ...afterwards.splice(0));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** What the script has left. */
export function readAnswers(results: string): SessionAnswer[] {
  return steps.map(({ id }, index) => {
    const read = (name: string) => readFileSync(join(results, `${index}.${name}`), 'utf8');
    return { id, code: Number(read('code')), stdout: read('out'), stderr: read('err') };
  });
}
