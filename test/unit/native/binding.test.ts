import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const addonPath = (name: string) => new URL(`../../../addon/build/Release/${name}.node`, import.meta.url).pathname;
const addon = addonPath('tscompose');

const addons = [
  { name: 'tscompose', source: 'binding.ts', type: 'Binding' },
  { name: 'tscompose-archive', source: 'archive.ts', type: 'ArchiveBinding' },
];

for (const { name: addonName, source: sourceName, type } of addons)
  describe(`the addon ${addonName}`, () => {
    const source = readFileSync(new URL(`../../../src/native/${sourceName}`, import.meta.url), 'utf8');
    const exported = createRequire(import.meta.url)(addonPath(addonName)) as Record<string, unknown>;
    const functions = Object.entries(exported).filter(([, value]) => typeof value === 'function');

    it(`exports exactly what ${sourceName} declares`, () => {
      const body = new RegExp(`export interface ${type} \\{\n([\\s\\S]*?)\n\\}\n`).exec(source)?.[1] ?? '';
      const declared = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, name]) => name as string);
      assert.deepEqual(declared.toSorted(), Object.keys(exported).toSorted());
    });

    // A name that Node exports too would be Node's for us: its OpenSSL is another than that of our static library.
    it('shows Node nothing else: what is in its static libraries stays its own', () => {
      const seen = execFileSync('nm', ['-D', '--defined-only', '--format=just-symbols', addonPath(addonName)]);
      const inC = seen
        .toString()
        .trim()
        .split('\n')
        .filter((symbol) => !symbol.startsWith('_Z'));
      assert.deepEqual(inC.toSorted(), ['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
    });

    // Arguments that no export takes: each must be refused as such, at once and without a crash.
    const nonsense = [
      [],
      [null],
      [undefined, undefined, undefined],
      [{}, {}, {}, {}, {}],
      [[{}], [{}], [{}]],
      [-1, -1, -1],
      [Number.NaN, 'x', {}],
      [[() => {}], 1, 2],
      ['a\0b', 'a\0b', 'a\0b', 0, 'a\0b'],
      [Symbol('x')],
      [new Proxy({}, { get: () => 1 }), 1, 1],
    ];

    for (const [name, call] of functions) {
      // Those that take nothing ignore what they are given.
      if (/^(bootId|hostSubnets|links|forwardChains)$/.test(name)) continue;
      it(`${name} refuses nonsense`, () => {
        for (const args of nonsense) {
          assert.throws(
            () => (call as (...args: unknown[]) => unknown)(...args),
            TypeError,
            `${name}(${args.length} arguments)`,
          );
        }
      });
    }
  });

describe('the addons', () => {
  it('reports a failed system call with code, errno, syscall and step', async () => {
    const { mount } = createRequire(import.meta.url)(addon) as Record<string, unknown>;
    const call = mount as (...args: unknown[]) => Promise<void>;
    await assert.rejects(call('none', '/nonexistent/target', 'tmpfs', 0, ''), {
      syscall: 'mount',
      step: 'mount',
    });
  });

  it('loads in a worker and leaves with it', async () => {
    const { Worker } = await import('node:worker_threads');
    const code = `const { createRequire } = require('node:module');
      const native = require(${JSON.stringify(addon)});
      native.watchExit(process.pid, native.processStartTicks(process.pid), () => {});`;
    const worker = new Worker(code, { eval: true });
    const exitCode = await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
    assert.equal(exitCode, 0);
  });
});
