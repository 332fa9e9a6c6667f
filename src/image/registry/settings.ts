/** Which registries are reached otherwise than by their name and with TLS: `registries.json`. */
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { join } from 'node:path';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';

export interface RegistrySettings {
  /** Whether the registry may be reached without TLS, or with a certificate that nobody vouches for. */
  isInsecure(domain: string): boolean;
  /** Where to ask before the registry itself, for pulls. */
  mirrors(domain: string): readonly URL[];
}

export const noRegistrySettings: RegistrySettings = { isInsecure: () => false, mirrors: () => [] };

/** The files, the first of which that has an entry counts: the user's, then the machine's. */
export function registrySettingsPaths(environment: Readonly<Record<string, string | undefined>>): string[] {
  const { TSCOMPOSE_REGISTRIES: given, XDG_CONFIG_HOME: config, HOME: home } = environment;
  if (given) return [given];
  const own = config || (home ? join(home, '.config') : '');
  return [...(own ? [join(own, 'tscompose/registries.json')] : []), '/etc/tscompose/registries.json'];
}

/**
 * Reads `{"insecure": ["HOST[:PORT]" | "10.0.0.0/8"], "mirrors": {"docker.io": ["https://…"]}}`. Missing files say nothing.
 * Throws INVALID.
 */
export function readRegistrySettings(paths: readonly string[]): RegistrySettings {
  const files = paths.map(readFile).filter((file) => file !== null);
  return {
    isInsecure: (domain) => files.some(({ insecure }) => insecure.some((entry) => covers(entry, domain))),
    mirrors: (domain) => files.find(({ mirrors }) => mirrors.has(domain))?.mirrors.get(domain) ?? [],
  };
}

interface SettingsFile {
  readonly insecure: readonly string[];
  readonly mirrors: ReadonlyMap<string, readonly URL[]>;
}

function readFile(path: string): SettingsFile | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return null;
    const { code } = error as NodeJS.ErrnoException;
    throw new ComposeError('INVALID', `cannot read ${path}: ${code}`, { cause: error });
  }
  const refuse = (reason: string): never => {
    throw new ComposeError('INVALID', `cannot read ${path}: ${reason}`, {
      hint: 'write {"insecure": ["HOST:PORT"], "mirrors": {"docker.io": ["https://HOST"]}}',
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`it is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) return refuse('it is no object');
  const { insecure = [], mirrors = {}, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return refuse(`${JSON.stringify(unknown)} is no setting`);
  if (!isTexts(insecure)) return refuse('"insecure" is no list of texts');
  if (!isObject(mirrors)) return refuse('"mirrors" is no object');
  const entries = Object.entries(mirrors).map(([domain, urls]): [string, URL[]] => {
    if (!isTexts(urls)) return refuse(`"mirrors" of ${domain} are no list of texts`);
    return [
      domain,
      urls.map((url) => {
        const parsed = URL.canParse(url) ? new URL(url) : null;
        if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed;
        return refuse(`mirror ${JSON.stringify(url)} is no address`);
      }),
    ];
  });
  return { insecure, mirrors: new Map(entries) };
}

/** An entry is a name, with the port that must be equal, or a range of addresses. */
function covers(entry: string, domain: string): boolean {
  if (entry === domain) return true;
  const host = domain.replace(/:[0-9]+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (entry === host) return true;
  const [, network = '', length = ''] = /^([0-9A-Fa-f:.]+)\/([0-9]{1,3})$/.exec(entry) ?? [];
  const family = isIP(network);
  const bits = Number(length);
  if (family === 0 || isIP(host) !== family || bits > (family === 4 ? 32 : 128)) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, bits, kind);
  return list.check(host, kind);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
