// Writes the table of docs/compatibility.md from schema/compose.json and src/compose/attributes.ts.
// With --check it only says whether the table is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { supportOf } from '../src/compose/attributes.ts';
import { commandLineDifferences, type Difference, sessionDifferences } from '../test/support/session-differences.ts';

const BEGIN = '<!-- table: node scripts/build-compatibility.ts -->';
const root = new URL('..', import.meta.url);
const schema = JSON.parse(readFileSync(new URL('schema/compose.json', root), 'utf8')) as SchemaNode;

interface SchemaNode {
  readonly $ref?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly definitions?: Readonly<Record<string, SchemaNode>>;
}

interface Attribute {
  /** `*` stands for any name or position. */
  readonly path: string;
  readonly description: string;
}

/** Every attribute of the schema. */
export function attributePaths(): Attribute[] {
  const found: Attribute[] = [];
  const follow = (node: SchemaNode): SchemaNode =>
    node.$ref === undefined ? node : { ...schema.definitions?.[node.$ref.split('/').at(-1) ?? ''], ...node };
  const visit = (reference: SchemaNode, path: string): void => {
    const node = follow(reference);
    if (path !== '' && !path.endsWith('*')) found.push({ path, description: node.description ?? '' });
    const below = (name: string): string => (path === '' ? name : `${path}.${name}`);
    for (const [name, child] of Object.entries(node.properties ?? {})) visit(child, below(name));
    for (const [pattern, child] of Object.entries(node.patternProperties ?? {}))
      if (pattern !== '^x-') visit(child, below('*'));
    const hasNames = Object.keys(node.patternProperties ?? {}).some((pattern) => pattern !== '^x-');
    if (!hasNames && typeof node.additionalProperties === 'object' && node.additionalProperties.properties) {
      visit(node.additionalProperties, below('*'));
    }
    if (node.items !== undefined) visit(node.items, below('*'));
  };
  visit(schema, '');
  return found;
}

export function compatibilityTable(): string {
  const words = { honoured: 'honoured', ignored: 'accepted without effect', refused: 'refused' };
  const rows = attributePaths().map(({ path, description }) => {
    const row = supportOf(path);
    const note = row.support === 'honoured' && row.path !== path ? '' : (row.note ?? '');
    return `| \`${path.replaceAll('.*', '[]')}\` | ${words[row.support]} | ${note || description} |`;
  });
  return ['| attribute | | |', '|---|---|---|', ...rows].join('\n');
}

/** A table in the text, between its two comments. */
function withTable(text: string, name: string, differences: readonly Difference[]): string {
  const begin = `<!-- ${name}: node scripts/build-compatibility.ts -->`;
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(`<!-- end of ${name} -->`)];
  const rows = differences.map(({ what, why }) => `| ${what} | ${why} |`);
  return `${text.slice(0, from)}\n\n| what | why |\n|---|---|\n${rows.join('\n')}\n\n${text.slice(to)}`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const file = new URL('docs/compatibility.md', root);
  const text = readFileSync(file, 'utf8');
  const head = text.slice(0, text.indexOf(BEGIN) + BEGIN.length);
  const attributes = `${head}\n\n${compatibilityTable()}\n`;
  const wanted = withTable(
    withTable(attributes, 'session', sessionDifferences),
    'command line',
    commandLineDifferences,
  );
  if (process.argv.includes('--check')) process.exitCode = text === wanted ? 0 : 1;
  else writeFileSync(file, wanted);
}
