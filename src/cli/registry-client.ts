import { readCredentials } from '../image/credentials.ts';
import { openRegistryClient, type RegistryClient } from '../image/registry/client.ts';
import { readRegistrySettings, registrySettingsPaths } from '../image/registry/settings.ts';
import type { Context } from './context.ts';

/** A client with the credentials, certificates and settings of whoever calls the command. */
export async function openRegistries(context: Context): Promise<RegistryClient> {
  const { environment, signal } = context;
  return openRegistryClient({
    environment,
    signal,
    credentials: await readCredentials(environment),
    settings: readRegistrySettings(registrySettingsPaths(environment)),
  });
}
