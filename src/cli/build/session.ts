/** What commands that build have in common: the machine, the workspace, and how it is shown. */
import { join } from 'node:path';
import { buildImage } from '../../build/build.ts';
import { BuildCache } from '../../build/cache.ts';
import type { CacheSource } from '../../build/cache-places.ts';
import { importLayout, isLayoutReference } from '../../build/layout-image.ts';
import type { BuildMachine } from '../../build/machine.ts';
import type { ImageFinder } from '../../build/plan.ts';
import { type ContextFetcher, contextFetcher } from '../../build/remote-context.ts';
import type { BuildRequest } from '../../build/request.ts';
import { importRootfs } from '../../build/rootfs-image.ts';
import { SharedWork } from '../../build/shared-work.ts';
import { openWorkspace, type Workspace } from '../../build/workspace.ts';
import { removeEmptyCgroups } from '../../container/cgroup-parents.ts';
import { type HostFacts, readHostFacts } from '../../container/host.ts';
import { openBuildNetworks } from '../../engine/build-network.ts';
import { sweepKilledBuilds } from '../../engine/sweep.ts';
import type { Descriptor, Platform } from '../../image/oci.ts';
import { formatPlatform } from '../../image/platform.ts';
import { pullImage, Slots } from '../../image/pull.ts';
import { isRootfsReference } from '../../image/rootfs.ts';
import type { Lease } from '../../image/store/lease.ts';
import type { StoredImage } from '../../image/store/resolve.ts';
import { canonicalName, type ImageStore, openImageStore } from '../../image/store/store.ts';
import type { BuildEvent } from '../../model/build.ts';
import { native } from '../../native/binding.ts';
import type { BuildReporter } from '../../ui/build-reporter.ts';
import { openBuildReporter } from '../../ui/open-build-reporter.ts';
import type { ReporterForm } from '../../ui/reporter.ts';
import { monotonicMs } from '../../util/elapsed.ts';
import { ComposeError } from '../../util/errors.ts';
import type { Context } from '../context.ts';
import { requirePrivileges } from '../privileges.ts';
import { isColored, statusStream } from '../progress.ts';
import { sparsely } from '../steps.ts';

export interface BuildSession {
  readonly store: ImageStore;
  /** Builds one image; several may be built at the same time. */
  build(
    request: BuildRequest,
    options: {
      readonly isPulling: boolean;
      readonly signal: AbortSignal;
      /** Resolves when an image that another build of the session makes is there. */
      readonly untilMade?: (reference: string) => Promise<void>;
    },
  ): Promise<StoredImage>;
  /** Contexts that are elsewhere. */
  readonly contexts: ContextFetcher;
  report(event: BuildEvent): void;
  /** Lets a name stand for what was built. */
  name(reference: string, target: Descriptor): void;
}

/** Most steps that work at the same time, unless `--parallel` says otherwise. */
const stepsAtOnce = 16;
const layersAtOnce = 4;

/** Opens what builds need for `action` and takes away what they used, however it ends. */
export async function withBuilds<T>(
  context: Context,
  settings: { readonly form: ReporterForm },
  action: (session: BuildSession) => Promise<T>,
): Promise<T> {
  requirePrivileges('builds need');
  const { paths } = context;
  const binding = native();
  const hasSwept = await sweepKilledBuilds({ paths, native: binding });
  using store = openImageStore(paths);
  const stderr = statusStream(context);
  const reporter = await openBuildReporter(settings.form, { stderr, isColored: isColored(context, stderr) });
  let host: HostFacts | undefined;
  try {
    await using networks = openBuildNetworks(paths, binding);
    const machine: BuildMachine = {
      paths,
      native: binding,
      store,
      get host() {
        host ??= readHostFacts();
        return host;
      },
      networks,
      runtimeExecutable: executable('tscompose-runtime'),
      clock: () => context.clock.now(),
    };
    await using lease = await store.lease();
    await using workspace = await openWorkspace(paths, binding);
    const cache = new BuildCache(paths, store);
    const shared = new SharedWork(store, cache);
    try {
      return await action(sessionOf(context, machine, { workspace, lease, cache, shared }, reporter));
    } finally {
      await shared.settle();
    }
  } finally {
    await reporter.close();
    // Where no step ran nobody has made one.
    if (hasSwept || host !== undefined) removeEmptyCgroups(['/tscompose']);
  }
}

interface SessionParts {
  readonly workspace: Workspace;
  readonly lease: Lease;
  readonly cache: BuildCache;
  readonly shared: SharedWork;
}

