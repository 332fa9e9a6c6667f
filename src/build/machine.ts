/** What a build needs of the machine; whoever begins one provides it. */
import type { HostFacts } from '../container/host.ts';
import type { ImageStore } from '../image/store/store.ts';
import type { Binding } from '../native/binding.ts';
import type { Paths } from '../state/paths.ts';

export interface BuildMachine {
  readonly paths: Paths;
  readonly native: Binding;
  readonly store: ImageStore;
  readonly host: HostFacts;
  readonly networks: BuildNetworks;
  readonly runtimeExecutable: string;
  readonly clock: () => Date;
}

export type NetworkMode = 'default' | 'none' | 'host';

/** Networks of RUN: a namespace for each container, names and a way out as containers of projects have them. */
export interface BuildNetworks extends AsyncDisposable {
  open(options: {
    readonly buildId: string;
    readonly containerId: string;
    readonly mode: NetworkMode;
    readonly hostname: string;
    readonly extraHosts: readonly string[];
  }): Promise<RunNetwork>;
}

export interface RunNetwork extends AsyncDisposable {
  /** Null: the host's own. */
  readonly namespace: string | null;
  readonly hosts: string;
  readonly resolvConf: string;
}
