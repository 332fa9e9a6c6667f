import { isTree, own } from '../tree-path.ts';
import { serviceRule } from './rule.ts';

const SECRET =
  /(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIALS?)(?:$|_(?!FILE$))/i;

/** A password that stands in an address: `postgres://me:secret@db`. */
const IN_ADDRESS = /:\/\/[^/\s:@]*:(?!\$)[^/\s@]+@/;

/** Whoever lists processes, containers or files reads it. */
export const secretInEnvironment = serviceRule(
  'secret-in-environment',
  'a secret in the environment',
  ({ environment }, path, { written }) => {
    const services = isTree(written.services) ? written.services : {};
    const service = own(services, String(path[1]));
    const given = isTree(service) && isTree(service.environment) ? service.environment : {};
    return Object.entries(environment ?? {}).flatMap(([name, value]) => {
      const text = own(given, name);
      if (typeof text === 'string' && IN_ADDRESS.test(text)) {
        return [
          {
            path: [...path, 'environment', name],
            message: `${name} has a password in its address`,
            hint: 'take it from a variable, or have the program read it from a secret',
          },
        ];
      }
      if (!SECRET.test(name) || name.endsWith('_FILE') || value === null || value === '') return [];
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
