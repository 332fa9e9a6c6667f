/**
 * The addon's exports, typed. The single place that loads it; a test compares the names here with what it exports.
 */
import { createRequire } from 'node:module';

export interface Binding {
  readonly version: string;
}

const require = createRequire(import.meta.url);
let loaded: Binding | undefined;

/** Loads the addon on first use. Throws when it was not built. */
export function native(): Binding {
  // dist/*.js and src/native/*.ts stand at different depths below the package root.
  loaded ??= loadFrom(['../addon/build/Release/tscompose.node', '../../addon/build/Release/tscompose.node']);
  return loaded;
}

function loadFrom(candidates: readonly string[]): Binding {
  let failure: unknown;
  for (const path of candidates) {
    try {
      return require(path) as Binding;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
