import { MonitorClient } from '../../container/monitor-client.ts';
import { defineCommand } from '../command.ts';
import { observeProject, runningContainer } from '../observation.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';
import { bridge, parseDetachKeys } from '../stream.ts';

export const attach = defineCommand({
  name: 'attach',
  summary: "Connect to a running container's own streams",
  operands: { usage: 'SERVICE', min: 1, max: 1 },
  options: {
    index: { type: 'integer', value: 'N', description: 'Which replica' },
    detachKeys: { type: 'string', value: 'KEYS', description: 'Keys that detach (default: ctrl-p,ctrl-q)' },
    noStdin: { type: 'boolean', description: 'Without standard input' },
    sigProxy: { type: 'boolean', description: 'Hand on the signals that we get', default: true },
  },
  settings: ({ index, detachKeys, noStdin, sigProxy }, [service = '']) => ({
    service,
    index,
    detachKeys: parseDetachKeys(detachKeys || 'ctrl-p,ctrl-q'),
    stdin: noStdin ? ('none' as const) : ('attached' as const),
    signals: sigProxy === false ? ('ours' as const) : ('forwarded' as const),
  }),
  async run({ service, index, detachKeys, stdin, signals }, context) {
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices([service], observed, view);
    const { record } = runningContainer(observed, service, index);
    const monitor = new MonitorClient(context.paths.container(record.id).socket);
    const isAttached = stdin === 'attached' && record.config.stdin_open === true;
    const stream = await monitor.attach({ stdin: isAttached, replayBytes: 0 }, { signal: context.signal });
    return await bridge(
      stream,
      { terminal: record.config.tty ?? false, stdin: isAttached ? 'attached' : 'none', signals, detachKeys },
      context,
    );
  },
});
