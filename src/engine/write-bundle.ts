import type { BundleInput } from '../container/bundle.ts';
import type { ResolvedImage } from '../model/image.ts';
import { lastingName } from '../model/names.ts';
import type { ContainerRecord } from '../model/records.ts';
import { hostsFile } from '../network/hosts-file.ts';
import { resolvConf } from '../network/resolv-conf.ts';
import { volumeSource } from './container-volumes.ts';
import type { EngineContext } from './context.ts';
import type { EffectInput } from './effect-input.ts';
import { givenFileMounts } from './given-files.ts';
import { ociMounts, volumeUses } from './mounts.ts';
import { joinedNamespaces, volumesFrom } from './shared-container.ts';
import { customSeccomp } from './validate-services.ts';

/** Writes the bundle of a container. At its creation it may name what is only there when it starts. */
export async function writeBundle(
  context: EngineContext,
  input: EffectInput,
  record: ContainerRecord,
  image: ResolvedImage,
  moment: 'creation' | 'start',
): Promise<void> {
  const paths = context.paths.container(record.id);
  const service = record.config;
  const uses = volumeUses(service, image);
  const from = volumesFrom(context, service);
  const bundle: BundleInput = {
    id: record.id,
    name: lastingName(record.name),
    service,
    image,
    paths,
    endpoints: record.endpoints,
    namespaces: joinedNamespaces(context, record),
    mounts: [
      ...from.mounts,
      ...ociMounts({
        serviceName: record.service,
        service,
        uses,
        sourceOf: (use) => volumeSource(context, input, record, use),
        subpaths: moment === 'start' ? 'required' : 'as written',
      }),
      ...givenFileMounts(service, input.project, input.variables, { paths: context.paths, id: record.id }),
    ],
    host: context.host,
    seccompCache: `${context.paths.stateDir}/seccomp`,
    seccompProfile: customSeccomp(service, input.origin.workingDirectory),
    labels: record.labels,
    supervisor: { args: context.supervisorArgs, lock: context.paths.project(context.projectName).respawnLock },
  };
  await context.containers.write(bundle, {
    hosts: hostsFile(record, context.database.networks()),
    resolvConf: resolvConf(record),
  });
}
