/** The list of services: state, health, restarts, figures with their history, ports. Pure. */
import { formatBytes } from '../../model/bytes.ts';
import { everything, type ServiceView, type Tone, type UsageView } from './services.ts';
import { sparkline } from './sparkline.ts';
import { colors, cutText, fitLine, fitText, type Line, type Span, textWidth } from './text.ts';

export interface ListInput {
  readonly services: readonly ServiceView[];
  readonly usage: ReadonlyMap<string, UsageView>;
  readonly selected: string;
  readonly marked: ReadonlySet<string>;
}

export interface ListRows {
  readonly lines: readonly Line[];
  /** What each line stands for; null: the heading. */
  readonly keys: readonly (string | null)[];
}

const marks: Readonly<Record<Tone, string>> = { good: '●', busy: '◐', bad: '✖', quiet: '○' };
const sparkCells = 8;
const cpuCells = sparkCells + 6;
const memoryCells = sparkCells + 9;
const quiet = { color: colors.quiet };

interface Columns {
  readonly name: number;
  readonly state: number;
  readonly restarts: number;
  readonly cpu: number;
  readonly memory: number;
  readonly ports: number;
}

/** Heading, everything, then the services around the one that is selected. */
export function listRows(input: ListInput, width: number, height: number): ListRows {
  const { services, selected } = input;
  const columns = columnsFor(services, width);
  const keys = [everything, ...services.map(({ key }) => key)];
  const room = Math.max(1, height - 1);
  const at = Math.max(0, keys.indexOf(selected));
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), keys.length - room));
  const shown = keys.slice(first, first + room);
  const rows = shown.map((key) => {
    const service = services.find((each) => each.key === key);
    const line = service === undefined ? allLine(input, columns) : serviceLine(service, input, columns);
    const fitted = fitLine(line, width);
    return key === selected ? withoutColors(fitted) : fitted;
  });
  const above = first > 0 ? `↑${first}` : '';
  const below = first + room < keys.length ? `↓${keys.length - first - room}` : '';
  return {
    lines: [headLine(columns, width, [above, below].filter((text) => text !== '').join(' ')), ...rows],
    keys: [null, ...shown],
  };
}

function columnsFor(services: readonly ServiceView[], width: number): Columns {
  const widest = (text: (service: ServiceView) => string, least: number) =>
    Math.max(least, ...services.map((service) => textWidth(text(service))));
  const restarts = services.some((service) => service.restarts > 0) ? 4 : 0;
  let left = width - 4 - (restarts > 0 ? restarts + 1 : 0);
  const state = Math.min(widest(stateText, 9), Math.max(9, Math.floor(left / 3)));
  const name = Math.min(
    widest((service) => service.name, 8),
    Math.max(8, Math.floor(left / 3)),
  );
  left -= state + name + 2;
  const cpu = left >= cpuCells + 1 ? cpuCells : 0;
  if (cpu > 0) left -= cpu + 1;
  const memory = left >= memoryCells + 1 ? memoryCells : left >= 9 ? 9 : 0;
  if (memory > 0) left -= memory + 1;
  return { name, state, restarts, cpu, memory, ports: left >= 4 ? left : 0 };
}

function headLine(columns: Columns, width: number, hidden: string): Line {
  const cells: Line = cellsOf(columns, {
    mark: '',
    name: [{ text: 'SERVICE' }],
    state: [{ text: 'STATE' }],
    restarts: '↻',
    cpu: fitText('CPU', columns.cpu, 'right'),
    memory: fitText('MEMORY', columns.memory, 'right'),
    ports: 'PORTS',
  });
  const note = hidden === '' ? '' : ` ${hidden}`;
  return [...fitLine(cells, width - textWidth(note)), { text: note }].map(({ text }) => ({ text, style: quiet }));
}

