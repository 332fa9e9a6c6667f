// Writes the table of commands in README.md from their declarations. With --check it only says whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { groups, registry } from '../src/cli/registry.ts';

const BEGIN = '<!-- commands: node scripts/build-readme.ts -->';
const END = '<!-- end of commands -->';
const file = new URL('../README.md', import.meta.url);

/** README.md with the table as it should be. */
export async function readmeWithCommands(text: string): Promise<string> {
  const rows: string[] = [];
  for (const { title, names } of groups) {
    for (const [index, name] of names.entries()) {
      const command = await registry[name]?.();
      rows.push(`| ${index === 0 ? title : ''} | \`${name}\` | ${command?.summary} |`);
    }
  }
  const table = ['| | | |', '|---|---|---|', ...rows].join('\n');
  const [begin, end] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
  return `${text.slice(0, begin)}\n\n${table}\n\n${text.slice(end)}`;
}

if (process.argv[1] === file.pathname.replace('README.md', 'scripts/build-readme.ts')) {
  const text = readFileSync(file, 'utf8');
  const wanted = await readmeWithCommands(text);
  if (process.argv.includes('--check')) process.exitCode = text === wanted ? 0 : 1;
  else writeFileSync(file, wanted);
  process.exit();
}
