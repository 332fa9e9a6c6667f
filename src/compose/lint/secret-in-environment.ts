import { isTree, own } from '../tree-path.ts';
import { serviceRule } from './rule.ts';

const SECRET =
  /(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIALS?)(?:$|_(?!FILE$))/i;

/** Whoever lists processes, containers or files reads it. */
export const secretInEnvironment = serviceRule(
  'secret-in-environment',
  'a secret in the environment',
  ({ environment }, path, { written }) => {
    const services = isTree(written.services) ? written.services : {};
    const service = own(services, String(path[1]));
    const given = isTree(service) && isTree(service.environment) ? service.environment : {};
    return Object.entries(environment ?? {}).flatMap(([name, value]) => {
      if (!SECRET.test(name) || name.endsWith('_FILE') || value === null || value === '') return [];
      const text = own(given, name);
      const isLiteral = typeof text === 'string' && !text.includes('$');
      return [
        {
          path: [...path, 'environment', name],
          message: `${name} is ${isLiteral ? 'written into the file' : 'visible in the environment of the container'}`,
          hint: `give it as a secret, and the program its file: ${name}_FILE=/run/secrets/…`,
        },
      ];
    });
  },
);
