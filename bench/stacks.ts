// Twelve stacks as people write them, whose servers are Debian's packages: built by us, brought up, used by their clients,
// changed, scaled and taken down, each as its check.sh says.
//   node bench/stacks.ts [NAME...]
// Exits 1 when one of them does not work. Wants psql and curl, and a mirror of Debian at the first run.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { debianObstacle, debianWasUsed, openDebian } from '../test/support/debian.ts';

const run = promisify(execFile);
const tscompose = resolve(import.meta.dirname, '../bin/tscompose');
const source = join(import.meta.dirname, 'stacks');
const asked = process.argv.slice(2);
const names = readdirSync(source).filter((name) => name !== 'images' && existsSync(join(source, name, 'compose.yaml')));
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no stack is called ${unknown.join(', ')}; there are ${names.join(', ')}`);
const obstacle = await debianObstacle();
if (obstacle !== null) throw new Error(`missing: ${obstacle}`);

const directory = mkdtempSync('/tmp/tsc-stacks-');
const env = { ...process.env, TSCOMPOSE_STATE_DIR: join(directory, 'state'), NO_COLOR: '1' };
let failures = 0;
try {
  cpSync(source, join(directory, 'stacks'), { recursive: true });
  await buildImages(join(directory, 'stacks/images'));
  for (const name of asked.length > 0 ? asked : names) {
    const began = performance.now();
    let outcome = 'works';
    try {
      await run('sh', [join(directory, 'stacks/check.sh'), tscompose], {
        cwd: join(directory, 'stacks', name),
        env,
        timeout: 300_000,
      });
    } catch (error) {
      failures += 1;
      outcome = `FAILS\n${(error as { stderr?: string }).stderr ?? error}`;
    }
    console.log(`${name.padEnd(20)} ${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${outcome}`);
  }
} finally {
  execFileSync(tscompose, ['image', 'prune', '--all', '--force', '--build-cache'], { env, stdio: 'ignore' });
  rmSync(directory, { recursive: true, force: true });
}
process.exit(failures === 0 ? 0 : 1);

async function buildImages(images: string): Promise<void> {
  await using debian = await openDebian();
  const began = performance.now();
  // A command's network is a bridge of the build's own; its gateway is this machine.
  const given = { ...env, BASE: `rootfs:${debian.root}`, PROXY: debian.proxyAt('apt-proxy') };
  await run(tscompose, ['build'], { cwd: images, env: given, maxBuffer: 1 << 26 });
  debianWasUsed();
  console.log(`${'(images)'.padEnd(20)} ${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  built`);
}
