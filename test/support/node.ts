/**
 * What Node needs to run a TypeScript file of ours. Types are stripped by WebAssembly, whose replacement of running code by
 * optimised code crashes now and then in an emulated machine (`Check failed: it->second.Size() > offset`, SIGSEGV;
 * https://github.com/nodejs/node/issues/64500): V8's first compiler alone is enough, and sooner done. The same option stands
 * in .mocharc.json.
 */
export const typescriptOptions = ['--disable-warning=ExperimentalWarning', '--liftoff-only'] as const;
