/** The state of the full-screen view as a frame. Pure. */
import { formatBytes } from '../../model/bytes.ts';
import { type CommandId, commands, keyText, tabs, tabTitles } from './commands.ts';
import { Frame } from './frame.ts';
import { layoutOf, type Rectangle } from './layout.ts';
import { listRows } from './list-pane.ts';
import { logStatus } from './log-status.ts';
import type { LogView } from './log-view.ts';
import { helpOverlay, type OverlayDrawing, paletteOverlay } from './overlays.ts';
import type { ScreenState } from './screen-state.ts';
import { everything, summaryOf } from './services.ts';
import { colors, cutText, fitLine, type Line, lineWidth, type Span, textWidth } from './text.ts';

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
  const top = Math.min(state.detailTop, Math.max(0, state.details.length - body.height));
  const shown = state.details.slice(top, top + body.height);
  for (const [row, line] of shown.entries()) frame.put(body.x, body.y + row, body.width, line);
  const below = state.details.length - top - body.height;
  if (below > 0) {
    const note = ` ↓ ${below} more `;
    const width = textWidth(note);
    frame.put(body.x + body.width - width, body.y + body.height - 1, width, [{ text: note, style: { inverse: true } }]);
  }
}

function drawTabs(frame: Frame, { tab, services, selected, marked }: ScreenState, place: Rectangle): void {
  const line: Span[] = [];
  let x = place.x;
  for (const [index, each] of tabs.entries()) {
    const text = ` ${index + 1} ${tabTitles[each]} `;
    line.push(
      each === tab
        ? { text, style: { bold: true, inverse: true } }
        : { text, style: { underline: false, color: colors.quiet } },
    );
    const width = textWidth(text);
    const command: CommandId = `tab-${each}`;
    if (x + width <= place.x + place.width) {
      frame.target({ x, y: place.y, width, height: 1 }, { type: 'command', command });
    }
    x += width;
  }
  const name =
    marked.size > 0
      ? `${marked.size} marked`
      : selected === everything
        ? 'all'
        : (services.find(({ key }) => key === selected)?.name ?? '');
  const room = place.width - lineWidth(line) - 2;
  const shown = room >= 4 ? cutText(name, room) : '';
  const blanks = ' '.repeat(Math.max(0, place.width - lineWidth(line) - textWidth(shown) - 1));
  frame.put(place.x, place.y, place.width, [...line, { text: blanks }, { text: shown, style: { bold: true } }]);
}

function drawFooter(frame: Frame, state: ScreenState, y: number): void {
  const { overlay, notice } = state;
  if (overlay?.type === 'prompt') {
    const label =
      overlay.label ?? { search: 'search', filter: 'filter (regular expression)', scale: '' }[overlay.purpose];
    const error = overlay.error === null ? '' : `  ${overlay.error}`;
    frame.put(0, y, frame.columns, [
      { text: ` ${label}: `, style: { bold: true } },
      { text: overlay.text },
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
  if (notice !== null) {
    frame.put(0, y, frame.columns, [{ text: ` ${notice.text}`, style: { color: colors[notice.tone] } }]);
    return;
  }
  // From the end on: how to get help and out is what must be there.
  const hints = commands.filter(
    ({ hint, id }) => hint !== undefined && (state.problem === null || id === 'help' || id === 'quit'),
  );
  let room = frame.columns - 1;
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
  for (const { id, hint, keys } of shown) {
    const key = ` ${keyText(keys[0] ?? '')}`;
    const text = ` ${hint} `;
    line.push({ text: key, style: { bold: true } }, { text, style: quiet });
    const width = textWidth(key + text);
    frame.target({ x, y, width, height: 1 }, { type: 'command', command: id });
    x += width;
  }
  frame.put(0, y, frame.columns, line);
}

function drawOverlay(frame: Frame, { overlay }: ScreenState): void {
  if (overlay?.type === 'help') place(frame, helpOverlay(frame.columns, frame.rows, overlay.scroll));
  if (overlay?.type === 'palette') {
    place(frame, paletteOverlay(frame.columns, frame.rows, overlay.query, overlay.index));
  }
}

function place(frame: Frame, { place: at, lines, commands: clicks }: OverlayDrawing): void {
  frame.target(at, { type: 'overlay' });
  for (const [row, line] of lines.entries()) {
    frame.put(at.x, at.y + row, at.width, line);
    const command = clicks[row] ?? null;
    if (command !== null) frame.target({ ...at, y: at.y + row, height: 1 }, { type: 'command', command });
  }
}

function drawProblem(frame: Frame, problem: readonly string[]): void {
  const top = Math.max(2, Math.floor((frame.rows - problem.length) / 3));
  for (const [row, text] of problem.entries()) {
    frame.put(0, top + row, frame.columns, [{ text: `  ${text}`, style: row === 0 ? { bold: true } : {} }]);
  }
}
