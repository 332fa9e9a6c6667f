// Compiles schema/compose.json into src/compose/generated/validate.js, so that loading a file compiles nothing.
// Another file can be named as the argument.
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import Ajv from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url);
const schema = JSON.parse(await readFile(new URL('schema/compose.json', root), 'utf8'));
/**
 * Descriptions serve messages, which are made from schema/compose.json; the code does without. The schema of each attribute
 * becomes a definition of its own, one for all that are equal: so each is a function, which is compiled when a file has
 * the attribute, and not before.
 */
class Slimmer {
  definitions = {};
  #names = new Map();

  schema(node) {
    if (typeof node !== 'object' || node === null) return node;
    const out = {};
    for (const [key, value] of Object.entries(node)) {
      if (['description', 'title', '$schema', 'definitions'].includes(key)) continue;
      if (key === 'properties' || key === 'patternProperties')
        out[key] = this.#each(value, (child) => this.#hoist(child));
      // Where the items stand in view, unique ones are found by a map instead of comparing each with each.
      else if (key === 'items' && node.uniqueItems === true) out[key] = this.schema(value);
      else if (key === 'items' || key === 'additionalProperties') out[key] = this.#hoist(value);
      else out[key] = value;
    }
    return out;
  }

  #each(map, change) {
    return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
  }

  #hoist(node) {
    const slim = this.schema(node);
    if (typeof slim !== 'object' || Object.keys(slim).length === 0 || slim.$ref !== undefined) return slim;
    const text = JSON.stringify(slim);
    const name = this.#names.get(text) ?? `part${this.#names.size}`;
    this.#names.set(text, name);
    this.definitions[name] = slim;
    return { $ref: `#/definitions/${name}` };
  }
}

function slim(schema) {
  const slimmer = new Slimmer();
  for (const [name, node] of Object.entries(schema.definitions)) slimmer.definitions[name] = slimmer.schema(node);
  return { ...slimmer.schema(schema), definitions: slimmer.definitions };
}

const ajv = new Ajv.default({
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
  strictTypes: false,
  strictRequired: false,
  messages: false,
  inlineRefs: false,
  code: { source: true, esm: true, lines: false },
});
/** Ajv copies all errors there are for each part that has more: with a hundred thousand of them that takes minutes. */
const joined = /vErrors === null \? (\w+)\.errors : vErrors\.concat\(\1\.errors\)/g;
const code = `${standaloneCode
  .default(ajv, ajv.compile(slim(schema)))
  .replace(joined, 'joinErrors(vErrors, $1.errors)')}
function joinErrors(all, more) {
  if (all === null) return more;
  if (all.length < 2000) for (const error of more) all.push(error);
  return all;
}`;
if (code.includes('.concat(')) throw new Error('the code of ajv is other than expected');
const bundled = await build({
  stdin: { contents: code, resolveDir: new URL('.', root).pathname, sourcefile: 'validate.js' },
  bundle: true,
  write: false,
  format: 'esm',
  minify: true,
  legalComments: 'none',
});
const [output] = bundled.outputFiles;
const header = '// Made from schema/compose.json by scripts/build-schema.mjs.\n';
writeFileSync(process.argv[2] ?? new URL('src/compose/generated/validate.js', root), header + (output?.text ?? ''));
