// Bundles the entry points with esbuild: a few chunks load several times faster than the module tree behind them.
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { image } from '../src/cli/commands/image.ts';
import { registry } from '../src/cli/registry.ts';

/**
 * commander imports child_process for subcommands that are programs of their own, which we have none of, and `process` as a
 * module, which makes Node load every lazy part of it: together 8 ms of each start.
 */
const leanCommander = {
  name: 'lean-commander',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(child_process|process)$/ }, ({ path, importer }) =>
      importer.includes('/node_modules/commander/') ? { path, namespace: 'lean' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lean' }, ({ path }) => ({
      contents: path === 'node:process' ? 'export default globalThis.process;' : 'export default {};',
    }));
  },
};

/**
 * An `import` of a module of Node's reads every property of it, lazy ones too: `node:fs` and `node:util` then load streams,
 * workers and encodings, 25 ms of each start. So each becomes a module that reads only the properties that are imported,
 * and those of `onUse`, functions and classes of which few commands need one, are loaded at the first call.
 */
const lazyNodeModules = (onUse = []) => ({
  name: 'lazy-node-modules',
  setup({ onResolve, onLoad }) {
    const names = builtinModules.map((name) => name.replace(/^node:/, '')).join('|');
    onResolve({ filter: new RegExp(`^(node:)?(${names})$`) }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'node-module', sideEffects: false } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'node-module' }, ({ path }) => {
      const builtin = process.getBuiltinModule(path);
      const properties = Object.keys(builtin).filter((key) => key !== 'default');
      const load = `process.getBuiltinModule(${JSON.stringify(path)})`;
      if (onUse.includes(path.replace(/^node:/, ''))) {
        const value = (key) => {
          if (typeof builtin[key] !== 'function') return `/* @__PURE__ */ (() => ${load}.${key})()`;
          // Nobody asks what is an instance of these, or extends one.
          if (/^[A-Z]/.test(key)) return `function (...args) { return new (${load}.${key})(...args); }`;
          return `(...args) => ${load}.${key}(...args)`;
        };
        return { contents: properties.map((key) => `export const ${key} = ${value(key)};`).join('\n') };
      }
      const read = (key) => `export const ${key} = /* @__PURE__ */ (() => module.${key})();`;
      const module = `const module = /* @__PURE__ */ ${load};`;
      return { contents: [module, 'export default module;', ...properties.map(read)].join('\n') };
    });
  },
});

/** Bundles of their own, which share no class with the others: the terminal's view, and the watch without inotify, bring large packages along. */
const apart = {
  name: 'apart',
  setup({ onResolve }) {
    onResolve({ filter: /\/ui\/ink\/screen\.ts$/ }, () => ({ path: './screen.js', external: true }));
    onResolve({ filter: /\/polling-notifier\.ts$/ }, () => ({ path: './polling-notifier.js', external: true }));
  },
};

/** Of which an ordinary `up` needs no function. */
const rarelyUsed = [
  'child_process',
  'crypto',
  'dgram',
  'fs/promises',
  'http',
  'https',
  'net',
  'readline/promises',
  'stream/promises',
  'timers/promises',
  'tls',
  'zlib',
];

/** What everyday commands import(): the rest of the command line is two thirds of its text. */
const oftenUsed = [
  ...['down', 'exec', 'logs', 'ps', 'restart', 'run', 'start', 'stop', 'up'].map(
    (name) => `src/cli/commands/${name}.ts`,
  ),
  'src/cli/attached/up.ts',
  'src/cli/run-forms.ts',
  'src/compose/dotenv.ts',
  'src/compose/load.ts',
  'src/engine/observe.ts',
  'src/ui/plain.ts',
  'src/util/diagnostic.ts',
];

const transformed = {
  platform: 'node',
  target: 'node24',
  sourcemap: false,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
};
const shared = {
  ...transformed,
  bundle: true,
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
};

// The same code as ES modules, so that only what is used is loaded.
const alias = { yaml: fileURLToPath(new URL('../node_modules/yaml/browser/index.js', import.meta.url)) };

/**
 * A program: a script, because only of those V8 gives out the code that was compiled while they ran. What is loaded later
 * (`import()`), and what several parts share, are functions in it: of those that never ran V8 keeps, and reads at the next
 * start, next to nothing. But their text is read: what neither the entry nor one of `often` imports is a script of its own,
 * `NAME-rest`, which is read when something of it is used (src/util/code-cache.ts).
 */
