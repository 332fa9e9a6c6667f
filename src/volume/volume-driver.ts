/** Named and anonymous volumes of the local driver. */

import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VolumeRecord } from '../model/records.ts';
import type { Volume } from '../model/volume.ts';
import type { Binding } from '../native/binding.ts';
import { randomHex } from '../native/digest.ts';
import type { Paths } from '../state/paths.ts';
import { hasErrno } from '../util/errno.ts';
import { ComposeError } from '../util/errors.ts';
import { mountFlags } from './mount-options.ts';

export class VolumeDriver {
  readonly #paths: Paths;
  readonly #native: Binding;

  constructor(options: { readonly paths: Paths; readonly native: Binding }) {
    this.#paths = options.paths;
    this.#native = options.native;
  }

  /** The record of a new named volume. Throws UNSUPPORTED for another driver than `local`. */
  plan(
    volume: Volume,
    options: { readonly project: string; readonly key: string; readonly hash: string; readonly now: string },
  ): VolumeRecord {
    if (volume.driver !== undefined && volume.driver !== '' && volume.driver !== 'local') {
      throw new ComposeError('UNSUPPORTED', `volume ${volume.name}: there is no driver ${volume.driver}`, {
        hint: 'use the local driver',
      });
    }
    const driverOpts = volume.driver_opts ?? {};
    return {
      name: volume.name,
      project: options.project,
      key: options.key,
      configHash: options.hash,
      driverOpts,
      labels: { ...volume.labels },
      anonymous: false,
      createdAt: options.now,
      mountpoint: isBind(driverOpts) ? (driverOpts.device ?? '') : this.#paths.volume(volume.name),
      isFilled: isBind(driverOpts),
    };
  }

  /** The record of a new anonymous volume. */
  planAnonymous(project: string, now: string): VolumeRecord {
    const name = randomHex(32);
    return {
      name,
      project,
      key: '',
      configHash: '',
      driverOpts: {},
      labels: { 'com.docker.volume.anonymous': '' },
      anonymous: true,
      createdAt: now,
      mountpoint: this.#paths.volume(name),
      isFilled: false,
    };
  }

  /** The directory exists and, for a volume with a device, is mounted; idempotent. Throws VOLUME_NOT_FOUND or KERNEL. */
  async ensure(record: VolumeRecord): Promise<void> {
    const { driverOpts, mountpoint, name } = record;
    if (isBind(driverOpts)) {
      if (!isDirectory(mountpoint)) {
        throw new ComposeError('VOLUME_NOT_FOUND', `volume ${name}: device ${mountpoint} is not a directory`, {
          hint: 'create it, or correct driver_opts.device',
        });
      }
      return;
    }
    mkdirSync(mountpoint, { recursive: true, mode: 0o755 });
    if (!needsMount(driverOpts) || isMountPoint(mountpoint)) return;
    const { flags, data } = mountFlags(driverOpts.o ?? '');
    const type = driverOpts.type ?? '';
    try {
      await this.#native.mount(driverOpts.device ?? type, mountpoint, type, flags, data);
    } catch (error) {
      const isUnknown = hasErrno(error, 'ENODEV');
      const reason = isUnknown ? `this kernel has no file system ${type}` : (error as Error).message;
      throw new ComposeError('KERNEL', `cannot mount volume ${name}: ${reason}`, {
        cause: error,
        path: ['volumes', record.key, 'driver_opts', ...(isUnknown ? ['type'] : [])],
      });
    }
  }

  isIntact(record: VolumeRecord): boolean {
    return isDirectory(record.mountpoint);
  }

  /** Takes away its mount, keeping what the device holds; not mounted is success. */
  async release(record: VolumeRecord): Promise<void> {
    if (needsMount(record.driverOpts)) await this.#native.unmount(record.mountpoint);
  }

  /** Removes the volume and its data; a bind volume's device is left alone. */
  async remove(record: VolumeRecord): Promise<void> {
    await this.release(record);
    if (isBind(record.driverOpts)) return;
    await rm(dirname(record.mountpoint), { recursive: true, force: true });
  }

  /**
   * Gives a volume that is still empty its first content. `copy` fills a directory, which takes the volume's place in one
   * step: being killed half way leaves the volume empty, not half full.
   */
  async fill(record: VolumeRecord, copy: (directory: string) => Promise<boolean>): Promise<void> {
    const { mountpoint } = record;
    const isEmpty = (): boolean => readdirSync(mountpoint).length === 0;
    if (!isEmpty()) return;
    // Replicas start side by side, and other projects may use the volume, too.
    const held = await this.#native.waitForLock(join(dirname(mountpoint), 'fill.lock'), { exclusive: true }).lock;
    try {
      if (isEmpty()) await this.#fillEmpty(record, copy);
    } finally {
      held.release();
    }
  }

  async #fillEmpty(record: VolumeRecord, copy: (directory: string) => Promise<boolean>): Promise<void> {
    const { mountpoint } = record;
    if (needsMount(record.driverOpts)) {
      await copy(mountpoint);
      return;
    }
    const draft = `${mountpoint}.filling`;
    await rm(draft, { recursive: true, force: true });
    mkdirSync(draft, { mode: 0o755 });
    if (await copy(draft)) await rename(draft, mountpoint);
    else await rm(draft, { recursive: true, force: true });
  }
}

function isBind(driverOpts: VolumeRecord['driverOpts']): boolean {
  return (driverOpts.o ?? '').split(',').some((option) => option === 'bind' || option === 'rbind');
}

function needsMount(driverOpts: VolumeRecord['driverOpts']): boolean {
  return !isBind(driverOpts) && driverOpts.type !== undefined && driverOpts.type !== 'none';
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A mount point's device differs from its parent's (a bind mount's need not, but those are not made here). */
function isMountPoint(path: string): boolean {
  return statSync(path).dev !== statSync(dirname(path)).dev;
}
