import { serviceRule } from './rule.ts';

/** The socket of the Docker daemon is root on the machine. */
export const dockerSocket = serviceRule('docker-socket', 'a bind mount of the Docker socket', ({ volumes }, path) =>
  (volumes ?? []).flatMap((mount, index) => {
    if (mount.type !== 'bind' || !/\/(?:docker|podman|containerd)\.sock$/.test(mount.source ?? '')) return [];
    return [
      {
        path: [...path, 'volumes', index],
        message: `${mount.source} gives ${path[1]} control over the whole machine`,
        hint: 'put a proxy that allows only what is needed before it, or do without',
      },
    ];
  }),
);
