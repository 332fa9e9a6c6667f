// Compiles schema/compose.json into src/compose/generated/validate.js, so that loading a file compiles nothing.
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import Ajv from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url);
const schema = JSON.parse(await readFile(new URL('schema/compose.json', root), 'utf8'));
/** Descriptions serve messages, which are made from schema/compose.json; the code does without. */
function withoutDescriptions(node, isMapOfSchemas = false) {
  if (Array.isArray(node)) return node.map((item) => withoutDescriptions(item));
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node).filter(([key]) => isMapOfSchemas || (key !== 'description' && key !== 'title'));
  const isMap = (key) => !isMapOfSchemas && ['properties', 'patternProperties', 'definitions'].includes(key);
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutDescriptions(value, isMap(key))]));
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
const code = standaloneCode.default(ajv, ajv.compile(withoutDescriptions(schema)));
const bundled = await build({
  stdin: { contents: code, resolveDir: new URL('.', root).pathname, sourcefile: 'validate.js' },
  bundle: true,
  write: false,
  format: 'esm',
  minifySyntax: true,
  legalComments: 'none',
});
mkdirSync(new URL('src/compose/generated/', root), { recursive: true });
const [output] = bundled.outputFiles;
const header = '// Made from schema/compose.json by scripts/build-schema.mjs.\n';
writeFileSync(new URL('src/compose/generated/validate.js', root), header + (output?.text ?? ''));
