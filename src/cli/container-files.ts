import { readFileSync } from 'node:fs';
import type { Observed, ObservedContainer } from '../plan/observed.ts';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';

/** The file system of a container as overlayfs has it: what it changed, and the image's layers, top first. */
export interface ContainerFiles {
  readonly upper: string;
  readonly work: string;
  readonly lower: readonly string[];
}

/** Reads from a container's bundle what its root is made of. Throws CONTAINER_NOT_FOUND when it was never started. */
export function containerFiles(id: string, name: string, { paths }: Context): ContainerFiles {
  let overlay: ContainerFiles;
  try {
    const config = JSON.parse(readFileSync(paths.container(id).config, 'utf8')) as {
      readonly annotations: Readonly<Record<string, string>>;
    };
    overlay = JSON.parse(config.annotations['dev.tscompose.overlay'] ?? '') as ContainerFiles;
  } catch (error) {
    throw new ComposeError('CONTAINER_NOT_FOUND', `container ${name} has no files yet: it was never started`, {
      cause: error,
    });
  }
  return overlay;
}

/** The container that a service and the number of its replica mean, running or not. Throws CONTAINER_NOT_FOUND. */
export function containerOf(observed: Observed, service: string, index: number | undefined): ObservedContainer {
  const own = observed.containers
    .filter(({ record }) => record.service === service && !record.oneOff)
    .sort((a, b) => a.record.number - b.record.number);
  const found = index ? own.find(({ record }) => record.number === index) : own[0];
  if (found !== undefined) return found;
  const which = index ? ` #${index}` : '';
  throw new ComposeError('CONTAINER_NOT_FOUND', `service ${JSON.stringify(service)} has no container${which}`, {
    hint: `make one with: tscompose up -d ${service}`,
  });
}
