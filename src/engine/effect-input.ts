/** What the effects of one request work with. */
import type { OutputEvent } from '../model/events.ts';
import type { ResolvedImage } from '../model/image.ts';
import type { ProjectOrigin } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';
import type { DesiredWithImages } from './desired.ts';
import type { GivenVariables } from './given-files.ts';

export interface EffectInput {
  readonly project: Project;
  readonly origin: ProjectOrigin;
  readonly wanted: DesiredWithImages;
  readonly variables: GivenVariables;
  readonly waitTimeoutMs: number | null;
  /** Skipped where nobody asked for a start: a container that is healed goes on as if nothing had been. */
  readonly hooks: 'run' | 'skip';
  /** Told each line that a hook prints. */
  readonly tell: (event: OutputEvent) => void;
}

/** The service as the request has it. Throws NO_SERVICE. */
export function requireService(project: Project, name: string): Service {
  const service = project.services[name];
  if (service === undefined) throw new ComposeError('NO_SERVICE', `no such service: ${name}`);
  return service;
}

/** What the service is made of; that it was resolved is a precondition of the operation. */
export function requireImage(input: EffectInput, serviceName: string): ResolvedImage {
  const image = input.wanted.images.get(serviceName);
  if (image === undefined) throw new Error(`the image of ${serviceName} was not resolved`);
  return image;
}
