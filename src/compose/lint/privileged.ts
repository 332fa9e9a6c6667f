import { serviceRule } from './rule.ts';

/** All privileges are more than any program needs. */
export const privileged = serviceRule('privileged', 'a container with all privileges', (service, path) => {
  if (service.privileged !== true) return [];
  return [
    {
      path: [...path, 'privileged'],
      message: `${path[1]} has all privileges on the machine`,
      hint: 'give the capabilities and devices it needs with cap_add and devices',
    },
  ];
});
