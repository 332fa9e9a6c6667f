/** The volumes of a container: which they are, and what is in them at first. */
import type { ResolvedImage } from '../model/image.ts';
import type { ContainerRecord, VolumeRecord } from '../model/records.ts';
import { ComposeError } from '../util/errors.ts';
import type { EngineContext } from './context.ts';
import type { EffectInput } from './effect-input.ts';
import type { VolumeUse } from './mounts.ts';

/** Names of the top-level volumes that are used, each once. */
export function namedVolumes(input: EffectInput, uses: readonly VolumeUse[]): string[] {
  const names = uses.flatMap(({ key }) => (key === null ? [] : (input.project.volumes?.[key]?.name ?? [])));
  return [...new Set(names)];
}

/**
 * Names of the anonymous volumes that are used, by target: inherited ones where they are still there, else new ones, which are
 * made, and put into `created` before they are.
 */
export async function anonymousVolumes(
  context: EngineContext,
  uses: readonly VolumeUse[],
  inherited: Readonly<Record<string, string>>,
  created: VolumeRecord[],
): Promise<Record<string, string>> {
  const names: Record<string, string> = {};
  for (const use of uses) {
    if (use.key !== null) continue;
    const old = inherited[use.target];
    if (old !== undefined && context.database.volumeByName(old) !== null) {
      names[use.target] = old;
      continue;
    }
    const record = context.volumes.planAnonymous(context.projectName, context.clock().toISOString());
    created.push(record);
    context.database.saveVolume(record);
    await context.volumes.ensure(record);
    names[use.target] = record.name;
  }
  return names;
}

/** The directory of the volume that a container uses so. */
export function volumeSource(
  context: EngineContext,
  input: EffectInput,
  record: ContainerRecord,
  use: VolumeUse,
): string {
  const name = use.key === null ? record.anonymousVolumes[use.target] : input.project.volumes?.[use.key]?.name;
  const volume = name === undefined ? null : context.database.volumeByName(name);
  if (volume === null) throw new ComposeError('VOLUME_NOT_FOUND', `volume ${name ?? use.target} does not exist`);
  return volume.mountpoint;
}

/** A fresh, empty volume takes what the image holds at its target, owners and modes included; once and never again. */
export async function fillVolumes(
  context: EngineContext,
  input: EffectInput,
  record: ContainerRecord,
  uses: readonly VolumeUse[],
  image: ResolvedImage,
): Promise<void> {
  for (const use of uses) {
    if (!use.isFilledFromImage || use.subpath !== null) continue;
    const name = use.key === null ? record.anonymousVolumes[use.target] : input.project.volumes?.[use.key]?.name;
    const volume = name === undefined ? null : context.database.volumeByName(name);
    if (volume === null || volume.isFilled) continue;
    // The host's own files are no image's content: nobody expects the host's database in a fresh volume.
    if (image.origin === 'layers') {
      await context.volumes.fill(volume, (directory) =>
        context.native.copyFromLayers(image.layers, use.target, directory),
      );
    }
    context.database.saveVolume({ ...volume, isFilled: true });
  }
}
