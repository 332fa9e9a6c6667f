import { readCredentials } from '../../image/credentials.ts';
import { parseRegistry } from '../../image/reference.ts';
import { verifyLogin } from '../../image/registry/login.ts';
import { readRegistrySettings, registrySettingsPaths } from '../../image/registry/settings.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand, refuseTogether } from '../command.ts';
import { askLine, askPassword, readPassword } from '../password.ts';

export const login = defineCommand({
  name: 'login',
  summary: 'Log in to a registry',
  operands: { usage: '[SERVER]', max: 1 },
  options: {
    username: { type: 'string', short: 'u', value: 'NAME', description: 'User name' },
    password: {
      type: 'string',
      short: 'p',
      value: 'PASSWORD',
      description: 'Password, for all to see: rather use --password-stdin',
    },
    passwordStdin: { type: 'boolean', description: 'Read the password from standard input' },
  },
  settings(values, [server]) {
    refuseTogether(values, 'password', 'passwordStdin');
    if (values.passwordStdin && !values.username) {
      throw new ComposeError('USAGE', '--password-stdin needs --username', { hint: 'give the name with -u NAME' });
    }
    return {
      domain: server === undefined ? 'docker.io' : parseRegistry(server),
      username: values.username,
      password: values.password,
      isFromStdin: values.passwordStdin ?? false,
    };
  },
  async run({ domain, username, password, isFromStdin }, context) {
    const { environment, signal, stdout, stderr } = context;
    if (password !== undefined) {
      stderr.write('warning: a password on the command line can be seen by others: give it with --password-stdin\n');
    }
    const store = await readCredentials(environment);
    if (store.path === null) {
      throw new ComposeError('USAGE', 'there is no place for credentials', { hint: 'set HOME or DOCKER_CONFIG' });
    }
    const settings = readRegistrySettings(registrySettingsPaths(environment));
    const name = username ?? (await askLine('Username: ', context));
    const secret = isFromStdin ? await readPassword(context) : (password ?? (await askPassword('Password: ', context)));
    if (name === '' || secret === '') throw new ComposeError('USAGE', 'a name and a password are needed');
    const given = { username: name, password: secret, identityToken: null, registryToken: null };
    const kept = await verifyLogin(domain, given, { environment, settings, signal });
    const helper = await store.save(domain, kept, { signal });
    if (helper === null && kept.identityToken === null) {
      stderr.write(
        `warning: the password is stored unencrypted in ${store.path}: a credential helper would keep it safe\n`,
      );
    }
    stdout.write('Login Succeeded\n');
    return 0;
  },
});
