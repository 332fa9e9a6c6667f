import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';

/** What a program of dist/ makes Node load until `begin` is done, as it says itself. */
function builtinModules(program: string, begin: string): string[] {
  const code = `
    const { createRequire } = process.getBuiltinModule('node:module');
    const { readFileSync } = process.getBuiltinModule('node:fs');
    const { Script } = process.getBuiltinModule('node:vm');
    const file = ${JSON.stringify(new URL(`../../dist/${program}.js`, import.meta.url).pathname)};
    const run = new Script(readFileSync(file, 'utf8'), { filename: file }).runInThisContext();
    const before = new Set(process.moduleLoadList);
    const module = { exports: {} };
    const rest = file.replace(/[.]js$/, '-rest.js');
    const loadRest = () => new Script(readFileSync(rest, 'utf8'), { filename: rest }).runInThisContext()(file, '/');
    run(module.exports, createRequire(file), module, file, '/', loadRest);
    ${begin}
    console.log('\\n' + JSON.stringify(process.moduleLoadList.filter((name) => !before.has(name))));`;
  // By a file and not by --eval, which loads half of them itself.
  const output = execFileSync(process.execPath, ['--input-type=module'], { input: code, encoding: 'utf8' });
  return (JSON.parse(output.split('\n').at(-2) ?? '') as string[]).map((name) => name.replace(/^NativeModule /, ''));
}

/** Each takes milliseconds, of each start. */
const slow = ['crypto', 'fs/promises', 'http', 'https', 'tls', 'zlib', 'child_process', 'worker_threads', 'perf_hooks'];

describe('the programs', () => {
  const commands = ['up', 'down', 'ps', 'logs', 'exec', 'run', 'version'].map((name) => [name, '--help']);
  const programs = {
    'command-line': `for (const line of ${JSON.stringify(commands)}) await module.exports.runCommandLine(line);`,
    supervise: '',
  };
  for (const [program, begin] of Object.entries(programs)) {
    it(`${program} loads nothing slow before it is used`, () => {
      const loaded = builtinModules(program, begin);
      assert.ok(loaded.length > 0);
      assert.deepEqual(
        slow.filter((name) => loaded.includes(name)),
        [],
      );
    });
  }
});
