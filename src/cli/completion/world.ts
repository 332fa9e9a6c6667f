import { familiarName, parseReference } from '../../image/reference.ts';
import type { Context } from '../context.ts';
import { type globalOptions, globalSettings, rootShape } from '../globals.ts';
import { withImageStore } from '../image-store.ts';
import { withRecords } from '../observation.ts';
import { type OptionValues, parseCommandLine } from '../options.ts';
import { guessProjectName } from '../project.ts';
import type { CompletionWorld } from './complete.ts';

/** What is there for the command line that is being typed. What cannot be read has nothing to offer. */
export function completionWorld(words: readonly string[], context: Context): CompletionWorld {
  const own = contextOf(words, context);
  const model = async () => {
    const [{ loadModel }, { loadOptionsOf }] = await Promise.all([
      import('../../compose/load.ts'),
      import('../commands/config.ts'),
    ]);
    const options = loadOptionsOf(own, []);
    return await loadModel({ ...options, profiles: ['*'], skip: { environmentFiles: true, consistency: true } });
  };
  return {
    services: () =>
      orNothing(
        async () => Object.keys((await model()).tree.services ?? {}),
        () => recordedServices(own),
      ),
    profiles: () =>
      orNothing(async () => {
        const { listProfiles } = await import('../../compose/config-output.ts');
        return listProfiles((await model()).tree);
      }),
    projects: () =>
      orNothing(async () =>
        withRecords(own, (database) => [...new Set(database.containers().map(({ project }) => project))]),
      ),
    images: () =>
      orNothing(async () =>
        withImageStore(own, (store) =>
          store.catalog.references().map(({ reference }) => familiarName(parseReference(reference))),
        ),
      ),
  };
}

/** The context that the flags in `words` ask for. */
function contextOf(words: readonly string[], context: Context): Context {
  try {
    const line = parseCommandLine(rootShape, words.slice(0, -1));
    if (line.help) return context;
    const globals = globalSettings(line.values as OptionValues<typeof globalOptions>, context.environment);
    return Object.create(context, { globals: { value: { ...globals, progress: 'quiet' } } }) as Context;
  } catch {
    return context;
  }
}

/** By `-p NAME`, or where the files cannot be read. */
async function recordedServices(context: Context): Promise<readonly string[]> {
  const name = guessProjectName(context);
  const records = withRecords(context, (database) => database.containers());
  return [...new Set(records.filter(({ project }) => project === name).map(({ service }) => service))];
}

async function orNothing(
  read: () => Promise<readonly string[]>,
  instead: () => Promise<readonly string[]> = async () => [],
): Promise<readonly string[]> {
  try {
    return (await read()).toSorted();
  } catch {
    return await instead().catch(() => []);
  }
}
