import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import { observeProject, runningContainer } from '../observation.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';

export const port = defineCommand({
  name: 'port',
  summary: 'Show where a port is published',
  operands: { usage: 'SERVICE PRIVATE_PORT', min: 2, max: 2 },
  options: {
    protocol: { type: 'string', value: 'PROTOCOL', default: 'tcp', words: ['tcp', 'udp'], description: 'tcp or udp' },
    index: { type: 'integer', value: 'N', description: 'Which replica' },
  },
  settings: ({ protocol, index }, [service = '', number = '']) => {
    if (!/^\d{1,5}$/.test(number) || Number(number) > 65535) {
      throw new ComposeError('USAGE', `invalid port ${JSON.stringify(number)}`, { hint: 'write a number up to 65535' });
    }
    return { service, containerPort: Number(number), protocol: (protocol ?? 'tcp').toLowerCase(), index };
  },
  async run({ service, containerPort, protocol, index }, context) {
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices([service], observed, view);
    const { record } = runningContainer(observed, service, index);
    const published = record.ports.find((each) => each.containerPort === containerPort && each.protocol === protocol);
    if (published === undefined) {
      const list = record.ports.map((each) => `${each.containerPort}/${each.protocol}`).join(', ');
      throw new ComposeError('INVALID', `no port ${containerPort}/${protocol} for container ${record.name}`, {
        hint: list === '' ? 'it publishes no ports' : `it publishes ${list}`,
        exitCode: 1,
      });
    }
    context.stdout.write(`${published.hostIp}:${published.hostPort}\n`);
    return 0;
  },
});
