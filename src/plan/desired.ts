/** What the project asks for, with the facts that only the machine knows already looked up by the engine. */
import type { Network } from '../model/network.ts';
import type { Declared } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import type { Volume } from '../model/volume.ts';

export interface Desired {
  readonly project: Project;
  readonly declared?: Declared | undefined;
  readonly services: Readonly<Record<string, DesiredService>>;
  readonly networks: Readonly<Record<string, { readonly network: Network; readonly hash: string }>>;
  readonly volumes: Readonly<Record<string, { readonly volume: Volume; readonly hash: string }>>;
}

export interface DesiredService {
  readonly service: Service;
  readonly hash: string;
  /** Digest of the image as it is on this machine now. */
  readonly imageDigest: string;
  /** Digests of its secrets and configs, as `secrets.NAME` and `configs.NAME`. */
  readonly contentDigests?: Readonly<Record<string, string>>;
  /** Whether a health check tells when its containers are ready: its own, or the image's. */
  readonly hasHealthCheck?: boolean;
}
