/** What Docker Compose 2.26 answered to many small files (scripts/record-reference.mjs): ours is the same, or other for a reason. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatJson } from '../../../src/compose/config-output.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { brief, type Json } from '../../support/canonical.ts';
import { load } from './support.ts';

interface Case {
  readonly id: string;
  /** compose.yaml alone, or several files. */
  readonly file?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly answer: Json | 'error';
  /** Ours, where it is other on purpose, and why. */
  readonly ours?: Json | 'error';
  readonly why?: string;
}

const cases = readFileSync(join(import.meta.dirname, '../../fixtures/reference/cases.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Case);

describe('beside the reference', function () {
  this.timeout(60_000);

  it(`${cases.length} small projects are loaded alike`, async () => {
    const wrong: string[] = [];
    for (const each of cases) {
      const got = JSON.stringify(await answer(each));
      if (got !== JSON.stringify(each.ours ?? each.answer)) wrong.push(`${each.id}: ${got}`);
    }
    assert.deepEqual(wrong, []);
  });

  it('what is loaded otherwise has a reason', () => {
    for (const { id, answer, ours, why } of cases) {
      assert.equal(ours === undefined, why === undefined, id);
      assert.notDeepEqual(ours, answer, id);
    }
  });
});

async function answer({ file, files, args = [], env, cwd }: Case): Promise<Json | 'error'> {
  const wishes: Record<'files' | 'profiles' | 'envFiles', string[]> = { files: [], profiles: [], envFiles: [] };
  const lists = { '-f': wishes.files, '--profile': wishes.profiles, '--env-file': wishes.envFiles };
  let [projectName, projectDirectory]: (string | undefined)[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const [flag = '', value = ''] = args.slice(i);
    if (flag === '-p') projectName = value;
    else if (flag === '--project-directory') projectDirectory = value;
    else lists[flag as keyof typeof lists].push(value);
  }
  // The reference stood in a directory `proj`.
  const given = Object.entries(files ?? { 'compose.yaml': file ?? '' });
  try {
    const { project } = await load(Object.fromEntries(given.map(([path, text]) => [`proj/${path}`, text])), {
      ...wishes,
      projectName,
      projectDirectory,
      environment: { HOME: '/root', ...env },
      cwd: join('proj', cwd ?? ''),
    });
    return brief(JSON.parse(formatJson(project).replaceAll('$$ROOT/proj', '$ROOT').replaceAll('$$ROOT', '$OUT')));
  } catch (error) {
    if (error instanceof ComposeError) return 'error';
    throw error;
  }
}
