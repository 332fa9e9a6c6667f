/** What a stage does, step by step, with every variable expanded: plain data. */
import type { Place } from '../../util/diagnostic.ts';
import type { Origin } from './stages.ts';

interface Common {
  readonly place: Place;
  /** `RUN apt-get update`, as progress and messages show it. */
  readonly title: string;
  /** `created_by` of the image's history. */
  readonly createdBy: string;
}

export interface StepMount {
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
  readonly target: string;
  readonly source: string;
  readonly from: Origin;
  readonly id: string;
  readonly isReadOnly: boolean;
  readonly sharing: 'shared' | 'private' | 'locked';
  readonly isRequired: boolean;
  readonly sizeBytes: number | null;
  readonly mode: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly variable: string | null;
  /** Whether the file says where it is to be seen. */
  readonly hasTarget: boolean;
  readonly place: Place;
}

export interface RunStep extends Common {
  readonly kind: 'run';
  readonly args: readonly string[];
  /** `NAME=value`: of ENV, and of the arguments in force. */
  readonly env: readonly string[];
  /** Arguments that no layer depends on: proxies. */
  readonly quietEnv: readonly string[];
  readonly workingDirectory: string;
  readonly user: string;
  readonly mounts: readonly StepMount[];
  /** A here-document that is a program: it stands at /dev/pipes/NAME. */
  readonly script: { readonly name: string; readonly content: string } | null;
  readonly network: 'default' | 'none' | 'host';
  readonly isInsecure: boolean;
}

export interface InlineSource {
  readonly name: string;
  readonly content: string;
}

export interface CopyStep extends Common {
  readonly kind: 'copy';
  readonly isAdd: boolean;
  readonly from: Origin;
  readonly sources: readonly { readonly value: string; readonly place: Place }[];
  readonly files: readonly InlineSource[];
  /** Absolute; a slash at its end means a directory. */
  readonly destination: string;
  readonly chown: string | null;
  readonly chmod: string | null;
  readonly isLinked: boolean;
  readonly hasParents: boolean;
  readonly excludes: readonly string[];
  readonly checksum: string | null;
  readonly keepsGitDirectory: boolean;
  readonly unpacks: boolean | null;
}

/** WORKDIR: the directory is made when it is missing. */
export interface DirectoryStep extends Common {
  readonly kind: 'directory';
  readonly path: string;
  readonly user: string;
}

/** What changes the configuration alone. */
export interface ConfigStep extends Common {
  readonly kind: 'config';
}

export type Step = RunStep | CopyStep | DirectoryStep | ConfigStep;
