/** Builders of network records, and programs inside namespaces, for the network tests. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { ContainerRecord, EndpointRecord, NetworkRecord } from '../../src/model/records.ts';
import { bridgeName, contains, hostInterfaceName, macAddressFor } from '../../src/network/allocate.ts';
import { typescriptOptions } from './node.ts';
import { temporaryDirectory } from './temporary.ts';

const run = promisify(execFile);
const probe = new URL('./net-probe.ts', import.meta.url).pathname;

export const temporaryRoot = () => temporaryDirectory('network-test-');

/** An id that differs in every run: links of concurrent tests must not meet. */
const salt = randomBytes(8).toString('hex');
export const idOf = (name: string) => createHash('sha256').update(`${salt} ${name}`).digest('hex');

export function networkRecord(
  name: string,
  subnets: readonly string[],
  more: Partial<NetworkRecord> = {},
): NetworkRecord {
  const id = idOf(name);
  return {
    id,
    name: `test_${name}`,
    project: 'test',
    key: name,
    configHash: '',
    driver: 'bridge',
    bridge: bridgeName(id),
    subnets: subnets.map((subnet) => ({
      subnet,
      gateway: subnet.includes(':') ? subnet.replace(/::\/\d+$/, '::1') : subnet.replace(/0\/\d+$/, '1'),
      ipRange: null,
      reserved: [],
    })),
    mtu: 1500,
    internal: false,
    isolateContainers: false,
    masquerade: true,
    labels: {},
    createdAt: '2026-01-01T00:00:00Z',
    ...more,
  };
}

export function endpointRecord(
  container: string,
  network: NetworkRecord,
  addresses: readonly string[],
  more: Partial<EndpointRecord> = {},
): EndpointRecord {
  const find = (isV6: boolean) => addresses.find((address) => address.includes(':') === isV6) ?? null;
  for (const address of addresses) {
    if (!network.subnets.some(({ subnet }) => contains(subnet, address))) throw new Error(`${address} is not inside`);
  }
  return {
    networkId: network.id,
    interfaceName: 'eth0',
    hostInterface: hostInterfaceName(idOf(container), network.id),
    macAddress: macAddressFor(addresses[0] as string),
    ipv4: find(false),
    ipv6: find(true),
    aliases: [],
    isGateway: true,
    ...more,
  };
}

export function containerRecord(
  name: string,
  endpoints: readonly EndpointRecord[],
  more: Partial<ContainerRecord> = {},
): ContainerRecord {
  return {
    id: idOf(name),
    name: `test-${name}-1`,
    project: 'test',
    service: name,
    number: 1,
    oneOff: false,
    configHash: '',
    imageReference: 'rootfs:/',
    imageDigest: '',
    labels: {},
    createdAt: '2026-01-01T00:00:00Z',
    endpoints,
    ports: [],
    volumes: [],
    anonymousVolumes: {},
    config: { command: null, entrypoint: null },
    contentDigests: {},
    sharedNamespaces: {},
    cgroupsPath: `/tscompose/${idOf(name)}`,
    desired: 'running',
    hostname: name,
    command: [],
    networkNamespace: null,
    dns: { servers: [], search: [], options: [] },
    ...more,
  };
}

/** A server inside a namespace (null: the host's), ready when this resolves. */
export async function serve(
  netns: string | null,
  protocol: 'tcp' | 'udp',
  address: string,
  port: number,
  name: string,
): Promise<ChildProcess> {
  const child = spawn(...inside(netns, ['serve', protocol, address, String(port), name]));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`server ${name} exited with ${code}`)));
    child.stderr?.on('data', (data) => reject(new Error(String(data))));
  });
  return child;
}

/** Where nobody may answer it costs this long to see that; an answer takes as long as the machine needs. */
const silenceMs = 1000;
const patienceMs = 10_000;

/** What a client inside a namespace is answered; `silence`: where no answer is expected. */
export async function ask(
  netns: string | null,
  protocol: 'tcp' | 'udp',
  address: string,
  port: number,
  expected: 'answer' | 'silence' = 'answer',
): Promise<string> {
  const patience = expected === 'silence' ? silenceMs : patienceMs;
  const { stdout } = await run(...inside(netns, ['ask', protocol, address, String(port), String(patience)]));
  return stdout.trim();
}

function inside(netns: string | null, args: readonly string[]): [string, string[]] {
  const program = [...typescriptOptions, probe, ...args];
  if (netns === null) return [process.execPath, program];
  return ['nsenter', [`--net=${netns}`, process.execPath, ...program]];
}
