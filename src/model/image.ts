/** An image that is ready to run: its layers on this machine and its configuration (OCI image-spec, config.md). */
export interface ResolvedImage {
  readonly reference: string;
  readonly digest: string;
  /** Directories for an overlay, top first. */
  readonly layers: readonly string[];
  readonly config: ImageConfig;
  /** `host`: the one layer is the host's own root, whose private directories a container must not see. */
  readonly origin: 'host' | 'layers';
}

export interface ImageConfig {
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly volumes: readonly string[];
  readonly exposedPorts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string | null;
  readonly healthcheck: ImageHealthcheck | null;
}

/**
 * Layers (bottom first) as an overlay wants them: top first, each once, for it refuses a directory that comes twice. Of equal layers
 * the topmost alone decides what is seen: it hides and shows all that the others do.
 */
export function overlayOrder(layers: readonly string[]): string[] {
  return [...new Set(layers.toReversed())];
}

/** Where programs are looked for when an image's environment does not say. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The configuration of an image that says nothing: no PATH either. */
export const emptyImageConfig: ImageConfig = {
  env: [],
  entrypoint: [],
  cmd: [],
  user: '',
  workingDir: '/',
  volumes: [],
  exposedPorts: [],
  labels: {},
  stopSignal: null,
  healthcheck: null,
};

export interface ImageHealthcheck {
  readonly test: readonly string[];
  readonly intervalMs: number | null;
  readonly timeoutMs: number | null;
  readonly retries: number | null;
  readonly startPeriodMs: number | null;
  readonly startIntervalMs: number | null;
}
