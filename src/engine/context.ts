import type { ContainerDriver } from '../container/container-driver.ts';
import type { HostFacts } from '../container/host.ts';
import type { ContainerEvent } from '../model/events.ts';
import type { ContainerRecord, PublishedPort } from '../model/records.ts';
import type { Binding } from '../native/binding.ts';
import type { DnsServer, NetworkDriver, PortRequest } from '../network/contract.ts';
import type { Database } from '../state/database.ts';
import type { Paths } from '../state/paths.ts';
import type { ComposeError } from '../util/errors.ts';
import type { VolumeDriver } from '../volume/volume-driver.ts';
import type { ContainerHub } from './hub.ts';
import type { Rules } from './rules.ts';

/** Everything the engine works with, opened once by the supervisor. */
export interface EngineContext {
  readonly projectName: string;
  readonly paths: Paths;
  readonly database: Database;
  readonly native: Binding;
  readonly host: HostFacts;
  readonly containers: ContainerDriver;
  readonly networks: NetworkDriver;
  readonly rules: Rules;
  readonly volumes: VolumeDriver;
  readonly dns: DnsServer;
  readonly hub: ContainerHub;
  readonly clock: () => Date;
  /** How a monitor starts this project's supervisor again. */
  readonly supervisorArgs: readonly string[];
  /** Binds the host ports of a container, or finds them bound already. Throws PORT_TAKEN. */
  reservePorts(record: ContainerRecord, requests: readonly PortRequest[]): Promise<readonly PublishedPort[]>;
  /** Connections to its ports follow the record's `traffic`. */
  routePorts(record: ContainerRecord): void;
  /** Why these could not be bound now, but those that containers of this project hold. */
  probePorts(requests: readonly PortRequest[]): Promise<readonly ComposeError[]>;
  releasePorts(containerId: string): Promise<void>;
  /** Tells whoever watches (`events`). */
  announce(event: ContainerEvent): void;
  /** Names and addresses changed: DNS answers follow. */
  worldChanged(): void;
}
