/** The effect of each operation. Each is idempotent (already so is success) and leaves nothing half-made when it fails. */

import { setTimeout as delay } from 'node:timers/promises';
import { readContainerState } from '../container/state.ts';
import type { ContainerRecord, NetworkRecord, VolumeRecord } from '../model/records.ts';
import { randomHex } from '../native/digest.ts';
import { allocateSubnets, bridgeName } from '../network/allocate.ts';
import type { OperationOf } from '../plan/plan.ts';
import { ComposeError } from '../util/errors.ts';
import { undone } from '../util/undone.ts';
import { version } from '../util/version.ts';
import { containerEvent, signalNumber } from './container-event.ts';
import type { EngineContext } from './context.ts';
import { createContainer } from './create-container.ts';
import { type EffectInput, requireImage, requireService } from './effect-input.ts';
import type { Effects } from './execute.ts';
import { followMonitor } from './follow.ts';
import { runHooks } from './hooks.ts';
import { resourceLabels } from './labels.ts';
import { runPreStart } from './pre-start.ts';
import { removeContainer } from './remove-container.ts';
import { startContainer } from './start-container.ts';
import { awaitReplica, drain, shiftTraffic } from './traffic.ts';
import { waitForCondition } from './wait.ts';

/** The effects of one apply. */
export function createEffects(context: EngineContext, input: EffectInput): Effects {
  const { database, networks, volumes, containers, clock, rules } = context;
  const network = (id: string): NetworkRecord | undefined => database.networks().find((record) => record.id === id);

  const { tell } = input;
  return {
    async createNetwork({ key }) {
      await createNetwork(context, input, key);
      return undefined;
    },

    async repairNetwork({ networkId }) {
      const record = network(networkId);
      if (record !== undefined) await networks.ensureNetwork(record);
      return undefined;
    },

    async removeNetwork({ networkId }) {
      const record = network(networkId);
      if (record === undefined) return undefined;
      await networks.removeNetwork(record);
      database.removeNetwork(record.id);
      void rules.request();
      return undefined;
    },

    async createVolume({ key }) {
      const volume = input.project.volumes?.[key];
      if (volume === undefined) throw new Error(`volume ${key} is not in the project`);
      const hash = input.wanted.desired.volumes[key]?.hash ?? '';
      const planned = volumes.plan(volume, {
        project: context.projectName,
        key,
        hash,
        now: clock().toISOString(),
      });
      const record: VolumeRecord = {
        ...planned,
        definition: volume,
        labels: resourceLabels({
          kind: 'volume',
          project: context.projectName,
          key,
          configHash: hash,
          labels: planned.labels,
          version,
        }),
      };
      // First the record: what a kill leaves half made is then found and finished.
      database.saveVolume(record);
      await volumes.ensure(record);
      return undefined;
    },

    async removeVolume({ name }) {
      const record = database.volumeByName(name);
      if (record === null) return undefined;
      await volumes.remove(record);
      database.removeVolume(name);
      return undefined;
    },

    async createContainer(operation) {
      await createReplica(context, input, operation);
      return undefined;
    },

    async runPreStart({ service, index, replica }, { signal }) {
      await runPreStart(context, input, { service: service ?? '', index, replica, signal });
      return undefined;
    },

    async startContainer({ name }, { signal }) {
      const record = containerNamed(context, name);
      const { monitor } = readContainerState(context.paths.container(record.id), context.native);
      await startContainer(context, record, input, signal);
      if (monitor === 'none' && input.hooks === 'run') await runHooks(context, record, 'post_start', { signal, tell });
      return undefined;
    },

    async awaitReplica({ name, monitorMs }, { signal }) {
      return await awaitReplica(context, containerNamed(context, name), monitorMs, signal);
    },

    async shiftTraffic({ name, lastingName, fromId }) {
      await shiftTraffic(context, containerNamed(context, name), lastingName, fromId);
      return undefined;
    },

    async drainContainer({ containerId, timeoutMs }, { signal }) {
      const record = database.container(containerId);
      if (record !== null) await drain(context, record, timeoutMs, signal);
      return undefined;
    },

    async delayUpdate({ ms }, { signal }) {
      await delay(ms, undefined, { signal });
      return undefined;
    },

    async adoptContainer({ containerId }) {
      await containers.adopt(containerId);
      await followMonitor(context, containerId);
      return undefined;
    },

    async replugContainer({ containerId }) {
      const record = database.container(containerId);
      if (record === null || record.networkNamespace === null) return undefined;
      await networks.plug({
        netnsPath: record.networkNamespace,
        endpoints: record.endpoints,
        networks: new Map(database.networks().map((candidate) => [candidate.id, candidate])),
        sysctls: record.config.sysctls ?? {},
      });
      return undefined;
    },

    async stopContainer({ containerId, timeoutMs }, { signal }) {
      const record = database.container(containerId);
      if (record === null) return undefined;
      const { status } = readContainerState(context.paths.container(containerId), context.native);
      if (status === 'running' && input.hooks === 'run') await runHooks(context, record, 'pre_stop', { signal, tell });
      database.noteContainer({ ...record, desired: 'stopped' });
      const announce = (action: string, extra: Readonly<Record<string, string>> = {}) =>
        context.announce(containerEvent(record, action, clock().toISOString(), extra));
      const monitorState = () => readContainerState(context.paths.container(containerId), context.native).monitor;
      const runs = monitorState() !== 'none';
      if (runs) announce('kill', { signal: signalNumber(record.config.stop_signal ?? 'SIGTERM') });
      // A monitor that is killed while it stops the container is followed by another, which goes on with it.
      for (let attempt = 0; attempt < 3 && monitorState() !== 'none'; attempt++) {
        if (monitorState() === 'lost') await containers.adopt(containerId);
        await containers.stop(containerId, timeoutMs, signal);
      }
      if (runs) announce('stop');
      await containers.destroyLeftovers(record.cgroupsPath);
      await context.releasePorts(containerId);
      return undefined;
    },

    async killContainer({ containerId, signal: name }) {
      const record = database.container(containerId);
      if (record === null) return undefined;
      if (name === 'SIGKILL' || name === 'KILL' || name === '9') {
        database.noteContainer({ ...record, desired: 'stopped' });
      }
      await containers.kill(containerId, name);
      context.announce(containerEvent(record, 'kill', clock().toISOString(), { signal: signalNumber(name) }));
      return undefined;
    },

    async pauseContainer({ containerId }) {
      await containers.pause(containerId);
      return undefined;
    },

    async unpauseContainer({ containerId }) {
      await containers.unpause(containerId);
      return undefined;
    },

    async removeContainer({ containerId, volumes: names }) {
      const record = database.container(containerId);
      if (record !== null) await removeContainer(context, record, names);
      return undefined;
    },

    async waitDependency({ service, condition, isRequired, names }, { signal }) {
      const timeout = input.waitTimeoutMs === null ? null : AbortSignal.timeout(input.waitTimeoutMs);
      return await waitForCondition(context, {
        service: service ?? '',
        condition,
        isRequired,
        records: names.map((name) => containerNamed(context, name)),
        signal: timeout === null ? signal : AbortSignal.any([signal, timeout]),
        timeout,
        timeoutMs: input.waitTimeoutMs,
      });
    },

    async repairFirewall() {
      await rules.request();
      return undefined;
    },
  };
}

