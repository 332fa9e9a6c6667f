import { sha256 } from '../native/digest.ts';
import type { Network } from './network.ts';
import type { Service } from './service.ts';
import type { Volume } from './volume.ts';

/**
 * Written before each hash. Raise it only when equal definitions must be seen as different: every container of every
 * user is then recreated once.
 */
const HASH_VERSION = '1';

/** What can change without the container having to be replaced. */
const NOT_IN_SERVICE_HASH: ReadonlySet<string> = new Set([
  'attach',
  'build',
  'depends_on',
  'develop',
  'profiles',
  'pull_policy',
  'pull_refresh_after',
  'scale',
]);

/**
 * The hash that decides whether a container still is what its service asks for. `replicas` and what only says how to get
 * an image, when to start, how to update or what to watch are left out. The content of secrets and configs is not in the file: who knows it
 * passes digests in `content`, by source name.
 */
export function serviceHash(service: Service, content: Readonly<Record<string, string>> = {}): string {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(service)) {
    if (NOT_IN_SERVICE_HASH.has(key) || value === null) continue;
    kept[key] = value;
  }
  if (service.deploy !== undefined) {
    const { replicas: _count, update_config: _update, rollback_config: _rollback, ...deploy } = service.deploy;
    kept.deploy = deploy;
  }
  return hash('service', Object.keys(content).length === 0 ? kept : { ...kept, ' content': content });
}

/** The hash that decides whether a network still is what the file asks for. */
export function networkHash(network: Network): string {
  return hash('network', network);
}

/** The hash that decides whether a volume still is what the file asks for. */
export function volumeHash(volume: Volume): string {
  return hash('volume', volume);
}

function hash(kind: string, value: object): string {
  return sha256(`${HASH_VERSION} ${kind} ${stableJson(value)}`);
}

/** JSON with sorted keys; extensions (`x-`), absent values and empty maps and lists do not count. */
function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const child = (value as Record<string, unknown>)[key];
    if (key.startsWith('x-') || child === undefined) continue;
    const text = stableJson(child);
    if (text !== '{}') parts.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}
