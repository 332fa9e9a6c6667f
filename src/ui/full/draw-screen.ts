/** The state of the full-screen view as a frame. Pure. */
import { formatBytes } from '../../model/bytes.ts';
import { type Command, type CommandId, commands, keyText, tabs, tabTitles } from './commands.ts';
import { Frame } from './frame.ts';
import { layoutOf, type Rectangle } from './layout.ts';
import { listRows } from './list-pane.ts';
import { logStatus } from './log-status.ts';
import type { LogView } from './log-view.ts';
import { choiceOverlay, helpOverlay, type OverlayDrawing, paletteOverlay } from './overlays.ts';
import type { ScreenState } from './screen-state.ts';
import { everything, summaryOf } from './services.ts';
import { colors, cutText, fitLine, type Line, lineWidth, type Span, tailText, textWidth, wrapLine } from './text.ts';

const quiet = { color: colors.quiet };

export function drawScreen(state: ScreenState, logs: LogView, columns: number, rows: number): Frame {
  const frame = new Frame(columns, rows);
  frame.put(0, 0, columns, titleLine(state, columns));
  if (state.problem !== null) drawProblem(frame, state.problem);
  else {
    const layout = layoutOf({ columns, rows }, state.services.length + 1, state.isZoomed);
    if (layout.list !== null) drawList(frame, state, layout.list);
    if (layout.form === 'beside' && layout.list !== null) {
      for (let y = 1; y < rows - 1; y++) frame.put(layout.list.width, y, 1, [{ text: '│', style: quiet }]);
    }
    drawPane(frame, state, logs, layout.pane);
  }
  drawFooter(frame, state, rows - 1);
  drawOverlay(frame, state);
  return frame;
}

function titleLine({ project, services, usage, connection, busy, isWatching }: ScreenState, columns: number): Line {
  const figures = [...usage.values()];
  const cpu = figures.reduce((sum, { cpuPercents }) => sum + (cpuPercents.at(-1) ?? 0), 0);
  const memory = figures.reduce((sum, { memoryBytes }) => sum + (memoryBytes.at(-1) ?? 0), 0);
  const told = {
    open: '',
    absent: services.some(({ state }) => state === 'running') ? 'no supervisor' : '',
    lost: 'supervisor lost, reconnecting…',
  }[connection];
  const right = [
    busy ?? '',
    isWatching ? 'watching' : '',
    told,
    figures.length === 0 ? '' : `${cpu.toFixed(0)}% cpu  ${formatBytes(memory)}`,
  ]
    .filter((text) => text !== '')
    .join('  ');
  const left = ` tscompose  ${project}  ${summaryOf(services)}`;
  const room = columns - textWidth(right) - 2;
  const text = `${[...fitLine([{ text: left }], Math.max(0, room))].map((span) => span.text).join('')} ${right} `;
  return [{ text: cutText(text, columns), style: { inverse: true, bold: true } }];
}

function drawList(frame: Frame, state: ScreenState, place: Rectangle): void {
  frame.target(place, { type: 'list' });
  const { lines, keys } = listRows(state, place.width, place.height);
  for (const [row, line] of lines.entries()) {
    frame.put(place.x, place.y + row, place.width, line);
    const key = keys[row] ?? null;
    if (key !== null) frame.target({ ...place, y: place.y + row, height: 1 }, { type: 'service', key });
  }
}

function drawPane(frame: Frame, state: ScreenState, logs: LogView, place: Rectangle): void {
  frame.target(place, { type: 'pane' });
  drawTabs(frame, state, place);
  const body = { ...place, y: place.y + 1, height: Math.max(0, place.height - 1) };
  if (state.tab === 'logs') {
    const height = Math.max(0, body.height - 1);
    const lines = logs.render(body.width, height);
    for (const [row, line] of lines.entries()) frame.put(body.x, body.y + row, body.width, line);
    if (lines.length === 0) {
      const isEmpty = state.services.every(({ containerId }) => containerId === null);
      const nothing = isEmpty ? 'nothing was created yet: u brings the stack up' : 'nothing was printed yet';
      const unmatched = `no line matches the filter${logs.hasEarlier ? '; PgUp looks in the log files' : ''}`;
      const why = logs.filter === '' ? nothing : unmatched;
      frame.put(body.x, body.y, body.width, [{ text: `  ${why}`, style: quiet }]);
    }
    frame.put(body.x, body.y + height, body.width, logStatus(logs));
    return;
  }
  const rows = detailRows(state, logs.wraps, body.width);
  const height = visibleRows(rows.length, body.height);
  const top = Math.min(state.detailTop, rows.length - height);
  const shown = rows.slice(top, top + height);
  for (const [row, line] of shown.entries()) frame.put(body.x, body.y + row, body.width, line);
  if (height < rows.length) {
    const text = `── ${top + 1} to ${top + height} of ${rows.length} lines${logs.wraps ? ' · wrapped' : ''} `;
    frame.put(body.x, body.y + height, body.width, [{ text, style: quiet }]);
  }
}

/** What a tab other than the logs shows, however high that is. */
function detailRows({ details }: ScreenState, wraps: boolean, width: number): readonly Line[] {
  return wraps ? details.flatMap((line) => wrapLine(line, width)) : details;
}

/** How far the details can be scrolled. */
export function detailEnd(state: ScreenState, wraps: boolean, columns: number, rows: number): number {
  const { pane } = layoutOf({ columns, rows }, state.services.length + 1, state.isZoomed);
  const { length } = detailRows(state, wraps, pane.width);
  return length - visibleRows(length, Math.max(0, pane.height - 1));
}

