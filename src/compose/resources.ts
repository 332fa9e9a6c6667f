import type { Mount, Service } from '../model/service.ts';

/** Whether a mount is a volume with a name of its own. */
export function isNamedVolume(mount: Mount): boolean {
  return mount.type === 'volume' && mount.source !== undefined && mount.source !== '';
}

/** Keys of the top-level resources that services use. */
export interface Used {
  readonly networks: ReadonlySet<string>;
  readonly volumes: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  readonly configs: ReadonlySet<string>;
  readonly models: ReadonlySet<string>;
}

/** What the services use of the top-level resources. */
export function usedResources(services: Readonly<Record<string, Service>>): Used {
  const used = {
    networks: new Set<string>(),
    volumes: new Set<string>(),
    secrets: new Set<string>(),
    configs: new Set<string>(),
    models: new Set<string>(),
  };
  for (const service of Object.values(services)) {
    for (const key of Object.keys(service.networks ?? {})) used.networks.add(key);
    for (const mount of service.volumes ?? []) if (isNamedVolume(mount)) used.volumes.add(mount.source ?? '');
    for (const secret of service.secrets ?? []) used.secrets.add(secret.source);
    for (const secret of service.build?.secrets ?? []) used.secrets.add(secret.source);
    for (const config of service.configs ?? []) used.configs.add(config.source);
    for (const key of Object.keys(service.models ?? {})) used.models.add(key);
  }
  return used;
}
