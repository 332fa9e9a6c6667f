import type { ServiceView } from '../../../../src/ui/full/services.ts';

/** A running container, `web-1` of the service `web`. */
export function service(name: string, change: Partial<ServiceView> = {}): ServiceView {
  return {
    key: `id ${name}`,
    containerId: `id ${name}`,
    service: name.replace(/-\d+$/, ''),
    name,
    state: 'running',
    health: null,
    tone: 'good',
    restarts: 0,
    ports: '',
    urls: [],
    ...change,
  };
}