/** Where not all fits, one row says so. */
function visibleRows(count: number, height: number): number {
  return count <= height ? count : Math.max(0, height - 1);
}

function drawTabs(frame: Frame, { tab, services, selected, marked }: ScreenState, place: Rectangle): void {
  const name =
    marked.size > 0
      ? `${marked.size} marked`
      : selected === everything
        ? 'all'
        : (services.find(({ key }) => key === selected)?.name ?? '');
  const titles = tabs.map((each, index) => ` ${index + 1} ${tabTitles[each]} `);
  const isRoomy = titles.join('').length <= place.width;
  const line: Span[] = [];
  let x = place.x;
  for (const [index, each] of tabs.entries()) {
    const text = isRoomy || each === tab ? (titles[index] ?? '') : ` ${index + 1} `;
    line.push({ text, style: each === tab ? { bold: true, inverse: true } : quiet });
    const width = textWidth(text);
    frame.target({ x, y: place.y, width, height: 1 }, { type: 'command', command: `tab-${each}` });
    x += width;
  }
  const room = place.width - lineWidth(line) - 2;
  const shown = room >= 3 ? cutText(name, room) : '';
  const blanks = ' '.repeat(Math.max(0, place.width - lineWidth(line) - textWidth(shown) - 1));
  frame.put(place.x, place.y, place.width, [...line, { text: blanks }, { text: shown, style: { bold: true } }]);
}

function drawFooter(frame: Frame, state: ScreenState, y: number): void {
  const { overlay, notice } = state;
  if (overlay?.type === 'prompt') {
    const label =
      overlay.label ?? { search: 'search', filter: 'filter (regular expression)', scale: '' }[overlay.purpose];
    const error = overlay.error === null ? '' : `  ${overlay.error}`;
    const room = frame.columns - textWidth(label) - textWidth(error) - 4;
    frame.put(0, y, frame.columns, [
      { text: ` ${label}: `, style: { bold: true } },
      { text: tailText(overlay.text, Math.max(8, room)) },
      { text: ' ', style: { inverse: true } },
      { text: error, style: { color: colors.bad } },
    ]);
    return;
  }
  if (overlay?.type === 'confirm') {
    const text = ` ${overlay.question} y: yes, any other key: no`;
    frame.put(0, y, frame.columns, [{ text, style: { bold: true, color: colors.busy } }]);
    return;
  }
  const hints = commands.filter(
    ({ hint, id }) => hint !== undefined && (state.problem === null || id === 'help' || id === 'quit'),
  );
  if (notice !== null) {
    // How to get help and out stays, where there is room.
    const last = hintLine(hints.slice(-2), frame.columns);
    const text = ` ${notice.text} `;
    const isRoomy = textWidth(text) + lineWidth(last.line) <= frame.columns;
    frame.put(0, y, frame.columns, [{ text, style: { color: colors[notice.tone] } }]);
    if (isRoomy) putHints(frame, frame.columns - lineWidth(last.line), y, last);
    return;
  }
  putHints(frame, 0, y, hintLine(hints, frame.columns));
}

interface Hints {
  readonly line: Line;
  readonly parts: readonly { readonly id: CommandId; readonly x: number; readonly width: number }[];
}

/** As many as there is room for, from the end on: how to get help and out is what must be there. */
function hintLine(hints: readonly Command[], columns: number): Hints {
  let room = columns - 1;
  const shown = hints
    .toReversed()
    .filter(({ hint, keys }) => {
      const width = textWidth(` ${keyText(keys[0] ?? '')} ${hint} `);
      if (width > room) return false;
      room -= width;
      return true;
    })
    .toReversed();
  let x = 0;
  const line: Span[] = [];
  const parts = shown.map(({ id, hint, keys }) => {
    const key = ` ${keyText(keys[0] ?? '')}`;
    const text = ` ${hint} `;
    line.push({ text: key, style: { bold: true } }, { text, style: quiet });
    const part = { id, x, width: textWidth(key + text) };
    x += part.width;
    return part;
  });
  return { line, parts };
}

function putHints(frame: Frame, x: number, y: number, { line, parts }: Hints): void {
  frame.put(x, y, frame.columns - x, line);
  for (const part of parts) {
    frame.target({ x: x + part.x, y, width: part.width, height: 1 }, { type: 'command', command: part.id });
  }
}

function drawOverlay(frame: Frame, { overlay }: ScreenState): void {
  if (overlay?.type === 'help') place(frame, helpOverlay(frame.columns, frame.rows, overlay.scroll));
  if (overlay?.type === 'palette') {
    place(frame, paletteOverlay(frame.columns, frame.rows, overlay.query, overlay.index));
  }
  if (overlay?.type === 'choice') {
    const texts = overlay.items.map(({ text }) => text);
    place(frame, choiceOverlay(frame.columns, frame.rows, overlay.title, texts, overlay.index));
  }
}

function place(frame: Frame, { place: at, lines, targets }: OverlayDrawing): void {
  frame.target(at, { type: 'overlay' });
  for (const [row, line] of lines.entries()) {
    frame.put(at.x, at.y + row, at.width, line);
    const target = targets[row] ?? null;
    if (target !== null) frame.target({ ...at, y: at.y + row, height: 1 }, target);
  }
}

function drawProblem(frame: Frame, problem: readonly string[]): void {
  const top = Math.max(2, Math.floor((frame.rows - problem.length) / 3));
  for (const [row, text] of problem.entries()) {
    frame.put(0, top + row, frame.columns, [{ text: `  ${text}`, style: row === 0 ? { bold: true } : {} }]);
  }
}
