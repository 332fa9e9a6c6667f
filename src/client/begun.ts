/** A supervisor that the launcher began before this process could run a line (addon/launcher). */
export interface BegunSupervisor {
  readonly projectName: string;
  /** Where it says that it is ready, or why not. */
  readonly readyFd: number;
}

const variable = 'TSCOMPOSE_BEGUN_SUPERVISOR';

/** What the launcher left, which one client takes. */
export class Begun {
  #supervisor: BegunSupervisor | null;

  constructor(supervisor: BegunSupervisor | null) {
    this.#supervisor = supervisor;
  }

  /** Reads it from `environment` and removes it there: nobody else is to see it. */
  static fromEnvironment(environment: Record<string, string | undefined>): Begun {
    const [, fd, projectName] = /^(\d+):(.+)$/.exec(environment[variable] ?? '') ?? [];
    delete environment[variable];
    return new Begun(fd === undefined || projectName === undefined ? null : { projectName, readyFd: Number(fd) });
  }

  /** The supervisor, when it is one of this project; the next call finds none. */
  take(projectName: string): BegunSupervisor | null {
    const taken = this.#supervisor?.projectName === projectName ? this.#supervisor : null;
    if (taken !== null) this.#supervisor = null;
    return taken;
  }

  /** The project whose supervisor nobody took. */
  get untaken(): string | null {
    return this.#supervisor?.projectName ?? null;
  }
}
