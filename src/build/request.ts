/** What is to be built. */
import type { Platform } from '../image/oci.ts';
import type { SourceText } from '../util/diagnostic.ts';
import type { CacheSource, CacheTargets } from './cache-places.ts';
import type { IgnoreRules } from './context/ignore.ts';
import type { Variables } from './graph/variables.ts';
import type { SecretSource } from './run-mounts.ts';
import type { RunSettings } from './run-step.ts';
import type { SshSource } from './ssh-agent.ts';

/** A directory of this machine whose files a build may read. */
export interface DirectoryContext {
  readonly kind: 'directory';
  readonly path: string;
  readonly ignored: IgnoreRules;
  /** Its files belong to whom they belong, and not to root. */
  readonly keepsOwners: boolean;
}

/** An image by name, or in a layout. */
export type NamedContext = DirectoryContext | { readonly kind: 'image'; readonly reference: string };

export interface BuildRequest {
  /** Before each step's name: the service, where several are built. */
  readonly label: string | null;
  readonly dockerfile: SourceText;
  readonly context: DirectoryContext;
  readonly contexts: ReadonlyMap<string, NamedContext>;
  readonly buildArguments: Variables;
  readonly target: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly platform: Platform;
  /** Stages of which nothing that was made before is used. */
  readonly uncached: 'none' | 'all' | ReadonlySet<string>;
  readonly secrets: ReadonlyMap<string, SecretSource>;
  readonly ssh: ReadonlyMap<string, SshSource>;
  readonly run: RunSettings;
  /** Where steps are looked for that are not known here, */
  readonly cacheFrom: readonly CacheSource[];
  /** and where those of this build are brought. */
  readonly cacheTo: CacheTargets;
  /** Seconds: nothing in the image is later. */
  readonly sourceDateEpoch: number | null;
}
