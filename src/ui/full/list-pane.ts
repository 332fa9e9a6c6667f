/** The list of services: state, health, restarts, figures with their history, ports. Pure. */
import { formatBytes } from '../../model/bytes.ts';
import { everything, type ServiceView, type Tone, type UsageView } from './services.ts';
import { sparkline } from './sparkline.ts';
import { colors, fitLine, fitText, type Line, type Span, textWidth } from './text.ts';

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
const cpuFigure = 6;
const memoryFigure = 9;
/** Cells of the history of a figure, as there is room. */
const sparkWidths = [8, 6, 4] as const;
/** Of names and of ports so much is more than a longer history. */
const leastName = 8;
const leastPorts = 5;
const fairName = 18;
const fairPorts = 12;
const quiet = { color: colors.quiet };

/** Widths; what is not shown has none. */
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
  // The longest word that comes and goes by itself moves nothing: `restarting`.
  const state = Math.min(widest(stateText, 10), Math.max(10, Math.floor(width / 4)));
  const name = widest(({ name }) => name, leastName);
  const ports = widest((service) => service.ports, 0);
  const room = width - 4 - (state + 1) - (restarts > 0 ? restarts + 1 : 0);
  const figures = (spark: number) => cpuFigure + memoryFigure + 2 * spark + 2;
  const texts = (wantedName: number, wantedPorts: number) => wantedName + (wantedPorts > 0 ? wantedPorts + 1 : 0);
  const fair = texts(Math.min(name, fairName), Math.min(ports, fairPorts));
  const spark =
    sparkWidths.find((each) => figures(each) + texts(name, ports) <= room) ??
    sparkWidths.slice(1).find((each) => figures(each) + fair <= room) ??
    0;
  const cpu = room >= figures(spark) + leastName ? cpuFigure + spark : 0;
  const memory = room >= memoryFigure + 1 + leastName ? memoryFigure + spark : 0;
  const left = room - (cpu > 0 ? cpu + 1 : 0) - (memory > 0 ? memory + 1 : 0);
  const shared = left - 1;
  if (ports === 0 || shared < leastName + leastPorts)
    return { name: Math.min(name, left), state, restarts, cpu, memory, ports: 0 };
  // Names come first, but not with all there is.
  const fairly = Math.max(shared - name, Math.min(ports, fairPorts));
  const forPorts = Math.min(ports, fairly, shared - leastName);
  return { name: Math.min(name, shared - forPorts), state, restarts, cpu, memory, ports: forPorts };
}

/** `hidden`: how many are above and below. */
function headLine(columns: Columns, width: number, hidden: string): Line {
  const title = ['SERVICE', hidden].join(' ').trimEnd();
  const cells: Line = cellsOf(columns, {
    mark: '',
    name: [{ text: textWidth(title) <= columns.name || hidden === '' ? title : hidden }],
    state: [{ text: 'STATE' }],
    restarts: '↻',
    cpu: fitText('CPU', columns.cpu, 'right'),
    memory: fitText('MEMORY', columns.memory, 'right'),
    ports: 'PORTS',
  });
  return fitLine(cells, width).map(({ text }) => ({ text, style: quiet }));
}

function allLine({ services, usage, marked }: ListInput, columns: Columns): Line {
  const totals = [...usage.values()];
  const cpu = totals.reduce((sum, { cpuPercents }) => sum + (cpuPercents.at(-1) ?? 0), 0);
  const memory = totals.reduce((sum, { memoryBytes }) => sum + (memoryBytes.at(-1) ?? 0), 0);
  const text = marked.size > 0 ? `all (${marked.size} marked)` : `all (${services.length})`;
  // It may need the cells of the state, too.
  const wide = { ...columns, name: columns.name + 1 + columns.state, state: 0, ports: 0 };
  return cellsOf(wide, {
    mark: '',
    name: [{ text, style: { bold: true } }],
    state: [],
    restarts: '',
    cpu: totals.length === 0 ? '' : fitText(percent(cpu), columns.cpu, 'right'),
    memory: totals.length === 0 ? '' : fitText(formatBytes(memory), columns.memory, 'right'),
    ports: '',
  });
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
      cpu: history === undefined ? '' : cpuText(history, columns.cpu),
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
  const line: Span[] = [{ text: ' ' }, { text: ` ${fitText(cells.mark, 1)}` }];
  const add = (width: number, spans: Line) => {
    if (width > 0) line.push({ text: ' ' }, ...fitLine(spans, width));
  };
  add(columns.name, cells.name);
  add(columns.state, cells.state);
  add(columns.restarts, [{ text: cells.restarts, style: { color: colors.busy } }]);
  add(columns.cpu, [{ text: cells.cpu, style: { color: colors.accent } }]);
  add(columns.memory, [{ text: cells.memory, style: { color: colors.accent } }]);
  add(columns.ports, [{ text: cells.ports }]);
  return line;
}

export function stateText({ state, health }: ServiceView): string {
  if (health === null) return state;
  return state === 'running' ? health : `${state} (${health})`;
}

function cpuText({ cpuPercents }: UsageView, width: number): string {
  if (cpuPercents.length === 0) return '';
  const bars = sparkline(cpuPercents, width - cpuFigure, Math.max(10, ...cpuPercents));
  return bars + fitText(percent(cpuPercents.at(-1) ?? 0), cpuFigure, 'right');
}

function memoryText({ memoryBytes }: UsageView, width: number): string {
  const bars = sparkline(memoryBytes, width - memoryFigure, Math.max(1, ...memoryBytes) * 1.25);
  return bars + fitText(formatBytes(memoryBytes.at(-1) ?? 0), memoryFigure, 'right');
}

function percent(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)}%`;
}

/** The selected row is inverted as a whole. */
function withoutColors(line: Line): Line {
  return [{ text: line.map(({ text }) => text).join(''), style: { inverse: true } }];
}