function allLine({ services, usage, marked }: ListInput, columns: Columns): Line {
  const totals = [...usage.values()];
  const cpu = totals.reduce((sum, { cpuPercents }) => sum + (cpuPercents.at(-1) ?? 0), 0);
  const memory = totals.reduce((sum, { memoryBytes }) => sum + (memoryBytes.at(-1) ?? 0), 0);
  const wide = columns.name + 1 + columns.state;
  const text = marked.size > 0 ? `all (${marked.size} marked)` : `all (${services.length})`;
  return [
    { text: '    ' },
    { text: fitText(text, wide), style: { bold: true } },
    { text: ' '.repeat(1 + (columns.restarts > 0 ? columns.restarts + 1 : 0)) },
    ...(columns.cpu > 0
      ? [{ text: `${fitText(totals.length === 0 ? '' : percent(cpu), columns.cpu, 'right')} ` }]
      : []),
    ...(columns.memory > 0
      ? [{ text: fitText(totals.length === 0 ? '' : formatBytes(memory), columns.memory, 'right') }]
      : []),
  ];
}

function serviceLine(service: ServiceView, { usage, marked, selected }: ListInput, columns: Columns): Line {
  const style = { color: colors[service.tone] };
  const history = usage.get(service.key);
  return [
    { text: marked.has(service.key) ? '✓' : selected === service.key ? '▸' : ' ', style: { color: colors.accent } },
    ...cellsOf(columns, {
      mark: marks[service.tone],
      name: [{ text: service.name, style: { bold: true } }],
      state: [{ text: stateText(service), style }],
      restarts: service.restarts > 0 ? `↻${service.restarts}` : '',
      cpu: history === undefined ? '' : cpuText(history),
      memory: history === undefined ? '' : memoryText(history, columns.memory),
      ports: service.ports,
    }).slice(1),
  ].map((span, index) => (index === 1 ? { ...span, style } : span));
}

/** A blank, the mark, and the columns that there is room for. */
function cellsOf(
  columns: Columns,
  cells: {
    readonly mark: string;
    readonly name: Line;
    readonly state: Line;
    readonly restarts: string;
    readonly cpu: string;
    readonly memory: string;
    readonly ports: string;
  },
): Line {
  const line: Span[] = [{ text: ' ' }, { text: ` ${fitText(cells.mark, 1)} ` }];
  const add = (width: number, spans: Line) => {
    if (width > 0) line.push(...fitLine(spans, width), { text: ' ' });
  };
  add(columns.name, cells.name);
  add(columns.state, cells.state);
  add(columns.restarts, [{ text: cells.restarts, style: { color: colors.busy } }]);
  add(columns.cpu, [{ text: cells.cpu, style: { color: colors.accent } }]);
  add(columns.memory, [{ text: cells.memory, style: { color: colors.accent } }]);
  if (columns.ports > 0) line.push({ text: cutText(cells.ports, columns.ports) });
  return line;
}

export function stateText({ state, health }: ServiceView): string {
  if (health === null) return state;
  return state === 'running' ? health : `${state} (${health})`;
}

function cpuText({ cpuPercents }: UsageView): string {
  if (cpuPercents.length === 0) return '';
  const bars = sparkline(cpuPercents, sparkCells, Math.max(10, ...cpuPercents));
  return bars + fitText(percent(cpuPercents.at(-1) ?? 0), cpuCells - sparkCells, 'right');
}

function memoryText({ memoryBytes }: UsageView, width: number): string {
  const figure = formatBytes(memoryBytes.at(-1) ?? 0);
  if (width < memoryCells) return fitText(figure, width, 'right');
  const bars = sparkline(memoryBytes, sparkCells, Math.max(1, ...memoryBytes) * 1.25);
  return bars + fitText(figure, memoryCells - sparkCells, 'right');
}

function percent(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)}%`;
}

/** The selected row is inverted as a whole. */
function withoutColors(line: Line): Line {
  return [{ text: line.map(({ text }) => text).join(''), style: { inverse: true } }];
}
