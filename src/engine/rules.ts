import type { NetworkDriver } from '../network/contract.ts';
import type { Database } from '../state/database.ts';

/**
 * The firewall's rules, made from all records. A change asks for them without waiting; whoever needs them in force, such as
 * the start of a process, waits for `settled`. So one transaction serves many changes, beside the work and not in its way.
 */
export class Rules {
  readonly #networks: NetworkDriver;
  readonly #database: Database;
  #latest: Promise<void> = Promise.resolve();

  constructor(networks: NetworkDriver, database: Database) {
    this.#networks = networks;
    this.#database = database;
  }

  /** Brings the rules up to date with the records as they are now. The promise may be left to `settled`. */
  request(): Promise<void> {
    const sync = this.#networks.syncFirewall({
      networks: this.#database.networks(),
      containers: this.#database.containers(),
    });
    this.#latest = sync;
    // Its failure is told by `settled`, or to whoever awaits this promise; here it is not unhandled.
    sync.catch(() => {});
    return sync;
  }

  /** Resolves when everything requested so far is in force; throws why it could not be. */
  async settled(): Promise<void> {
    await this.#latest;
  }
}
