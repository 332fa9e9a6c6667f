import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { nodeFlags } from '../../src/util/node-flags.ts';

interface Loaded {
  /** Of Node's. */
  readonly modules: readonly string[];
  /** Whether what is seldom used of the program was read, too. */
  readonly rest: boolean;
}

/** What a program of dist/ loads until `begin` is done, as it says itself. */
function loadedBy(program: string, begin: string): Loaded {
  const code = `
    const { createRequire } = process.getBuiltinModule('node:module');
    const { readFileSync } = process.getBuiltinModule('node:fs');
    const { Script } = process.getBuiltinModule('node:vm');
    const file = ${JSON.stringify(new URL(`../../dist/${program}.js`, import.meta.url).pathname)};
    const run = new Script(readFileSync(file, 'utf8'), { filename: file }).runInThisContext();
    const before = new Set(process.moduleLoadList);
    const module = { exports: {} };
    const rest = file.replace(/[.]js$/, '-rest.js');
    let isRestRead = false;
    const loadRest = () => {
      isRestRead = true;
      return new Script(readFileSync(rest, 'utf8'), { filename: rest }).runInThisContext()(file, '/');
    };
    run(module.exports, createRequire(file), module, file, '/', loadRest);
    ${begin}
    const modules = process.moduleLoadList.filter((name) => !before.has(name));
    console.log('\\n' + JSON.stringify({ modules, rest: isRestRead }));`;
  // By a file and not by --eval, which loads half of them itself.
  // In a directory with an .env, as many are.
  const cwd = new URL('../..', import.meta.url).pathname;
  const output = execFileSync(process.execPath, ['--input-type=module'], { input: code, encoding: 'utf8', cwd });
  const { modules, rest } = JSON.parse(output.split('\n').at(-2) ?? '') as Loaded;
  return { modules: modules.map((name) => name.replace(/^NativeModule /, '')), rest };
}

/** Each takes milliseconds, of each start. */
const slow = ['crypto', 'fs/promises', 'http', 'https', 'tls', 'zlib', 'child_process', 'worker_threads', 'perf_hooks'];

describe('the programs', () => {
  const commands = ['up', 'down', 'ps', 'logs', 'exec', 'run'].map((name) => [name, '--help']);
  const programs = {
    'command-line': `for (const line of ${JSON.stringify(commands)}) await module.exports.runCommandLine(line);`,
    supervise: '',
  };
  for (const [program, begin] of Object.entries(programs)) {
    it(`${program} loads nothing slow before it is used`, () => {
      const { modules, rest } = loadedBy(program, begin);
      assert.ok(modules.length > 0);
      assert.deepEqual(
        slow.filter((name) => modules.includes(name)),
        [],
      );
      assert.equal(rest, false);
    });
  }

  it('are started with the same flags from everywhere', () => {
    const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    for (const flag of nodeFlags) {
      assert.ok(read('bin/tscompose').includes(` ${flag} `), flag);
      assert.ok(read('addon/launcher/main.cc').includes(`"${flag}"`), flag);
    }
  });
});