function containerNamed(context: EngineContext, name: string): ContainerRecord {
  const record = context.database.containerByName(name);
  if (record?.project !== context.projectName)
    throw new ComposeError('CONTAINER_NOT_FOUND', `container ${name} does not exist`);
  return record;
}

async function createNetwork(context: EngineContext, input: EffectInput, key: string): Promise<void> {
  const network = input.project.networks?.[key];
  if (network === undefined) throw new Error(`network ${key} is not in the project`);
  const { database, networks } = context;
  const taken = await networks.hostSubnets();
  const options = network.driver_opts ?? {};
  const id = randomHex(32);
  const hash = input.wanted.desired.networks[key]?.hash ?? '';
  // One transaction: no other supervisor can choose the same subnet meanwhile.
  const record = database.transaction((): NetworkRecord => {
    const existing = database.networkByName(network.name);
    if (existing !== null) {
      if (existing.project === context.projectName) return existing;
      throw new ComposeError('NAME_TAKEN', `network ${network.name} belongs to project ${existing.project}`, {
        hint: 'declare it with external: true, or give it another name',
        path: ['networks', key],
      });
    }
    const others = database.networks();
    const planned: NetworkRecord = {
      id,
      name: network.name,
      project: context.projectName,
      key,
      configHash: hash,
      driver: 'bridge',
      bridge: options['com.docker.network.bridge.name'] ?? bridgeName(id),
      subnets: allocateSubnets({
        networkName: network.name,
        wishes: network.ipam.config ?? [],
        enableIpv4: network.enable_ipv4 ?? true,
        enableIpv6: network.enable_ipv6 ?? false,
        taken,
        reserved: others.flatMap(({ subnets }) => subnets.map(({ subnet }) => subnet)),
      }),
      mtu: Number(options['com.docker.network.driver.mtu'] ?? 1500),
      internal: network.internal ?? false,
      isolateContainers: options['com.docker.network.bridge.enable_icc'] === 'false',
      masquerade: options['com.docker.network.bridge.enable_ip_masquerade'] !== 'false',
      definition: network,
      labels: resourceLabels({
        kind: 'network',
        project: context.projectName,
        key,
        configHash: hash,
        labels: network.labels ?? {},
        version,
      }),
      createdAt: context.clock().toISOString(),
    };
    const clash = others.find(({ bridge }) => bridge === planned.bridge);
    if (clash !== undefined) {
      throw new ComposeError(
        'NAME_TAKEN',
        `network ${network.name}: bridge ${planned.bridge} belongs to ${clash.name}`,
        { path: ['networks', key, 'driver_opts'] },
      );
    }
    database.saveNetwork(planned);
    return planned;
  });
  try {
    await networks.ensureNetwork(record);
    void context.rules.request();
  } catch (error) {
    throw await undone(error, [
      async () => {
        await networks.removeNetwork(record);
        database.removeNetwork(record.id);
      },
    ]);
  }
}

async function createReplica(
  context: EngineContext,
  input: EffectInput,
  operation: OperationOf<'createContainer'>,
): Promise<void> {
  const serviceName = operation.service ?? '';
  const service = requireService(input.project, serviceName);
  const image = requireImage(input, serviceName);
  await createContainer(context, input, {
    name: operation.name,
    serviceName,
    service,
    image,
    number: operation.number,
    oneOff: null,
    inheritedVolumes: operation.inheritedVolumes,
    ...(operation.traffic === 'held' ? { traffic: 'held' } : {}),
    ...(operation.replaces === null ? {} : { replaces: operation.replaces }),
  });
}
