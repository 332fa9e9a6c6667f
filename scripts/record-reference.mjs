// Asks Docker Compose what it makes of the files in test/fixtures/reference/cases.jsonl, and writes its answers there.
// Only lines without an answer are asked about; all of them with --all. TSCOMPOSE_PEERS is as in CONTRIBUTING.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brief } from '../test/support/canonical.ts';

const path = new URL('../test/fixtures/reference/cases.jsonl', import.meta.url);
const cases = readFileSync(path, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
const peers = process.env.TSCOMPOSE_PEERS;
if (peers === undefined) throw new Error('TSCOMPOSE_PEERS is not set');
const asked = cases.filter(({ answer }) => answer === undefined || process.argv.includes('--all'));
const root = realpathSync(mkdtempSync('/tmp/tscompose-reference-'));
const quote = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
const directoryOf = (index) => join(root, String(index), 'proj');
const script = asked.map((each, index) => {
  const directory = directoryOf(index);
  for (const [name, text] of Object.entries(each.files ?? { 'compose.yaml': each.file })) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const cwd = join(directory, each.cwd ?? '');
  mkdirSync(cwd, { recursive: true });
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...each.env };
  const words = ['env', '-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), 'docker-compose'];
  const command = [...words, ...(each.args ?? []), 'config', '--format', 'json'].map(quote).join(' ');
  const [out, code] = ['out', 'code'].map((name) => join(root, String(index), name));
  return `(cd ${quote(cwd)} && ulimit -v 8000000 && ${command} </dev/null >${out} 2>/dev/null; echo $? >${code})`;
});
writeFileSync(join(root, 'ask'), script.join('\n'));
spawnSync(peers, ['run', 'sh', join(root, 'ask')], { stdio: 'inherit' });
for (const [index, each] of asked.entries()) {
  const read = (name) =>
    readFileSync(join(root, String(index), name), 'utf8')
      .replaceAll(directoryOf(index), '$ROOT')
      .replaceAll(dirname(directoryOf(index)), '$OUT');
  if (!existsSync(join(root, String(index), 'code'))) throw new Error(`no answer to ${each.id}`);
  each.answer = read('code').trim() === '0' ? brief(JSON.parse(read('out'))) : 'error';
}
rmSync(root, { recursive: true });
writeFileSync(path, cases.map((each) => `${JSON.stringify(each)}\n`).join(''));
