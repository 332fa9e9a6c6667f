/** The text of `--help`, at most 80 columns wide. Pure. */
import { type CommandLineShape, type Example, longName, type OptionSpec, type OptionTable } from './options.ts';

const width = 80;

/** The help of one command. */
export function formatHelp(shape: CommandLineShape): string {
  const usage = ['Usage: ', shape.name, '[OPTIONS]', shape.operands].filter(Boolean).join(' ').replace('  ', ' ');
  const sections = [`${usage}\n\n${wrap(`${shape.summary}.`, 0)}`, formatOptions(shape.options)];
  if (shape.examples !== undefined) sections.push(formatExamples(shape.examples));
  return `${sections.join('\n\n')}\n`;
}

/** Named things in two columns, each with what it is for. */
export function formatEntries(title: string, entries: readonly (readonly [name: string, purpose: string])[]): string {
  const column = Math.max(...entries.map(([name]) => name.length)) + 4;
  return [`${title}:`, ...entries.map(([name, purpose]) => entry(`  ${name}`, purpose, column))].join('\n');
}

/** Every option with its help, those that are hidden left out. */
export function formatOptions(options: OptionTable): string {
  const rows = Object.entries(options)
    .filter(([, spec]) => spec.hidden !== true)
    .map(([key, spec]) => [flagsOf(key, spec), purposeOf(spec)] as const);
  // Those that are alike: the long name decides, dashes and letters aside.
  rows.sort(([a], [b]) => (a.slice(6) < b.slice(6) ? -1 : 1));
  rows.push(['  -h, --help', 'Show this help']);
  const widest = Math.max(...rows.map(([flags]) => flags.length).filter((length) => length <= mostFlags));
  return ['Options:', ...rows.map(([flags, purpose]) => entry(flags, purpose, widest + 2))].join('\n');
}

/** Longer ones have a line of their own. */
const mostFlags = 30;

function flagsOf(key: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? '      ' : `  -${spec.short}, `;
  return `${short}${longName(key)}${spec.type === 'boolean' ? '' : ` ${spec.value}`}`;
}

function purposeOf(spec: OptionSpec): string {
  return spec.default === undefined ? spec.description : `${spec.description} (default ${spec.default})`;
}

function formatExamples(examples: readonly Example[]): string {
  const lines = examples.map(([line, purpose]) => `  # ${purpose}\n  $ tscompose ${line}`);
  return `Examples:\n${lines.join('\n\n')}`;
}

function entry(name: string, purpose: string, column: number): string {
  const text = wrap(purpose, column);
  if (name.length + 2 <= column) return `${name.padEnd(column)}${text}`;
  return `${name}\n${' '.repeat(column)}${text}`;
}

/** Breaks text between words; lines after the first are indented. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
