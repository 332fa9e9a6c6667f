import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { require } from '../support/requirements.ts';
import { checkout, scenario, tscompose } from '../support/scenario.ts';
import {
  makeSessionRoot,
  readAnswers,
  type SessionAnswer,
  sessionImage,
  sessionScript,
  shapeOf,
} from '../support/session.ts';
import { sessionDifferences } from '../support/session-differences.ts';

const fixture = join(checkout, 'test/fixtures/session');
/** Our answers where they differ; the test writes them with TSCOMPOSE_SESSION_RECORD=1. */
const oursFile = join(fixture, 'ours.json');

describe('e2e: a session', () => {
  scenario(
    'every command answers as Docker Compose does, but for what is better',
    { compose: 'services: {}\n', timeoutMs: 180_000 },
    async (scene, context) => {
      require(context, existsSync('/bin/busybox'), 'busybox-static');
      const { directory } = scene;
      const results = join(directory, 'r');
      mkdirSync(join(results, 'root'), { recursive: true });
      cpSync(fixture, join(results, 'project'), { recursive: true });
      makeSessionRoot(join(results, 'root'));
      const archive = join(directory, 'root.tar');
      execFileSync('tar', ['-C', join(results, 'root'), '-cf', archive, '.']);
      await scene.ok('image', 'import', archive, sessionImage);
      const command = [tscompose, '--state-dir', scene.stateDirectory];
      writeFileSync(join(results, 'script'), sessionScript(command, results, 'ours'));
      const { COMPOSE_PROJECT_NAME: _, ...environment } = process.env;
      spawnSync('sh', [join(results, 'script')], { env: environment, stdio: 'inherit' });
      const project = join(results, 'project');
      const theirs = new Map(
        readFileSync(join(fixture, 'answers.jsonl'), 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as SessionAnswer)
          .map((answer) => [answer.id, answer]),
      );
      const found: Record<string, { readonly theirs: unknown; readonly ours: unknown }> = {};
      for (const answer of readAnswers(results)) {
        const own = shapeOf(answer, project);
        const reference = shapeOf(theirs.get(answer.id) ?? { ...answer, code: -1 }, '/project');
        for (const part of ['code', 'stdout', 'stderr'] as const) {
          if (JSON.stringify(own[part]) === JSON.stringify(reference[part])) continue;
          found[`${answer.id}: ${part}`] = { theirs: reference[part], ours: own[part] };
        }
      }
      scene.note(JSON.stringify(found, null, 1));
      const ours = Object.fromEntries(Object.entries(found).map(([key, each]) => [key, each.ours]));
      if (process.env.TSCOMPOSE_SESSION_RECORD === '1') writeFileSync(oursFile, `${JSON.stringify(ours, null, 1)}\n`);
      const explained = (key: string) => sessionDifferences.some(({ of }) => of.test(key));
      assert.deepEqual(Object.fromEntries(Object.entries(found).filter(([key]) => !explained(key))), {});
      // Where we differ on purpose, our answers stay what they are.
      assert.deepEqual(ours, JSON.parse(readFileSync(oursFile, 'utf8')));
      // What is no difference any more is not told of.
      const stale = sessionDifferences.filter(({ of }) => !Object.keys(found).some((key) => of.test(key)));
      assert.deepEqual(stale, []);
    },
  );
});
