import { changeConfig } from '../../build/change.ts';
import { MonitorClient } from '../../container/monitor-client.ts';
import { createImage, layerOfChanges } from '../../image/create.ts';
import type { RunConfig } from '../../image/oci.ts';
import type { StoredImage } from '../../image/store/resolve.ts';
import type { ImageStore } from '../../image/store/store.ts';
import type { ContainerRecord } from '../../model/records.ts';
import type { Service } from '../../model/service.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import { containerFiles, containerOf } from '../container-files.ts';
import type { Context } from '../context.ts';
import { withImageStore } from '../image-store.ts';
import { observeProject } from '../observation.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';

export const commit = defineCommand({
  name: 'commit',
  summary: 'Make an image of a container',
  operands: { usage: 'SERVICE [REPOSITORY[:TAG]]', min: 1, max: 2 },
  options: {
    author: { type: 'string', short: 'a', value: 'NAME', description: 'Who made it' },
    change: {
      type: 'strings',
      short: 'c',
      value: 'INSTRUCTION',
      description: 'Instruction of a Dockerfile; repeatable',
    },
    index: { type: 'integer', value: 'N', description: 'Which replica' },
    message: { type: 'string', short: 'm', value: 'TEXT', description: 'What the history says' },
    pause: { type: 'boolean', short: 'p', description: 'Freeze the container meanwhile', default: true },
  },
  settings: ({ author, change, index, message, pause }, [service = '', name]) => ({
    service,
    name,
    index,
    changes: change,
    freezes: pause ?? true,
    notes: { ...(author ? { author } : {}), ...(message ? { comment: message } : {}) },
  }),
  async run({ service, name, index, changes, freezes, notes }, context) {
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices([service], observed, view);
    const { record, state } = containerOf(observed, service, index);
    const { upper } = containerFiles(record.id, record.name, context);
    const id = await withImageStore(context, async (store) => {
      await using lease = await store.lease();
      const base = await baseOf(store, record);
      lease.protect(base.descriptor.digest);
      const config = changeConfig(configOf(base.document.config ?? {}, record.config), changes);
      await using _frozen = freezes && state.status === 'running' ? await freeze(record, context) : null;
      const layer = await layerOfChanges(store, lease, upper, context.signal);
      const { os, architecture, variant } = base.document;
      const platform = { os: os || 'linux', architecture, ...(variant === undefined ? {} : { variant }) };
      const createdBy = record.command.join(' ');
      const image = { base, layer, config, platform, created: context.clock.now(), createdBy, ...notes };
      const made = await createImage(store, lease, image);
      if (name !== undefined) store.tag(name, made.descriptor);
      return made.id;
    });
    context.stdout.write(`${id}\n`);
    return 0;
  },
});

async function baseOf(store: ImageStore, { name, imageDigest, imageReference }: ContainerRecord): Promise<StoredImage> {
  if (imageDigest.startsWith('rootfs:')) {
    throw new ComposeError('UNSUPPORTED', `cannot commit ${name}: ${imageReference} is a directory and no image`, {
      hint: 'tscompose export gives its file system, and tscompose image import makes an image of that',
    });
  }
  return await store.image(imageDigest);
}

/** What the service says of its process becomes the image's. */
function configOf(base: RunConfig, service: Service): RunConfig {
  const variables = new Map(
    (base.Env ?? []).map((entry) => {
      const [name = '', value = ''] = entry.split(/=(.*)/s);
      return [name, value];
    }),
  );
  for (const [name, value] of Object.entries(service.environment ?? {})) {
    if (value === null) variables.delete(name);
    else variables.set(name, value);
  }
  const { entrypoint, command } = service;
  const config: { -readonly [K in keyof RunConfig]: RunConfig[K] } = {
    ...base,
    Env: [...variables].map(([name, value]) => `${name}=${value}`),
    Labels: { ...base.Labels, ...service.labels },
  };
  if (entrypoint !== null) {
    config.Entrypoint = entrypoint;
    // The image's command was meant for the image's entrypoint.
    delete config.Cmd;
  }
  if (command !== null) config.Cmd = command;
  if (service.user !== undefined) config.User = service.user;
  if (service.working_dir !== undefined) config.WorkingDir = service.working_dir;
  if (service.stop_signal !== undefined) config.StopSignal = service.stop_signal;
  return config;
}

/** Stops the container in its tracks until it is disposed of. */
async function freeze({ id }: ContainerRecord, { paths }: Context): Promise<AsyncDisposable> {
  const monitor = new MonitorClient(paths.container(id).socket);
  await monitor.request('pause', {});
  return {
    async [Symbol.asyncDispose]() {
      await monitor.request('resume', {});
    },
  };
}
