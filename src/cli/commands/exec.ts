import { readFile } from 'node:fs/promises';
import { execProcess, readAccounts } from '../../container/exec-process.ts';
import { MonitorClient } from '../../container/monitor-client.ts';
import type { OciSpec } from '../../container/oci.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import { parseVariables } from '../environment.ts';
import { observeProject, runningContainer } from '../observation.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';
import { bridge } from '../stream.ts';

export const exec = defineCommand({
  name: 'exec',
  summary: 'Run a command in a running container',
  operands: { usage: 'SERVICE COMMAND [ARGS...]', min: 2 },
  passesThrough: true,
  options: {
    detach: { type: 'boolean', short: 'd', description: 'Leave it running in the background' },
    env: { type: 'strings', short: 'e', value: 'KEY=VALUE', description: 'Set a variable; repeatable' },
    index: { type: 'integer', value: 'N', description: 'Which replica' },
    privileged: { type: 'boolean', description: 'With all privileges' },
    user: { type: 'string', short: 'u', value: 'USER', description: 'As this user' },
    noTty: { type: 'boolean', short: 'T', default: 'auto', aliases: ['no-TTY'], description: 'Without a terminal' },
    workdir: { type: 'string', short: 'w', value: 'DIR', description: 'In this directory' },
    interactive: { type: 'boolean', short: 'i', hidden: true, description: 'With standard input', default: true },
    tty: { type: 'boolean', short: 't', hidden: true, description: 'With a terminal', default: true },
  },
  settings: (values, [service = '', ...args], environment) => ({
    service,
    args,
    environment: parseVariables(values.env, environment),
    index: values.index,
    user: values.user ?? null,
    workingDir: values.workdir ?? null,
    privileged: values.privileged ?? false,
    mode: values.detach ? ('detached' as const) : ('attached' as const),
    terminal: values.noTty || values.tty === false ? ('none' as const) : ('auto' as const),
    stdin: values.interactive === false ? ('none' as const) : ('attached' as const),
  }),
  async run(settings, context) {
    const { service, args, environment, user, workingDir, privileged } = settings;
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices([service], observed, view);
    const { record, state } = runningContainer(observed, service, settings.index);
    const terminal = settings.terminal === 'auto' && settings.mode === 'attached' && context.stdout.isTTY === true;
    if (terminal && settings.stdin === 'attached' && context.stdin.isTTY !== true) {
      throw new ComposeError('USAGE', 'the input device is not a TTY', { hint: 'add -T' });
    }
    const paths = context.paths.container(record.id);
    const spec = JSON.parse(await readFile(paths.config, 'utf8')) as OciSpec;
    const process = execProcess(
      spec,
      { args, environment, user, workingDir, terminal },
      await readAccounts(state.pid ?? 0),
    );
    const monitor = new MonitorClient(paths.socket);
    const { signal } = context;
    if (settings.mode === 'detached') {
      await monitor.execDetached({ process, privileged }, { signal });
      return 0;
    }
    const stream = await monitor.exec({ process, privileged }, { signal });
    return await bridge(stream, { terminal, stdin: settings.stdin, signals: 'forwarded' }, context);
  },
});
