import { readCredentials } from '../../image/credentials.ts';
import { parseRegistry } from '../../image/reference.ts';
import { defineCommand } from '../command.ts';

export const logout = defineCommand({
  name: 'logout',
  summary: 'Log out from a registry',
  operands: { usage: '[SERVER]', max: 1 },
  options: {},
  settings: (_values, [server]) => ({ domain: server === undefined ? 'docker.io' : parseRegistry(server) }),
  async run({ domain }, { environment, signal, stdout }) {
    const store = await readCredentials(environment);
    const wasThere = await store.erase(domain, { signal });
    stdout.write(wasThere ? `Removing login credentials for ${domain}\n` : `Not logged in to ${domain}\n`);
    return 0;
  },
});
