import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withDotenv } from '../../../src/cli/dotenv.ts';
import { guessProjectName } from '../../../src/cli/project.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tscompose-guess-'));
  mkdirSync(join(root, 'My.Shop/below'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

function guess(
  where: string,
  globals: { files?: string[]; projectName?: string; projectDirectory?: string } = {},
  environment: Record<string, string> = {},
): string | undefined {
  const { files = [], projectName, projectDirectory } = globals;
  return guessProjectName({
    globals: { files, projectName, projectDirectory },
    environment,
    workingDirectory: join(root, where),
  });
}

describe('the guess at the name of a project', () => {
  it('is the directory of the file, found upwards, as the loader writes it', () => {
    writeFileSync(join(root, 'My.Shop/compose.yaml'), 'services:\n  web: {}\n');
    assert.equal(guess('My.Shop'), 'myshop');
    assert.equal(guess('My.Shop/below'), 'myshop');
  });

  it('is what the file says, the override above it', () => {
    writeFileSync(join(root, 'My.Shop/compose.yaml'), 'name: one # shop\nservices:\n');
    assert.equal(guess('My.Shop'), 'one');
    writeFileSync(join(root, 'My.Shop/compose.override.yaml'), 'name: "two"\nservices:\n');
    assert.equal(guess('My.Shop'), 'two');
  });

  it('is what flag or variable say', () => {
    assert.equal(guess('', { projectName: 'flag' }), 'flag');
    assert.throws(() => guess('', { projectName: 'No' }), { code: 'INVALID' });
  });

  it('is left to the loader when the text alone does not tell', () => {
    const uncertain = [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the syntax of Compose
      'name: ${X}\nservices:\n',
      'name: &anchor shop\nservices:\n',
      '{"name": "json", "services": {}}',
      'services:\n---\nname: b\nservices:\n',
      'name: a\nservices:\nname: b\n',
    ];
    for (const text of uncertain) {
      writeFileSync(join(root, 'My.Shop/compose.yaml'), text);
      assert.equal(guess('My.Shop'), undefined, text);
    }
    assert.equal(guess('My.Shop', { files: ['missing.yaml'] }), undefined);
  });
});

describe('.env', () => {
  const globals = { files: [], envFiles: [], projectDirectory: undefined };

  it('gives COMPOSE_ variables below those of the process, and no others', async () => {
    writeFileSync(join(root, '.env'), 'COMPOSE_PROFILES=a\nCOMPOSE_FILE=x.yaml\nOTHER=1\n');
    const environment = await withDotenv({ COMPOSE_FILE: 'mine.yaml' }, globals, root);
    assert.deepEqual(environment, { COMPOSE_PROFILES: 'a', COMPOSE_FILE: 'mine.yaml' });
  });

  it('is not read when it is turned off', async () => {
    writeFileSync(join(root, '.env'), 'COMPOSE_PROFILES=a\n');
    const given = { COMPOSE_DISABLE_ENV_FILE: '1' };
    assert.deepEqual(await withDotenv(given, globals, root), given);
  });
});
