/** Services that another program provides (`provider:`): it is asked to bring them up, and tells what their dependents need to know. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Project } from '../model/project.ts';
import { withVariables } from '../model/providers.ts';
import type { Provider } from '../model/service.ts';
import { dependencyOrder } from '../plan/graph.ts';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';
import { runSteps } from './steps.ts';

type Action = 'up' | 'down' | 'stop';

const texts: Readonly<Record<Action, readonly [string, string]>> = {
  up: ['Creating', 'Created'],
  down: ['Removing', 'Removed'],
  stop: ['Stopping', 'Stopped'],
};

/**
 * Has the programs of those among `services` that are provided carry out `action`, in the order of their dependencies. Answers the
 * project in which the dependents of each have the variables that it told.
 */
export async function askProviders(
  project: Project,
  services: ReadonlySet<string>,
  action: Action,
  context: Context,
): Promise<Project> {
  const order = dependencyOrder(project.services).filter(
    (name) => services.has(name) && project.services[name]?.provider !== undefined,
  );
  let result = project;
  const steps = { operation: 'askProvider', kind: 'provider', texts: texts[action] } as const;
  const names = action === 'up' ? order : order.reverse();
  await runSteps(names, { ...steps, isQuiet: false, failures: 'stop' }, context, async (name) => {
    const provider = project.services[name]?.provider;
    if (provider === undefined) return;
    const program = findProgram(name, provider, context);
    const known = await readMetadata(program, context);
    if (action === 'stop' && known?.stop === undefined) return;
    const variables = await ask({ name, provider, program, action, project: project.name, known }, context);
    result = withVariables(result, name, variables);
  });
  return result;
}

interface Metadata {
  readonly up?: Parameters;
  readonly down?: Parameters;
  readonly stop?: Parameters;
}

interface Parameters {
  readonly parameters?: readonly { readonly name: string }[];
}

/** A plugin of the Docker CLI, a program of that name, or with a slash in it a program where that says. */
function findProgram(name: string, { type }: Provider, { environment, workingDirectory }: Context): string {
  const path = ['services', name, 'provider', 'type'];
  if (type === 'compose' || !/^[\w.+/-]+$/.test(type)) {
    throw new ComposeError('INVALID', `service ${name}: ${JSON.stringify(type)} is no provider`, { path });
  }
  if (type.includes('/')) {
    const program = resolve(workingDirectory, type);
    if (isExecutable(program)) return program;
    const message = `service ${name}: there is no program ${program} to provide it`;
    throw new ComposeError('COMMAND_NOT_FOUND', message, { path, exitCode: 1 });
  }
  const home = environment.HOME;
  const plugins = [
    ...(home === undefined ? [] : [join(environment.DOCKER_CONFIG ?? join(home, '.docker'), 'cli-plugins')]),
    ...['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec'].map((dir) => `${dir}/docker/cli-plugins`),
  ].map((directory) => join(directory, `docker-${type}`));
  const programs = (environment.PATH ?? '')
    .split(':')
    .filter(Boolean)
    .map((directory) => join(directory, type));
  const found = [...plugins, ...programs].find(isExecutable);
  if (found !== undefined) return found;
  throw new ComposeError('COMMAND_NOT_FOUND', `service ${name}: there is no program ${type} to provide it`, {
    path,
    hint: `install ${type}, or the plugin docker-${type}`,
    exitCode: 1,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a program says of itself; null from one that does not. */
async function readMetadata(program: string, context: Context): Promise<Metadata | null> {
  const child = start(program, ['metadata'], context, 'ignored');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(child, 'close');
  context.signal.throwIfAborted();
  try {
    return JSON.parse(text) as Metadata;
  } catch {
    return null;
  }
}

function start(program: string, args: readonly string[], context: Context, stderr: 'shown' | 'ignored') {
  const { environment, signal } = context;
  const child = spawn(program, ['compose', ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'], signal });
  // Not straight to the terminal: it would be written into whatever is shown there.
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr === 'shown') context.stderr.write(chunk);
  });
  return child;
}

interface Question {
  readonly name: string;
  readonly provider: Provider;
  readonly program: string;
  readonly action: Action;
  readonly project: string;
  readonly known: Metadata | null;
}

interface Message {
  readonly type?: string;
  readonly message?: string;
}

/** Runs a program; answers the variables that it sets, by the whole name that dependents see. */
async function ask(question: Question, context: Context): Promise<Readonly<Record<string, string>>> {
  const { name, provider, program, action } = question;
  const parameters = question.known?.[action]?.parameters;
  const isKnown = (key: string) => parameters === undefined || parameters.some((each) => each.name === key);
  const options = Object.entries(provider.options ?? {})
    .filter(([key]) => isKnown(key))
    .flatMap(([key, values]) => values.map((value) => `--${key}=${value}`));
  const child = start(program, [`--project-name=${question.project}`, action, ...options, name], context, 'shown');
  const ended = once(child, 'close') as Promise<[number | null]>;
  const variables: Record<string, string> = {};
  let problem = '';
  for await (const line of createInterface({ input: child.stdout })) {
    const { type, message = '' } = parse(line);
    if (type === 'error') problem = message;
    else if (type === 'info') context.stderr.write(`${name}: ${message}\n`);
    else if (type === 'setenv' || type === 'rawsetenv') {
      const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(message) ?? [];
      if (key === '') throw failed(question, `it sets no variable with ${JSON.stringify(message)}`);
      variables[type === 'rawsetenv' ? key : variableName(name, key)] = value;
    } else if (type !== 'debug') throw failed(question, `it said ${JSON.stringify(line)}, which is no message`);
  }
  const [code] = await ended;
  context.signal.throwIfAborted();
  if (problem !== '') throw failed(question, problem);
  if (code !== 0) throw failed(question, code === null ? 'it was killed' : `it ended with exit code ${code}`);
  return variables;
}

/** `URL` of service `my-db` is `MY_DB_URL` to who depends on it. */
function variableName(service: string, key: string): string {
  return `${service.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')}_${key}`;
}

function parse(line: string): Message {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null ? message : {};
  } catch {
    return {};
  }
}

function failed({ name, provider, action }: Question, reason: string): ComposeError {
  return new ComposeError(
    'DEPENDENCY_FAILED',
    `service ${name}: ${provider.type} compose ${action} failed: ${reason}`,
    {
      path: ['services', name, 'provider'],
    },
  );
}
