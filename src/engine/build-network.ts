/** Networks of builds: RUN has the same bridge, addresses, names and way out as a container of a project. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BuildNetworks, RunNetwork } from '../build/machine.ts';
import type { ContainerRecord, EndpointRecord, NetworkRecord } from '../model/records.ts';
import type { Service } from '../model/service.ts';
import type { Binding } from '../native/binding.ts';
import { randomHex } from '../native/digest.ts';
import { allocateSubnets, bridgeName } from '../network/allocate.ts';
import type { DnsServer, NetworkDriver } from '../network/contract.ts';
import { openDnsServer } from '../network/dns-server.ts';
import { hostsFile } from '../network/hosts-file.ts';
import { openNetworkDriver } from '../network/network-driver.ts';
import { resolvConf } from '../network/resolv-conf.ts';
import { type Database, openDatabase } from '../state/database.ts';
import type { Paths } from '../state/paths.ts';
import { planEndpoints } from './endpoints.ts';

type NetworkOptions = Parameters<BuildNetworks['open']>[0];

/** Networks of builds have a name that no project can have. */
function buildNetworkName(buildId: string): string {
  return `build ${buildId}`;
}

/** Takes away the network of a build, its record last; none is success. */
export async function removeBuildNetwork(
  buildId: string,
  { paths, native }: { readonly paths: Paths; readonly native: Binding },
): Promise<void> {
  using database = openDatabase(paths);
  await removeRecorded(buildId, database, openNetworkDriver({ paths, native }));
}

async function removeRecorded(buildId: string, database: Database, driver: NetworkDriver): Promise<void> {
  const record = database.networkByName(buildNetworkName(buildId));
  if (record === null) return;
  await driver.removeNetwork(record);
  database.removeNetwork(record.id);
  await driver.syncFirewall({ networks: database.networks(), containers: database.containers() });
}

/** Opens what builds of this process need; the network itself is made when the first command asks for it. */
export function openBuildNetworks(paths: Paths, native: Binding): BuildNetworks {
  return new Networks(paths, native);
}

class Networks implements BuildNetworks {
  readonly #paths: Paths;
  readonly #driver: NetworkDriver;
  readonly #dns: DnsServer;
  readonly #records = new Map<string, Promise<NetworkRecord>>();
  readonly #containers = new Map<string, ContainerRecord>();
  #database: Database | undefined;

  constructor(paths: Paths, native: Binding) {
    this.#paths = paths;
    this.#driver = openNetworkDriver({ paths, native });
    this.#dns = openDnsServer({ native });
  }

  async open(options: NetworkOptions): Promise<RunNetwork> {
    const { containerId, mode, buildId } = options;
    if (mode === 'host') {
      const record = recordOf(options, null, []);
      return { ...this.#files(record, []), namespace: null, [Symbol.asyncDispose]: async () => {} };
    }
    const namespace = this.#paths.networkNamespace(containerId);
    mkdirSync(dirname(namespace), { recursive: true, mode: 0o711 });
    const network = mode === 'none' ? null : await this.#networkOf(buildId);
    const networks = network === null ? [] : [network];
    const record = recordOf(options, namespace, this.#endpoints(options, network));
    this.#containers.set(containerId, record);
    const close = async () => {
      this.#dns.detach(containerId);
      this.#containers.delete(containerId);
      await this.#driver.unplug(namespace, record.endpoints);
    };
    try {
      await this.#driver.plug({
        netnsPath: namespace,
        endpoints: record.endpoints,
        networks: new Map(networks.map((each) => [each.id, each])),
        sysctls: {},
      });
      if (network !== null) await this.#dns.attach(containerId, namespace);
      this.#dns.changed(() => ({ networks, containers: [...this.#containers.values()] }));
      return { ...this.#files(record, networks), namespace, [Symbol.asyncDispose]: close };
    } catch (error) {
      await close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dns.close();
    const database = this.#database;
    if (database === undefined) return;
    try {
      for (const [buildId, record] of this.#records) {
        await record.catch(() => {});
        await removeRecorded(buildId, database, this.#driver);
      }
    } finally {
      database[Symbol.dispose]();
    }
  }

  #files(record: ContainerRecord, networks: readonly NetworkRecord[]): Pick<RunNetwork, 'hosts' | 'resolvConf'> {
    return { hosts: hostsFile(record, networks), resolvConf: resolvConf(record) };
  }

  #endpoints(options: NetworkOptions, network: NetworkRecord | null): EndpointRecord[] {
    if (network === null) return [];
    const taken = new Set([...this.#containers.values()].flatMap(({ endpoints }) => endpoints[0]?.ipv4 ?? []));
    return planEndpoints({
      // Its first twelve digits name the link on the host.
      containerId: randomHex(32),
      serviceName: options.hostname,
      service: { command: null, entrypoint: null },
      places: [{ key: 'build', record: network, terms: {} }],
      aliases: 'none',
      inUse: () => taken,
    });
  }

  #networkOf(buildId: string): Promise<NetworkRecord> {
    let record = this.#records.get(buildId);
    if (record === undefined) {
      record = this.#create(buildId);
      this.#records.set(buildId, record);
    }
    return record;
  }

  async #create(buildId: string): Promise<NetworkRecord> {
    this.#database ??= openDatabase(this.#paths);
    const database = this.#database;
    const taken = await this.#driver.hostSubnets();
    const id = randomHex(32);
    const name = buildNetworkName(buildId);
    // First the record: what a kill leaves half made is then found.
    const record = database.transaction((): NetworkRecord => {
      const reserved = database.networks().flatMap(({ subnets }) => subnets.map(({ subnet }) => subnet));
      const planned: NetworkRecord = {
        id,
        name,
        project: '',
        key: 'build',
        configHash: '',
        driver: 'bridge',
        bridge: bridgeName(id),
        subnets: allocateSubnets({
          networkName: name,
          wishes: [],
          enableIpv4: true,
          enableIpv6: false,
          taken,
          reserved,
        }),
        mtu: 1500,
        internal: false,
        isolateContainers: true,
        masquerade: true,
        labels: {},
        createdAt: new Date().toISOString(),
      };
      database.saveNetwork(planned);
      return planned;
    });
    await this.#driver.ensureNetwork(record);
    await this.#driver.syncFirewall({ networks: database.networks(), containers: database.containers() });
    return record;
  }
}

/** What names and addresses are made of: a build's container has no record that is kept. */
function recordOf(
  { containerId, hostname, extraHosts }: NetworkOptions,
  networkNamespace: string | null,
  endpoints: readonly EndpointRecord[],
): ContainerRecord {
  const config: Service = { command: null, entrypoint: null, extra_hosts: [...extraHosts] };
  return {
    id: containerId,
    name: containerId,
    project: '',
    service: 'build',
    number: 0,
    oneOff: true,
    configHash: '',
    imageReference: '',
    imageDigest: '',
    labels: {},
    createdAt: '',
    endpoints,
    ports: [],
    volumes: [],
    anonymousVolumes: {},
    config,
    contentDigests: {},
    sharedNamespaces: {},
    cgroupsPath: '',
    desired: 'running',
    hostname,
    command: [],
    networkNamespace,
    dns: { servers: [], search: [], options: [] },
  };
}
