import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { formatJson } from '../../src/compose/config-output.ts';
import { type LoadOptions, loadProject } from '../../src/compose/load.ts';
import { ComposeError } from '../../src/util/errors.ts';
import { canonical } from '../support/canonical.ts';
import { require } from '../support/requirements.ts';

/** Projects with the answers of the reference; they lie beside the checkout, where they are there at all. */
const directory = process.env.TSCOMPOSE_CORPUS ?? join(import.meta.dirname, '../../../shared/compose');
const corpus = join(directory, 'corpus');

/** What docs/compatibility.md explains. */
const known: ReadonlySet<string> = new Set([
  'compose-go__loader-loader__TestWithoutUnnecessaryResourcesOption_AllResourceKinds',
  'compose-spec__models-001',
  'compose-spec__models-002',
]);

interface Case {
  readonly id: string;
  readonly cwd: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly expect: 'ok' | 'error';
  readonly newer?: { readonly expect?: string };
  readonly reference_too_old?: boolean;
  readonly too_old_reason?: string;
}

describe('the corpus', function () {
  this.timeout(120_000);
  before(function () {
    require(this, existsSync(corpus), corpus);
  });

  it('is loaded as the reference loads it', async () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'tscompose-corpus-')));
    const ids = readdirSync(corpus).sort();
    assert.ok(ids.length > known.size, 'there are no cases');
    const wrong: string[] = [];
    try {
      for (const id of ids) {
        const problem = await check(id, join(root, id));
        if (known.has(id)) assert.ok(problem !== undefined, `${id} is the same by now`);
        else if (problem !== undefined) wrong.push(`${id}: ${problem}`);
        rmSync(join(root, id), { recursive: true });
      }
    } finally {
      rmSync(root, { recursive: true });
    }
    console.log(
      `      ${ids.length - wrong.length - known.size} of ${ids.length} the same, ${known.size} known to differ`,
    );
    assert.deepEqual(wrong, []);
  });
});

async function check(id: string, root: string): Promise<string | undefined> {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(corpus, id, name), 'utf8'));
  const wanted = read('case.json') as Case;
  cpSync(join(corpus, id, 'files'), root, { recursive: true });
  const accepted = new Set<string>([wanted.expect]);
  const isOpen = wanted.reference_too_old === true && wanted.too_old_reason === 'behaviour';
  if (wanted.newer?.expect === 'error' || isOpen) for (const each of ['ok', 'error']) accepted.add(each);
  let text: string;
  try {
    text = formatJson((await loadProject(optionsOf(wanted, root))).project);
  } catch (error) {
    if (!(error instanceof ComposeError)) throw error;
    return accepted.has('error') ? undefined : error.message;
  }
  if (!accepted.has('ok')) return 'accepted';
  const got = JSON.stringify(canonical(JSON.parse(text.replaceAll(root, '$CASE_DIR'))));
  const answers = ['expected.json', 'expected.newer.json'].filter((name) => existsSync(join(corpus, id, name)));
  return answers.some((name) => JSON.stringify(canonical(read(name))) === got) ? undefined : 'another project';
}

function optionsOf({ args, cwd, env }: Case, root: string) {
  const workingDirectory = normalize(join(root, cwd));
  const place = (text: string) => text.replaceAll('$CASE_DIR', root);
  const variables = Object.entries(env ?? {}).map(([name, value]) => [name, place(value)]);
  const files: string[] = [];
  const profiles: string[] = [];
  const envFiles: string[] = [];
  const options: { -readonly [K in 'projectName' | 'projectDirectory' | 'allResources' | 'skip']?: LoadOptions[K] } =
    {};
  const words = args.flatMap((word) => (word.startsWith('--') ? word.split(/=(.*)/s, 2) : [word])).map(place);
  for (let i = 0; i < words.length; i++) {
    const value = () => words[++i] ?? '';
    const word = words[i];
    if (word === '-f' || word === '--file') files.push(value());
    else if (word === '--profile') profiles.push(value());
    else if (word === '--env-file') envFiles.push(value());
    else if (word === '-p' || word === '--project-name') options.projectName = value();
    else if (word === '--project-directory') options.projectDirectory = value();
    else if (word === '--all-resources') options.allResources = true;
    // With this flag config leaves out what is implied.
    else if (word === '--compatibility') options.skip = { normalization: true };
  }
  const environment = { HOME: '/root', PWD: workingDirectory, ...Object.fromEntries(variables) } as Record<
    string,
    string
  >;
  return { ...options, files, profiles, envFiles, environment, workingDirectory, stdin: '' };
}
