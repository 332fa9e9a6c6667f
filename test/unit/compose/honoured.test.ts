import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attributePaths } from '../../../scripts/build-compatibility.ts';
import { supportOf } from '../../../src/compose/attributes.ts';
import { attributeCases, seenElsewhere, seenFromOutside, seenWhereAble } from '../../support/attribute-cases.ts';

const root = join(import.meta.dirname, '../../..');

describe('what docs/compatibility.md calls honoured', () => {
  const honoured = attributePaths()
    .map(({ path }) => path)
    .filter((path) => supportOf(path).support === 'honoured')
    .map((path) => path.replaceAll('.*', '[]'));
  const seen = [
    ...attributeCases.map(({ shows }) => shows),
    ...Object.values(seenFromOutside),
    ...Object.values(seenWhereAble),
    ...Object.values(seenElsewhere),
  ].flat();

  it('is seen to have its effect by a test, each attribute', () => {
    assert.deepEqual(
      honoured.filter((path) => !seen.includes(path)),
      [],
    );
  });

  it('and tests see no attribute that is not there, or not honoured', () => {
    assert.deepEqual(
      seen.filter((path) => !honoured.includes(path)),
      [],
    );
  });

  it('by tests that are there', () => {
    const titles = [
      ...Object.keys(seenFromOutside).map((title) => ['test/e2e/attributes-outside.test.ts', title]),
      ...Object.keys(seenWhereAble).map((title) => ['test/e2e/attributes.test.ts', title]),
      ...Object.keys(seenElsewhere).map((each) => each.split(/: (.*)/s)),
    ];
    for (const [file = '', title = ''] of titles) {
      assert.ok(
        existsSync(join(root, file)) && readFileSync(join(root, file), 'utf8').includes(title),
        `${file}: ${title}`,
      );
    }
  });
});
