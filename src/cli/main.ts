/** The entry, of which there is only the bundle: it loads the command line from its code cache. */
import { loadProgram } from '../util/code-cache.ts';
import type * as CommandLine from './run.ts';

/** Of all commands, put in by scripts/build.mjs. */
declare const COMMAND_NAMES: readonly string[];
/** Of `image`: each uses other code. */
declare const IMAGE_COMMAND_NAMES: readonly string[];

const argv = process.argv.slice(2);
const command = argv.find((word) => COMMAND_NAMES.includes(word)) ?? 'help';
const verb = argv.find((word) => IMAGE_COMMAND_NAMES.includes(word));
const purpose = command === 'image' && verb !== undefined ? `image-${verb}` : command;
const file = `${import.meta.dirname}/command-line.js`;
const { exports, keep } = loadProgram<typeof CommandLine>(file, purpose);
await exports.runCommandLine(argv);
keep();
// What was printed has been written (on Linux process.stdout is synchronous); to take the engine apart takes 5 ms more.
process.exit();
