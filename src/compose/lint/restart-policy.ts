import { serviceRule } from './rule.ts';

/** Without a policy one crash ends the service. */
export const restartPolicy = serviceRule(
  'restart-policy',
  'no restart policy on a service with published ports',
  (service, path) => {
    const isServing = (service.ports?.length ?? 0) > 0;
    const hasPolicy = service.restart !== undefined || service.deploy?.restart_policy !== undefined;
    if (!isServing || hasPolicy) return [];
    return [
      {
        path,
        message: `${path[1]} stays down after its first crash`,
        hint: 'set restart: unless-stopped, or restart: "no" to say that it should',
      },
    ];
  },
);
