import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import { type Machine, reportUnsupported } from './attributes.ts';
import { checkServices } from './consistency.ts';
import { decodeConfig, decodeModel, decodeNetwork, decodeSecret, decodeVolume } from './decode-resources.ts';
import { decodeService } from './decode-service.ts';
import type { LoadedModel, LoadOptions } from './load.ts';
import { isWarning, reporter } from './report.ts';
import { type Used, usedResources } from './resources.ts';
import { readServiceFiles } from './service-files.ts';
import { isTree, type Tree } from './tree-path.ts';

const USUAL_MACHINE: Machine = { platform: 'linux/amd64', cgroupVersion: 2 };

/** Makes the canonical project of a model. What is wrong goes to the model's diagnostics. */
export function decodeProject(model: LoadedModel, options: LoadOptions): Project {
  const { tree, context, sources } = model;
  const report = reporter(context, { tree });
  const rawServices = isTree(tree.services) ? tree.services : {};
  const services: Record<string, Service> = {};
  for (const name of Object.keys(rawServices)) {
    const raw = rawServices[name];
    if (!isTree(raw)) continue;
    if (Object.hasOwn(sources.disabledServices, name)) {
      // Mistakes in it are told all the same.
      decodeService(raw, name, (path, message, extra) => isWarning(extra?.code) || report(path, message, extra));
      continue;
    }
    if (options.skip?.environmentFiles !== true) readServiceFiles(raw, name, context, sources);
    services[name] = decodeService(raw, name, report);
  }
  if (options.skip?.consistency !== true && !context.findings.hasErrors) {
    checkServices({ services, disabled: sources.disabledServices, tree }, report);
  }
  const used = usedResources(services);
  const isUsed = (kind: string, key: string): boolean =>
    kind === 'services' ? Object.hasOwn(services, key) : used[kind as keyof Used].has(key);
  reportUnsupported(tree, isUsed, options.machine ?? USUAL_MACHINE, report);
  const select = <T>(kind: keyof Used, decode: (value: Tree, key: string) => T): Record<string, T> | undefined => {
    const resources = tree[kind];
    if (!isTree(resources)) return undefined;
    const kept: Record<string, T> = {};
    for (const key of Object.keys(resources)) {
      const value = resources[key];
      if (options.allResources === true || used[kind].has(key)) kept[key] = decode(isTree(value) ? value : {}, key);
    }
    return Object.keys(kept).length === 0 ? undefined : kept;
  };
  const networks = select('networks', (value, key) => decodeNetwork(value, key, report));
  const volumes = select('volumes', (value, key) => decodeVolume(value, key, report));
  const secrets = select('secrets', (value, key) => decodeSecret(value, key, report));
  const configs = select('configs', (value, key) => decodeConfig(value, key, report));
  const models = select('models', (value, key) => decodeModel(value, key, report));
  for (const [kind, resources] of Object.entries({ networks, volumes, secrets, configs })) {
    for (const [key, { name }] of Object.entries(resources ?? {})) {
      // The reference accepts it, and then fails to make it.
      if (name === undefined && options.skip?.normalization !== true)
        report([kind, key, 'name'], `${kind}.${key}: name is empty`, { code: 'ignored' });
    }
  }
  const extensions: Record<`x-${string}`, unknown> = {};
  for (const key of Object.keys(tree)) if (key.startsWith('x-')) extensions[key as `x-${string}`] = tree[key];
  return {
    name: model.name,
    services,
    ...(networks === undefined ? {} : { networks }),
    ...(volumes === undefined ? {} : { volumes }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(configs === undefined ? {} : { configs }),
    ...(models === undefined ? {} : { models }),
    ...extensions,
  };
}
