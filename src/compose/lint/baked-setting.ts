import { isTree, own } from '../tree-path.ts';
import { serviceRule } from './rule.ts';

const PLACE =
  /^(?:[a-z][a-z0-9+.-]*:\/\/[^/\s]*[^/\s:]|(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?|(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|local|internal)(?::\d+)?)/i;
const MODE = /^(?:.*_)?(?:ENV|ENVIRONMENT|DEBUG|LOG_LEVEL)$/;

/** A setting that differs between development and production belongs into the environment of each. */
export const bakedSetting = serviceRule(
  'baked-setting',
  'a setting that is written into the file instead of the environment',
  ({ environment }, path, { written, project }) => {
    const services = isTree(written.services) ? written.services : {};
    const service = own(services, String(path[1]));
    const given = isTree(service) && isTree(service.environment) ? service.environment : {};
    return Object.keys(environment ?? {}).flatMap((name) => {
      const text = own(given, name);
      if (typeof text !== 'string' || text.includes('$') || text === '') return [];
      // Another service of the project is the same everywhere.
      const host = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^@/]*@)?([^:/?]+)/i.exec(text)?.[1] ?? '';
      if (Object.hasOwn(project.services, host) || host === 'localhost' || host.startsWith('127.')) return [];
      if (!PLACE.test(text) && !MODE.test(name)) return [];
      return [
        {
          path: [...path, 'environment', name],
          message: `${name}=${text} is the same in every environment`,
          hint: `write ${name}: \${${name}:-${text}} and set it in .env where it differs`,
        },
      ];
    });
  },
);