async function buildProgram(name, entry, plugins, often = null) {
  const { outputFiles, metafile } = await build({
    ...shared,
    entryPoints: { [name]: entry },
    outdir: 'dist',
    write: false,
    metafile: true,
    format: 'esm',
    splitting: true,
    alias,
    define: { ...shared.define, 'import.meta': 'importMeta' },
    plugins,
  });
  const parts = await Promise.all(
    outputFiles.map(async ({ path, text }) => {
      const { imports } = metafile.outputs[relative('.', path)];
      let code = text;
      for (const { path: other, external } of imports.filter(({ kind }) => kind === 'dynamic-import')) {
        if (external) continue;
        code = code.replaceAll(
          `import("./${basename(other)}")`,
          `Promise.resolve().then(()=>require("./${basename(other)}"))`,
        );
      }
      const { code: body } = await transform(code, { ...transformed, format: 'cjs' });
      const method = `${JSON.stringify(`./${basename(path)}`)}(exports,require,module){${body}}`;
      return { path: relative('.', path), method };
    }),
  );
  const { outputs } = metafile;
  const entries = Object.keys(outputs).filter((path) => {
    const { entryPoint } = outputs[path];
    return entryPoint === entry || often?.includes(entryPoint);
  });
  const isOften = staticClosure(outputs, entries);
  const methodsOf = (chosen) => chosen.map(({ method }) => method).join(',\n');
  const rest = often === null ? [] : parts.filter(({ path }) => !isOften.has(path));
  const first = parts.filter((part) => !rest.includes(part));
  const head = `const importMeta = { filename: __filename, dirname: __dirname };
const parts = {`;
  const program = `(function (exports, requireFile, module, __filename, __dirname, loadRest) {
${head}${methodsOf(first)}};
const modules = new Map();
function require(name) {
  if (!name.startsWith('./')) return requireFile(name);
  if (!Object.hasOwn(parts, name)) Object.assign(parts, loadRest());
  let part = modules.get(name);
  if (part === undefined) {
    part = { exports: {} };
    modules.set(name, part);
    parts[name](part.exports, require, part);
  }
  return part.exports;
}
module.exports = require('./${name}.js');
})`;
  if (rest.length === 0) return { [name]: program };
  return {
    [name]: program,
    [`${name}-rest`]: `(function (__filename, __dirname) {\n${head}${methodsOf(rest)}};\nreturn parts;\n})`,
  };
}

/** Those outputs of esbuild and all that they import, but for what they `import()`. */
function staticClosure(outputs, paths) {
  const closure = new Set(paths);
  // A set that grows while it is walked is walked to its end.
  for (const path of closure) {
    for (const { path: other, kind } of outputs[path].imports) {
      if (kind !== 'dynamic-import' && other in outputs) closure.add(other);
    }
  }
  return closure;
}

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
const programs = {
  ...(await buildProgram(
    'command-line',
    'src/cli/run.ts',
    [leanCommander, lazyNodeModules([...rarelyUsed, 'sqlite']), apart],
    oftenUsed,
  )),
  ...(await buildProgram('supervise', 'src/supervisor/start.ts', [lazyNodeModules(rarelyUsed)])),
};
const hash = createHash('sha256');
for (const [name, text] of Object.entries(programs)) {
  writeFileSync(`dist/${name}.js`, text);
  hash.update(text);
}
// The entries that load them.
await build({
  ...shared,
  entryPoints: { cli: 'src/cli/main.ts', supervisor: 'src/supervisor/main.ts' },
  outdir: 'dist',
  format: 'esm',
  plugins: [lazyNodeModules()],
  define: {
    ...shared.define,
    BUILD_ID: JSON.stringify(hash.digest('hex').slice(0, 12)),
    COMMAND_NAMES: JSON.stringify([...Object.keys(registry), '__complete']),
    IMAGE_COMMAND_NAMES: JSON.stringify(Object.keys(image.commands ?? {})),
  },
});
await build({
  ...shared,
  entryPoints: { screen: 'src/ui/ink/screen.ts' },
  outdir: 'dist',
  format: 'esm',
  splitting: true,
  external: ['react-devtools-core'],
  plugins: [lazyNodeModules()],
  banner: { js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);" },
});
await build({
  ...shared,
  entryPoints: { 'polling-notifier': 'src/watch/polling-notifier.ts' },
  outdir: 'dist',
  format: 'esm',
  plugins: [lazyNodeModules()],
});
