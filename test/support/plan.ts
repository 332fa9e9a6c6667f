/** Builders for the reconciler's tests: a project, a world, and the plan between them as text. */

import type { ContainerState } from '../../src/model/container-state.ts';
import { networkHash, serviceHash, volumeHash } from '../../src/model/hash.ts';
import type { Network } from '../../src/model/network.ts';
import type { Project } from '../../src/model/project.ts';
import type { ContainerRecord, NetworkRecord, VolumeRecord } from '../../src/model/records.ts';
import type { Service } from '../../src/model/service.ts';
import { type ApplySettings, defaultSettings, type Intent } from '../../src/model/settings.ts';
import type { Volume } from '../../src/model/volume.ts';
import type { Desired } from '../../src/plan/desired.ts';
import type { Observed, ObservedContainer, ObservedNetwork, ObservedVolume } from '../../src/plan/observed.ts';
import { formatPlan, type Plan } from '../../src/plan/plan.ts';
import { plan } from '../../src/plan/reconcile.ts';

export function service(overrides: Partial<Service> = {}): Service {
  return { image: 'rootfs:/', command: ['true'], entrypoint: null, networks: { default: null }, ...overrides };
}

export function project(services: Record<string, Service>, overrides: Partial<Project> = {}): Project {
  return { name: 'shop', services, networks: { default: { name: 'shop_default', ipam: {} } }, ...overrides };
}

export function desired(value: Project, imageDigest = 'rootfs:/#1'): Desired {
  const entries = <T extends object>(map: Readonly<Record<string, T>> | undefined) => Object.entries(map ?? {});
  return {
    project: value,
    services: Object.fromEntries(
      entries(value.services).map(([name, one]) => [name, { service: one, hash: serviceHash(one), imageDigest }]),
    ),
    networks: Object.fromEntries(
      entries<Network>(value.networks).map(([key, network]) => [key, { network, hash: networkHash(network) }]),
    ),
    volumes: Object.fromEntries(
      entries<Volume>(value.volumes).map(([key, volume]) => [key, { volume, hash: volumeHash(volume) }]),
    ),
  };
}

export function state(overrides: Partial<ContainerState> = {}): ContainerState {
  return {
    status: 'running',
    pid: 100,
    pidStartTicks: 1,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    signal: null,
    oomKilled: false,
    restartCount: 0,
    error: null,
    health: null,
    monitor: 'alive',
    ...overrides,
  };
}

/** A container that is exactly what `config` asks for, on the default network. */
export function container(
  serviceName: string,
  number: number,
  config: Service,
  overrides: {
    readonly record?: Partial<ContainerRecord>;
    readonly state?: Partial<ContainerState>;
    readonly isPlugged?: boolean;
    readonly hasCgroup?: boolean;
  } = {},
): ObservedContainer {
  const id = `${serviceName}${number}`;
  return {
    record: {
      id,
      name: `shop-${serviceName}-${number}`,
      project: 'shop',
      service: serviceName,
      number,
      oneOff: false,
      configHash: serviceHash(config),
      imageReference: 'rootfs:/',
      imageDigest: 'rootfs:/#1',
      labels: {},
      createdAt: '2026-01-01T00:00:00Z',
      endpoints: [
        {
          networkId: 'net-default',
          interfaceName: 'eth0',
          hostInterface: `veth${id}`,
          macAddress: '02:42:00:00:00:01',
          ipv4: '172.18.0.2',
          ipv6: null,
          aliases: [serviceName],
          isGateway: true,
        },
      ],
      ports: [],
      volumes: [],
      anonymousVolumes: {},
      config,
      contentDigests: {},
      sharedNamespaces: {},
      cgroupsPath: `/tscompose/${id}`,
      desired: 'running',
      hostname: id,
      command: ['true'],
      networkNamespace: `/run/netns/${id}`,
      dns: { servers: [], search: [], options: [] },
      ...overrides.record,
    },
    state: state(overrides.state),
    isPlugged: overrides.isPlugged ?? true,
    hasCgroup: overrides.hasCgroup ?? true,
  };
}

export function network(overrides: Partial<NetworkRecord> = {}, isIntact = true): ObservedNetwork {
  return {
    record: {
      id: 'net-default',
      name: 'shop_default',
      project: 'shop',
      key: 'default',
      configHash: networkHash({ name: 'shop_default', ipam: {} }),
      driver: 'bridge',
      bridge: 'br-default',
      subnets: [],
      mtu: 1500,
      internal: false,
      isolateContainers: false,
      masquerade: true,
      labels: {},
      createdAt: '2026-01-01T00:00:00Z',
      ...overrides,
    },
    isIntact,
  };
}

export function volume(overrides: Partial<VolumeRecord> = {}): ObservedVolume {
  return {
    record: {
      name: 'shop_data',
      project: 'shop',
      key: 'data',
      configHash: volumeHash({ name: 'shop_data' }),
      driverOpts: {},
      labels: {},
      anonymous: false,
      createdAt: '2026-01-01T00:00:00Z',
      mountpoint: '/v/shop_data',
      isFilled: true,
      ...overrides,
    },
    isIntact: true,
  };
}

export function observed(overrides: Partial<Observed> = {}): Observed {
  return {
    project: 'shop',
    containers: [],
    networks: [],
    volumes: [],
    externalNetworks: [],
    firewall: 'intact',
    ...overrides,
  };
}

export function settings(intent: Intent, overrides: Partial<ApplySettings> = {}): ApplySettings {
  return { ...defaultSettings(intent), ...overrides };
}

/** The plan as lines, the causes included. */
export function planText(value: Project, world: Observed, how: ApplySettings): string[] {
  return formatPlan(planOf(value, world, how))
    .split('\n')
    .filter(Boolean);
}

export function planOf(value: Project, world: Observed, how: ApplySettings): Plan {
  return plan(desired(value), world, how);
}
