export type Json = null | string | number | boolean | Json[] | { [key: string]: Json };

/** Evens out what means the same: empty settings, sizes as numbers, octal modes, the ways to write build.ssh. */
export function canonical(value: unknown, key = '', parent = ''): Json {
  if (Array.isArray(value)) {
    const list = value.map((item) => canonical(item, '', key));
    return key === 'ssh' ? list.map((item) => String(item).replace(/^([\w.-]+): /, '$1=')).sort() : list;
  }
  if (typeof value !== 'object' || value === null) {
    if (/^(?:mem_limit|mem_reservation|memswap_limit|shm_size|size|memory)$/.test(key)) return String(value);
    const isFileMode = key === 'mode' && ['configs', 'secrets'].includes(parent) && typeof value === 'string';
    return isFileMode ? Number.parseInt(value as string, 8) : (value as Json);
  }
  const map = value as Record<string, unknown>;
  if (key === 'ssh')
    return Object.entries(map)
      .map(([id, path]) => (path ? `${id}=${path}` : id))
      .sort();
  const out: { [key: string]: Json } = {};
  for (const name of Object.keys(map).sort()) {
    const child = canonical(map[name], name, key === '' ? parent : key);
    const isEmpty =
      typeof child === 'object' && child !== null && !Array.isArray(child) && Object.keys(child).length === 0;
    if (child === null && ['command', 'entrypoint'].includes(name)) continue;
    if (isEmpty && ['ipam', 'bind', 'volume', 'tmpfs'].includes(name)) continue;
    if (name === 'create_host_path' && child === true) continue;
    out[name] = child === null && key === 'networks' ? {} : child;
  }
  return out;
}

/** The same without what nearly every project has: its name, and the default network. */
export function brief(project: unknown): Json {
  const { name, networks, services, ...rest } = canonical(project) as Record<string, Record<string, Json>>;
  const { default: usual, ...others } = networks ?? {};
  const isUsual = JSON.stringify(usual) === JSON.stringify({ name: `${name}_default` });
  const kept = isUsual ? others : (networks ?? {});
  const short = Object.entries(services ?? {}).map(([key, service]): [string, Json] => {
    const { networks: joined, ...attributes } = service as Record<string, Json>;
    return JSON.stringify(joined) === '{"default":{}}' ? [key, attributes] : [key, service as Json];
  });
  return {
    ...((name as unknown as string) === 'proj' ? {} : { name: name as Json }),
    services: Object.fromEntries(short),
    ...(Object.keys(kept).length === 0 ? {} : { networks: kept as Json }),
    ...rest,
  } as Json;
}
