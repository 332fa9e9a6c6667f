import type { LoadOptions } from './load.ts';
import { isTree, own, type Tree, type Value } from './tree-path.ts';

/** The profiles that are active before services are named. */
export function profilesOf(options: LoadOptions, environment: Readonly<Record<string, string>>): readonly string[] {
  if (options.profiles !== undefined && options.profiles.length > 0) return options.profiles;
  // Without any the empty one is active, so that `profiles: ["${UNSET}"]` is no profile.
  return (own(environment, 'COMPOSE_PROFILES') ?? '').split(',').map((profile) => profile.trim());
}

/** The services that no active profile lets in, each with its profiles; those of the selected services are active too. */
export function disabledServices(
  tree: Tree,
  active: readonly string[],
  selected: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const disabled: Record<string, readonly string[]> = {};
  const services = isTree(tree.services) ? tree.services : {};
  const isActive = new Set(active);
  for (const name of selected) for (const profile of profilesOfService(own(services, name))) isActive.add(profile);
  for (const [name, service] of Object.entries(services)) {
    const profiles = profilesOfService(service);
    const isEnabled = profiles.length === 0 || isActive.has('*') || profiles.some((profile) => isActive.has(profile));
    if (!isEnabled) disabled[name] = profiles;
  }
  return disabled;
}

function profilesOfService(service: Value | undefined): string[] {
  return isTree(service) && Array.isArray(service.profiles) ? service.profiles.map(String) : [];
}
