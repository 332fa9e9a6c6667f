import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/**
 * The diagram of docs/architecture.md, executable. A layer may import itself and what stands beside it here; a word with a
 * slash is one file. What is missing from a row is forbidden.
 */
const contract = 'client/api'; // what both ends of the supervisor's socket say to each other
const drivers = ['container', 'image', 'build', 'network', 'volume', 'state', 'logs', 'watch'];
const leaves = ['util', 'native', 'model'];
const rules: Readonly<Record<string, readonly string[]>> = {
  util: [],
  native: ['util'],
  model: ['util', 'native/digest'],
  container: [...leaves, 'state/paths'],
  image: [...leaves, 'state/paths'],
  build: [...leaves, 'state/paths', 'image', 'container'],
  network: [...leaves, 'state/paths'],
  volume: [...leaves, 'state/paths'],
  state: leaves,
  logs: [...leaves, 'state/paths'],
  // What a build leaves out of its context, its watch leaves out too.
  watch: [...leaves, 'state/paths', 'build/context/ignore'],
  compose: ['util', 'model'],
  plan: ['util', 'model'],
  engine: [...leaves, ...drivers, 'plan', contract],
  supervisor: [...leaves, ...drivers, 'plan', 'engine', contract],
  client: ['util', 'model', 'state/paths'],
  ui: ['util', 'model'],
  cli: [...leaves, ...drivers, 'compose', 'plan', 'engine', 'supervisor', 'client', 'ui'],
};

/** Layers that compute and never look: nothing of node: but these names. */
const pure: Readonly<Record<string, readonly string[]>> = { plan: [] };

const source = join(import.meta.dirname, '../../src');
const statement =
  /(?:^|[;}\n])\s*(?:import|export)\s[^;'"]*?from\s*(['"])([^'"]+)\1|(?:^|[;}\n])\s*import\s*(['"])([^'"]+)\3|\bimport\(\s*(['"])([^'"]+)\5/g;

interface Import {
  readonly from: string;
  readonly to: string;
  /** `import type`: erased, so nothing is loaded. */
  readonly isType: boolean;
}

function importsOf(from: string): Import[] {
  const text = readFileSync(join(source, from), 'utf8');
  return [...text.matchAll(statement)].map((match) => ({
    from,
    to: (match[2] ?? match[4] ?? match[6])!,
    isType: /^\W*(?:import|export)\s+type\b/.test(match[0]),
  }));
}

const files = globSync('**/*.{ts,tsx}', { cwd: source }).sort();
const all: Import[] = files.flatMap(importsOf);
const own: Import[] = all
  .filter(({ to }) => to.startsWith('.'))
  .map(({ from, to, isType }) => ({ from, to: normalize(join(dirname(from), to)), isType }))
  .filter(({ to }) => !to.startsWith('..'));

const layerOf = (file: string) => file.split('/')[0]!;
const withoutExtension = (file: string) => file.replace(/\.tsx?$/, '');

describe('architecture', () => {
  it('sees the source tree and its imports', () => {
    assert.ok(files.includes('util/errors.ts'));
    assert.ok(own.some(({ to }) => to === 'util/errors.ts'));
  });

  it('every folder of src is a layer of the table', () => {
    const unknown = [...new Set(files.map(layerOf))].filter((layer) => !(layer in rules));
    assert.deepEqual(unknown, []);
  });

  it('imports point down', () => {
    const upward = own.filter(({ from, to }) => {
      const layer = layerOf(from);
      if (layerOf(to) === layer) return false;
      const allowed = rules[layer] ?? [];
      return !allowed.includes(layerOf(to)) && !allowed.includes(withoutExtension(to));
    });
    assert.deepEqual(
      upward.map(({ from, to }) => `${from} → ${to}`),
      [],
    );
  });

  it('pure layers import nothing of the machine', () => {
    const impure = all.filter(({ from, to }) => {
      const allowed = pure[layerOf(from)];
      return allowed !== undefined && to.startsWith('node:') && !allowed.includes(to);
    });
    assert.deepEqual(
      impure.map(({ from, to }) => `${from} → ${to}`),
      [],
    );
  });

  it('imports name their file as it stands in the tree', () => {
    const bare = own.filter(({ to }) => !/\.(ts|tsx|json)$/.test(to) && !to.includes('/generated/'));
    assert.deepEqual(
      bare.map(({ from, to }) => `${from} → ${to}`),
      [],
    );
  });

  // Between layers the table forbids circles, of types too. Within one, a part may know the type of the whole it serves.
  it('no file waits for itself to be loaded', () => {
    const edges = Map.groupBy(
      own.filter(({ isType }) => !isType),
      ({ from }) => from,
    );
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]) => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
        return;
      }
      state.set(file, 'open');
      for (const { to } of edges.get(file) ?? []) visit(to, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    assert.deepEqual(circles, []);
  });
});
