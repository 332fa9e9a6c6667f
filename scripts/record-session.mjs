// Has Docker Compose run the script of test/support/session.ts, and writes its answers to test/fixtures/session/answers.jsonl,
// which test/e2e/session.test.ts compares with ours. TSCOMPOSE_PEERS is as in CONTRIBUTING.md.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeSessionRoot, normalize, readAnswers, sessionImage, sessionScript } from '../test/support/session.ts';

const peers = process.env.TSCOMPOSE_PEERS;
if (peers === undefined) throw new Error('TSCOMPOSE_PEERS is not set');
const fixture = fileURLToPath(new URL('../test/fixtures/session', import.meta.url));
const results = realpathSync(mkdtempSync('/tmp/tscompose-session-'));
const run = (...args) => {
  const { status } = spawnSync(peers, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
};
const root = join(results, 'root');
mkdirSync(root);
makeSessionRoot(root);
cpSync(fixture, join(results, 'project'), { recursive: true });
run('image', sessionImage, root);
writeFileSync(join(results, 'script'), sessionScript(['docker-compose'], results, 'reference'));
run('run', 'sh', join(results, 'script'));
const directory = join(results, 'project');
const answers = readAnswers(results).map(({ stdout, stderr, ...rest }) => ({
  ...rest,
  // As they are: what is compared is made of them when they are compared.
  stdout: stdout.replaceAll(directory, '/project'),
  stderr: normalize(stderr, directory).replaceAll('$DIR', '/project'),
}));
writeFileSync(join(fixture, 'answers.jsonl'), answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
rmSync(results, { recursive: true });
