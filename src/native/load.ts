import { createRequire } from 'node:module';

const require = createRequire(import.meta.filename);

/** Loads a compiled addon by its name. Throws when it was not built. */
export function loadFrom<T>(name: string): T {
  // dist/*.js and src/native/*.ts stand at different depths below the package root.
  let failure: unknown;
  for (const root of ['..', '../..']) {
    try {
      return require(`${root}/addon/build/Release/${name}.node`) as T;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
