import { resolve } from 'node:path';
import { writeLayer } from '../../native/archive.ts';
import { checkOutput, writeArchive } from '../archive-output.ts';
import { defineCommand } from '../command.ts';
import { containerFiles, containerOf } from '../container-files.ts';
import { observeProject } from '../observation.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';

export const exportFiles = defineCommand({
  name: 'export',
  summary: "Write a container's file system as a tar archive",
  operands: { usage: 'SERVICE', min: 1, max: 1 },
  options: {
    index: { type: 'integer', value: 'N', description: 'Which replica' },
    output: { type: 'string', short: 'o', value: 'FILE', description: 'Write to a file instead of standard output' },
  },
  settings: ({ index, output }, [service = '']) => ({ service, index, output: output || undefined }),
  async run({ service, index, output }, context) {
    checkOutput(output, context);
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices([service], observed, view);
    const { record, state } = containerOf(observed, service, index);
    const { upper, work, lower } = containerFiles(record.id, record.name, context);
    const options = { form: 'tree', compression: 'none', sourceDateEpoch: null, signal: context.signal } as const;
    const path = output === undefined ? undefined : resolve(context.workingDirectory, output);
    // Over the host's root the container's own layer lies below another one, which overlayfs takes as an upper one only,
    // and once: while the container runs, that is its own mount.
    const isOverHost = lower.includes('/');
    const layers = isOverHost && state.pid !== null ? [`/proc/${state.pid}/root`] : [upper, ...lower];
    const own = layers.length > 1 && isOverHost ? { work } : {};
    await writeArchive(path, (fd) => writeLayer(layers, fd, { ...options, ...own }));
    return 0;
  },
});
