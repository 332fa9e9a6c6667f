/** Starts monitors: forks of one that was executed once (addon/monitor/fork_server.h). */
import { defaultPath } from '../model/image.ts';
import type { Binding, ForkServer } from '../native/binding.ts';

/** Containers come in groups; between them nothing need stay in memory. */
const lingerMs = 2_000;

export class MonitorLauncher {
  readonly #native: Pick<Binding, 'openForkServer'>;
  readonly #executable: string;
  #server: Promise<ForkServer> | undefined;
  #launches = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(native: Pick<Binding, 'openForkServer'>, executable: string) {
    this.#native = native;
    this.#executable = executable;
  }

  /** Begins what the first launch would wait for. Should it fail, that launch tries again and says why. */
  prepare(): void {
    this.#open().then(
      () => this.#closeLater(),
      () => {},
    );
  }

  /** Starts a monitor; resolves with what it says once its container runs or cannot, or with nothing when it could not. */
  async launch(args: readonly string[]): Promise<string> {
    this.#launches += 1;
    clearTimeout(this.#timer);
    try {
      const answer = await this.#fork(args);
      // Somebody ended the server, and nothing was begun: another one does it.
      return answer === '' ? await this.#fork(args) : answer;
    } finally {
      this.#launches -= 1;
      this.#closeLater();
    }
  }

  /** Monitors go on. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    if (this.#server !== undefined) this.#close(this.#server);
  }

  async #fork(args: readonly string[]): Promise<string> {
    const opening = this.#open();
    const server = await opening;
    const answer = await server.fork(args);
    if (answer === '') this.#close(opening);
    return answer;
  }

  #open(): Promise<ForkServer> {
    if (this.#server === undefined) {
      const opening = this.#native.openForkServer(this.#executable, ['--fork-server', '{fd}'], [`PATH=${defaultPath}`]);
      this.#server = opening;
      opening.catch(() => this.#forget(opening));
    }
    return this.#server;
  }

  #close(opening: Promise<ForkServer>): void {
    this.#forget(opening);
    opening.then(
      (server) => server.close(),
      () => {},
    );
  }

  /** By now there may be another. */
  #forget(opening: Promise<ForkServer>): void {
    if (this.#server === opening) this.#server = undefined;
  }

  #closeLater(): void {
    if (this.#launches > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this[Symbol.dispose](), lingerMs);
    this.#timer.unref();
  }
}
