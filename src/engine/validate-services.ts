/** What a service asks of this machine that can be looked up before anything is touched. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { securityOptions } from '../container/bundle.ts';
import { resolveCapabilities } from '../container/capabilities.ts';
import type { HostFacts } from '../container/host.ts';
import type { OciSeccomp } from '../container/oci.ts';
import { deviceGrants, resourcesOf } from '../container/resources.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import { contains } from '../network/allocate.ts';
import { ComposeError } from '../util/errors.ts';
import { naming } from './desired.ts';

/** Throws the first thing that this machine cannot give to one of `services`, naming the service. */
export async function validateServices(
  project: Project,
  services: ReadonlySet<string>,
  options: { readonly host: HostFacts; readonly workingDirectory: string },
): Promise<void> {
  for (const name of [...services].sort()) {
    const service = project.services[name];
    if (service === undefined) continue;
    await naming(name, () => {
      resolveCapabilities({
        add: service.cap_add ?? [],
        drop: service.cap_drop ?? [],
        isPrivileged: service.privileged ?? false,
        bounding: options.host.boundingCapabilities,
      });
      const resources = resourcesOf(service, deviceGrants(service.devices ?? []));
      validateMemory(resources.memory?.limit);
      validateProcessors(service.cpuset);
      customSeccomp(service, options.workingDirectory);
      validateAddresses(project, service);
    });
  }
}

/** The profile that `security_opt` names, relative to the project's directory; null without one. */
export function customSeccomp(service: Service, workingDirectory: string): OciSeccomp | null {
  const { seccomp } = securityOptions(service);
  if (typeof seccomp === 'string') return null;
  const path = resolve(workingDirectory, seccomp.path);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = existsSync(path) ? 'cannot be read' : 'does not exist';
    throw new ComposeError('FILE_NOT_FOUND', `seccomp profile ${path} ${reason}`, {
      cause: error,
      hint: 'name a file, or write seccomp:unconfined',
    });
  }
  try {
    const profile = JSON.parse(text) as OciSeccomp;
    if (typeof profile.defaultAction === 'string') return profile;
  } catch (error) {
    throw new ComposeError('INVALID', `seccomp profile ${path} is not JSON: ${(error as Error).message}`);
  }
  throw new ComposeError('INVALID', `seccomp profile ${path} has no defaultAction`);
}

/** Docker's minimum: with less than this no process gets as far as its first instruction. */
const leastMemory = 6 * 1024 * 1024;

function validateMemory(limit: number | undefined): void {
  if (limit === undefined || limit >= leastMemory) return;
  throw new ComposeError('INVALID', `a memory limit of ${limit} bytes is too small`, { hint: 'the least is 6m' });
}

function validateProcessors(list: string | undefined): void {
  if (list === undefined || list === '') return;
  const online = parseProcessors(readFileSync('/sys/devices/system/cpu/online', 'utf8').trim());
  const wanted = parseProcessors(list);
  if (wanted === null) throw new ComposeError('INVALID', `cpuset ${JSON.stringify(list)} is not a list such as 0-2,4`);
  const missing = [...wanted].filter((processor) => !online?.has(processor));
  if (missing.length === 0) return;
  throw new ComposeError('INVALID', `cpuset ${list}: this machine has no processor ${missing.join(', ')}`, {
    hint: `it has ${online?.size ?? 0}, counted from 0`,
  });
}

/** `0-2,4` (cpuset(7), list format); null for anything else. */
function parseProcessors(list: string): Set<number> | null {
  const processors = new Set<number>();
  for (const part of list.split(',')) {
    const [, first, last] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part) ?? [];
    if (first === undefined) return null;
    for (let processor = Number(first); processor <= Number(last ?? first); processor++) processors.add(processor);
  }
  return processors;
}

function validateAddresses(project: Project, service: Service): void {
  for (const [key, place] of Object.entries(service.networks ?? {})) {
    const network = project.networks?.[key];
    const subnets = (network?.ipam.config ?? []).flatMap(({ subnet }) => subnet ?? []);
    for (const address of [place?.ipv4_address, place?.ipv6_address]) {
      if (network === undefined || address === undefined) continue;
      const family = subnets.filter((subnet) => subnet.includes(':') === address.includes(':'));
      if (family.length === 0 || family.some((subnet) => contains(subnet, address))) continue;
      throw new ComposeError('INVALID', `address ${address} is not in subnet ${family.join(', ')} of ${network.name}`, {
        hint: 'choose an address within, or another subnet in ipam.config',
      });
    }
  }
}