function sessionOf(
  context: Context,
  machine: BuildMachine,
  { workspace, lease, cache, shared }: SessionParts,
  reporter: BuildReporter,
): BuildSession {
  const slots = new Slots(context.globals.parallel ?? stepsAtOnce);
  const { store } = machine;
  const { signal, workingDirectory } = context;
  const named = new Set<string>();
  let ids = 0;
  const nextId = () => ++ids;
  const emit = (event: BuildEvent) => reporter.report(event);

  /** Shows something that builds do beside their steps. */
  const told = async <T>(title: string, action: () => Promise<T>): Promise<T> => {
    const id = nextId();
    const began = monotonicMs();
    const tell = (status: 'started' | 'done' | 'failed') =>
      emit({ type: 'buildStep', id, title, status, durationMs: monotonicMs() - began });
    tell('started');
    try {
      const result = await action();
      tell('done');
      return result;
    } catch (error) {
      tell('failed');
      throw error;
    }
  };
  const pull = (reference: string, platform: Platform): Promise<StoredImage> =>
    told(`pull ${reference}`, async () => {
      // TLS takes longer to load than a build takes that has nothing to do.
      const { openRegistries } = await import('../registry-client.ts');
      using registry = await openRegistries(context);
      const pulled = await pullImage(reference, {
        store,
        registry,
        platform,
        signal,
        slots: new Slots(layersAtOnce),
        onLayer: sparsely((layer) => emit({ type: 'layer', resource: reference, ...layer })),
      });
      return pulled.image;
    });
  const exchange = { store, cache, lease, context };
  const imported = new Map<string, Promise<void>>();
  /** A cache that cannot be had is no failure: the steps are taken. */
  const importOnce = (source: CacheSource, platform: Platform): Promise<void> => {
    const where = source.kind === 'registry' ? source.reference : source.directory;
    const key = `${where} ${formatPlatform(platform)}`;
    const running =
      imported.get(key) ??
      import('./exchange.ts')
        .then(({ importCache }) => told(`cache from ${where}`, () => importCache(source, platform, exchange)))
        .then(
          () => {},
          (error: unknown) => {
            signal.throwIfAborted();
            if (!(error instanceof ComposeError)) throw error;
            emit({ type: 'buildWarning', message: `no cache from ${where}: ${error.message}` });
          },
        );
    imported.set(key, running);
    return running;
  };
  /** Several builds of one session get an image once. */
  const got = new Map<string, Promise<StoredImage>>();
  const once = (reference: string, platform: Platform, get: () => Promise<StoredImage>): Promise<StoredImage> => {
    const key = `${reference} ${formatPlatform(platform)}`;
    const image = got.get(key) ?? get();
    got.set(key, image);
    return image;
  };
  const finder =
    (isPulling: boolean, untilMade?: (reference: string) => Promise<void>): ImageFinder =>
    async (reference, platform) => {
      if (isRootfsReference(reference)) {
        const options = { store, cache, workspace, lease, platform, workingDirectory, signal };
        return await once(reference, platform, () => importRootfs(reference, options));
      }
      if (isLayoutReference(reference)) {
        return await once(reference, platform, () => importLayout(reference, { store, lease, platform, signal }));
      }
      await untilMade?.(reference);
      // What was just built is not elsewhere.
      const isHere = store.find(reference) !== null;
      if (isHere && (!isPulling || named.has(canonicalName(reference)))) return await store.image(reference, platform);
      return await once(reference, platform, () => pull(reference, platform));
    };
  return {
    store,
    report: emit,
    contexts: contextFetcher({ workspace, nextId, emit, signal }),
    async build(request, { isPulling, signal: own, untilMade }) {
      const built = await buildImage(request, {
        machine,
        workspace,
        cache,
        shared,
        lease,
        slots,
        findImage: finder(isPulling, untilMade),
        importCache: importOnce,
        nextId,
        emit,
        signal: own,
      });
      for (const target of request.cacheTo.places) {
        const where = target.kind === 'registry' ? target.reference : target.directory;
        const { exportCache } = await import('./exchange.ts');
        await told(`cache to ${where}`, () => exportCache(target, request.platform, built, exchange));
      }
      return built.image;
    },
    name(reference, target) {
      if (store.find(reference)?.digest !== target.digest) store.tag(reference, target);
      named.add(canonicalName(reference));
    },
  };
}

/** Beside the addon, wherever the package lies. */
function executable(name: string): string {
  const here = import.meta.dirname;
  // dist/*.js and src/cli/build/*.ts stand at different depths below the package root.
  const root = here.endsWith('/dist') ? join(here, '..') : join(here, '../../..');
  return join(root, 'addon/build/Release', name);
}
