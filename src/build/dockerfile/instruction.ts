/** What a Dockerfile says, instruction by instruction: variables are not expanded yet. */
import type { Place } from '../../util/diagnostic.ts';
import type { Heredoc } from './heredoc.ts';

/** A word of the file and where it stands. */
export interface Text {
  readonly value: string;
  readonly place: Place;
}

export interface Pair {
  readonly name: Text;
  readonly value: Text;
}

/** What a process is started with: arguments as they are, or a line for the shell. */
export type CommandText =
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'shell'; readonly line: string };

/** A file that stands in the Dockerfile itself. */
export interface InlineFile {
  readonly name: string;
  readonly content: string;
  readonly isExpanded: boolean;
  readonly place: Place;
}

export interface RunMount {
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
  readonly place: Place;
  readonly target: string | null;
  readonly source: string | null;
  readonly from: string | null;
  readonly id: string | null;
  /** Null: as is usual for the type. */
  readonly isReadOnly: boolean | null;
  readonly sharing: 'shared' | 'private' | 'locked';
  readonly isRequired: boolean;
  readonly sizeBytes: number | null;
  readonly mode: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
  /** A secret as a variable of this name. */
  readonly variable: string | null;
}

export interface CopyFlags {
  readonly from: Text | null;
  readonly chown: Text | null;
  readonly chmod: Text | null;
  readonly isLinked: boolean;
  readonly hasParents: boolean;
  readonly excludes: readonly Text[];
  /** ADD only. */
  readonly checksum: Text | null;
  readonly keepsGitDirectory: boolean;
  /** ADD only; null: local archives are unpacked, those from elsewhere are not. */
  readonly unpacks: boolean | null;
}

interface Common {
  /** The whole instruction, continuation lines and here-documents included. */
  readonly place: Place;
  /** The instruction on one line, as histories show it. */
  readonly text: string;
}

type Kinds = {
  from: { readonly image: Text; readonly platform: Text | null; readonly name: string | null };
  arg: { readonly args: readonly { readonly name: string; readonly value: Text | null; readonly place: Place }[] };
  env: { readonly pairs: readonly Pair[] };
  label: { readonly pairs: readonly Pair[] };
  run: {
    readonly command: CommandText;
    readonly heredocs: readonly Heredoc[];
    readonly mounts: readonly RunMount[];
    readonly network: 'default' | 'none' | 'host';
    readonly security: 'sandbox' | 'insecure';
  };
  copy: CopyBody;
  add: CopyBody;
  cmd: { readonly command: CommandText };
  entrypoint: { readonly command: CommandText };
  shell: { readonly args: readonly string[] };
  expose: { readonly ports: readonly Text[] };
  volume: { readonly paths: readonly Text[] };
  user: { readonly user: Text };
  workdir: { readonly path: Text };
  stopsignal: { readonly signal: Text };
  maintainer: { readonly name: string };
  healthcheck: {
    readonly command: CommandText | null;
    readonly intervalNs: bigint | null;
    readonly timeoutNs: bigint | null;
    readonly startPeriodNs: bigint | null;
    readonly startIntervalNs: bigint | null;
    readonly retries: number | null;
  };
  onbuild: { readonly trigger: string };
};

export interface CopyBody {
  readonly flags: CopyFlags;
  readonly sources: readonly Text[];
  readonly files: readonly InlineFile[];
  readonly destination: Text;
}

export type InstructionKind = keyof Kinds;
export type Instruction = { [K in InstructionKind]: Common & { readonly kind: K } & Kinds[K] }[InstructionKind];
export type InstructionOf<K extends InstructionKind> = Extract<Instruction, { kind: K }>;
