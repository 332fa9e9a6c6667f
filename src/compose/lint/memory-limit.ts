import { serviceRule } from './rule.ts';

/** One service can take the memory of all. */
export const memoryLimit = serviceRule('memory-limit', 'no memory limit', (service, path) => {
  const limit = service.mem_limit ?? service.deploy?.resources.limits?.memory;
  if (limit !== undefined || service.provider !== undefined) return [];
  return [
    {
      path,
      message: `${path[1]} may use all memory of the machine`,
      hint: 'set deploy.resources.limits.memory, such as 512M',
    },
  ];
});
