import { removeEmptyCgroups } from '../container/cgroup-parents.ts';
import type { ContainerRecord } from '../model/records.ts';
import { containerEvent } from './container-event.ts';
import type { EngineContext } from './context.ts';
import { removeGivenFilesOf } from './given-files.ts';

/** Removes a container that does not run, with its namespace, files and the named volumes. */
export async function removeContainer(
  context: EngineContext,
  record: ContainerRecord,
  volumeNames: readonly string[],
): Promise<void> {
  const { database, networks, containers, paths } = context;
  await context.releasePorts(record.id);
  context.dns.detach(record.id);
  if (record.networkNamespace === paths.networkNamespace(record.id)) {
    await networks.unplug(record.networkNamespace, record.endpoints);
  }
  await containers.destroyLeftovers(record.cgroupsPath);
  removeEmptyCgroups(record.madeCgroups ?? []);
  await containers.remove(record.id);
  removeGivenFilesOf(paths, record);
  database.removeContainer(record.id);
  context.announce(containerEvent(record, 'destroy', context.clock().toISOString()));
  for (const name of volumeNames) {
    const volume = database.volumeByName(name);
    if (volume === null) continue;
    await context.volumes.remove(volume);
    database.removeVolume(name);
  }
  if (record.ports.length > 0) void context.rules.request();
  context.worldChanged();
}
