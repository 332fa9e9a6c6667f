import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DotenvError, parseDotenv } from '../../src/compose/dotenv.ts';
import { substitute, TemplateError } from '../../src/compose/template.ts';
import { require } from '../support/requirements.ts';

/** Recorded answers of the reference; they lie beside the checkout, where they are there at all. */
const directory = process.env.TSCOMPOSE_CORPUS ?? join(import.meta.dirname, '../../../shared/compose');

interface Expected {
  readonly result?: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly error?: string;
  readonly warnings?: readonly string[];
}
interface Vector {
  readonly id: string;
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  readonly expected: Expected;
  readonly expected_newer?: Expected;
}

function vectors(name: string): Vector[] {
  return (JSON.parse(readFileSync(join(directory, name), 'utf8')) as { vectors: Vector[] }).vectors;
}

function matches(got: Expected, { expected, expected_newer }: Vector): boolean {
  return [expected, expected_newer].some((wanted) => {
    if (wanted === undefined) return false;
    if (wanted.error !== undefined) return got.error !== undefined;
    return (
      got.error === undefined &&
      wanted.result === got.result &&
      sameMap(wanted.vars, got.vars) &&
      JSON.stringify(wanted.warnings ?? []) === JSON.stringify(got.warnings ?? [])
    );
  });
}

function sameMap(a: Expected['vars'], b: Expected['vars']): boolean {
  const flat = (map: Expected['vars']) => JSON.stringify(Object.entries(map ?? {}).sort());
  return flat(a) === flat(b);
}

describe('the recorded vectors', () => {
  before(function () {
    require(this, existsSync(join(directory, 'dotenv-vectors.json')), directory);
  });

  const warning = (name: string) => `The "${name}" variable is not set. Defaulting to a blank string.`;
  const find = (env: Vector['env']) => (name: string) => (Object.hasOwn(env, name) ? env[name] : undefined);

  it('of interpolation hold', () => {
    for (const vector of vectors('interpolation-vectors.json')) {
      const warnings: string[] = [];
      let got: Expected;
      try {
        const onUnset = (name: string) => warnings.push(warning(name));
        got = { result: substitute(vector.input, { lookup: find(vector.env), onUnset }), warnings };
      } catch (error) {
        assert.ok(error instanceof TemplateError);
        got = { error: error.message };
      }
      assert.ok(matches(got, vector), `${vector.id} ${JSON.stringify(vector.input)}: ${JSON.stringify(got)}`);
    }
  });

  it('of dotenv files hold', () => {
    for (const vector of vectors('dotenv-vectors.json')) {
      const warnings: string[] = [];
      let got: Expected;
      try {
        const onUnset = (name: string) => warnings.push(warning(name));
        const variables = parseDotenv(vector.input, { lookup: find(vector.env), onUnset });
        got = { vars: Object.fromEntries(variables), warnings };
      } catch (error) {
        assert.ok(error instanceof DotenvError);
        got = { error: error.message };
      }
      assert.ok(matches(got, vector), `${vector.id} ${JSON.stringify(vector.input)}: ${JSON.stringify(got)}`);
    }
  });
});
