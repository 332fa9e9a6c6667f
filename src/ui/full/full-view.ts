/**
 * The full-screen view without a terminal: inputs become changes of its state and effects for somebody else to carry out;
 * its state becomes a frame.
 */
import { type CommandId, commandOf, type Tab, tabs } from './commands.ts';
import { detailEnd, drawScreen } from './draw-screen.ts';
import type { Effect } from './effects.ts';
import { Frame } from './frame.ts';
import type { Input } from './keys.ts';
import { LogBuffer } from './log-buffer.ts';
import { type LogCommand, type LogOutcome, runLogCommand, seekMatch } from './log-commands.ts';
import type { HistoryPage, HistoryRequest } from './log-history.ts';
import type { LogSource } from './log-rows.ts';
import { LogView } from './log-view.ts';
import { overlayAfter } from './overlay-input.ts';
import type { Overlay, ScreenState } from './screen-state.ts';
import { everything, ownSource, type ServiceView, type UsageView } from './services.ts';
import { chosenServices, requestOf, type StackCommand } from './stack-requests.ts';
import { type Line, plainText } from './text.ts';

/** OSC 52: terminals take about 100 000 bytes of base64. */
const copyLimit = 70_000;
const wheelRows = 3;
/** The order in which names get their colours, as in `logs`. */
const nameColors = ['36', '33', '32', '35', '34', '96', '93', '92', '95', '94'];

/** Moves in the pane. */
type MoveCommand = 'line-up' | 'line-down' | 'page-up' | 'page-down' | 'top' | 'end';
type ReadingCommand = MoveCommand | LogCommand;

export class FullView {
  readonly buffer = new LogBuffer();
  readonly logs = new LogView(this.buffer);
  #state: ScreenState;
  #frame = new Frame(80, 24);

  constructor(project: string) {
    this.#state = {
      project,
      services: [],
      usage: new Map(),
      selected: everything,
      marked: new Set(),
      tab: 'logs',
      isZoomed: false,
      overlay: null,
      notice: null,
      busy: null,
      isWatching: false,
      connection: 'absent',
      problem: null,
      details: [],
      detailTop: 0,
    };
  }

  get state(): ScreenState {
    return this.#state;
  }

  /** Takes facts from outside; what they make impossible goes. */
  set(change: Partial<Omit<ScreenState, 'services'>>): void {
    this.#state = { ...this.#state, ...change };
  }

  setServices(services: readonly ServiceView[]): void {
    const keys = new Set(services.map(({ key }) => key));
    const { selected, marked } = this.#state;
    // A replacement has another id: what is selected is the service.
    const before = this.#state.services.find(({ key }) => key === selected);
    const heir =
      services.find(({ name }) => name === before?.name) ?? services.find((each) => each.service === before?.service);
    this.set({
      selected: selected === everything || keys.has(selected) ? selected : (heir?.key ?? everything),
      marked: new Set([...marked].filter((key) => keys.has(key))),
    });
    this.#state = { ...this.#state, services };
    const names = [...new Set(services.map(({ name }) => name))];
    const sources = services.map(({ key, name }): [string, LogSource] => [
      key,
      { name, style: { color: nameColors[names.indexOf(name) % nameColors.length] } },
    ]);
    this.logs.name(new Map([...sources, [ownSource, { name: '»', style: { bold: true } }]]));
    this.#selectLogs();
  }

  setUsage(usage: ReadonlyMap<string, UsageView>): void {
    this.set({ usage });
  }

  /** Lines for the tab that is shown; later ones for another tab are ignored. */
  setDetails(tab: Tab, lines: readonly Line[]): void {
    if (tab === this.#state.tab) this.set({ details: lines });
  }

  /** Takes lines of the files that the logs asked for. */
  takePage(request: HistoryRequest, page: HistoryPage): void {
    const remark = this.logs.takePage(request, page);
    if (remark !== null) this.notify(remark, 'busy');
  }

  notify(text: string, tone: 'good' | 'busy' | 'bad' = 'good'): void {
    this.set({ notice: { text, tone } });
  }

  chosen(): readonly ServiceView[] {
    return chosenServices(this.#state);
  }

  /** The screen as it is to be. */
  frame(columns: number, rows: number): Frame {
    this.#frame = drawScreen(this.#state, this.logs, columns, rows);
    return this.#frame;
  }

  input(input: Input): Effect[] {
    if (input.type === 'mouse') return this.#mouse(input);
    const { overlay } = this.#state;
    if (overlay !== null) return this.#overlayInput(overlay, input);
    if (input.type === 'paste') return [];
    this.set({ notice: null });
    if (input.key === 'escape') return this.#escape();
    const command = commandOf(input.key);
    return command === undefined ? [] : this.run(command);
  }

  /** Does what a key, a click or the palette asks for. */
  run(command: CommandId): Effect[] {
    if (isTabCommand(command)) return this.#show(command.slice(4) as Tab);
    switch (command) {
      case 'previous-service':
        return this.#move(-1);
      case 'next-service':
        return this.#move(1);
      case 'mark':
        return this.#mark();
      case 'all':
        return this.#select(everything, new Set());
      case 'next-tab':
      case 'previous-tab': {
        const step = command === 'next-tab' ? 1 : tabs.length - 1;
        return this.#show(tabs[(tabs.indexOf(this.#state.tab) + step) % tabs.length] ?? 'logs');
      }
      case 'zoom':
        this.set({ isZoomed: !this.#state.isZoomed });
        return [];
      case 'help':
        return this.#open({ type: 'help', scroll: 0 });
      case 'palette':
        return this.#open({ type: 'palette', query: '', index: 0 });
      case 'quit': {
        const { busy } = this.#state;
        if (busy === null) return [{ type: 'quit' }];
        return this.#open({ type: 'confirm', question: `${busy} Leave it unfinished?`, effects: [{ type: 'quit' }] });
      }
      case 'watch':
      case 'redraw':
      case 'suspend':
        return [{ type: command }];
      case 'copy':
      case 'copy-all':
        return this.#copy(command === 'copy' ? 'screen' : 'all');
      case 'up':
      case 'start':
      case 'stop':
      case 'restart':
      case 'rebuild':
      case 'scale':
      case 'shell':
      case 'open':
        return this.#ask(command);
      default:
        return this.#reading(command);
    }
  }

  /** What moves in the pane, or changes what it shows of the logs. */
  #reading(command: ReadingCommand): Effect[] {
    const page = Math.max(1, this.#frame.rows - 6);
    switch (command) {
      case 'line-up':
        return this.#scroll(-1);
      case 'line-down':
        return this.#scroll(1);
      case 'page-up':
        return this.#scroll(-page);
      case 'page-down':
        return this.#scroll(page);
      case 'top':
        if (this.#state.tab === 'logs') this.logs.toTop();
        else this.set({ detailTop: 0 });
        return [];
      case 'end':
        if (this.#state.tab === 'logs') this.logs.follow();
        else this.#scroll(Number.MAX_SAFE_INTEGER);
        return [];
    }
    // Long lines there are everywhere.
    const effects = this.#state.tab === 'logs' || command === 'wrap' ? [] : this.#show('logs');
    this.#tell(runLogCommand(command, this.logs));
    return effects;
  }

  #tell({ overlay, remark }: LogOutcome): void {
    if (overlay !== undefined) this.#open(overlay);
    if (remark !== undefined) this.notify(remark, 'busy');
  }

  #mouse({ kind, x, y }: Extract<Input, { type: 'mouse' }>): Effect[] {
    const target = this.#frame.targetAt(x, y);
    const { overlay } = this.#state;
    if (kind !== 'press') {
      const direction = kind === 'wheel-up' ? -1 : 1;
      if (overlay !== null)
        return this.#overlayInput(overlay, { type: 'key', key: direction < 0 ? 'up' : 'down', text: '' });
      return target?.type === 'list' || target?.type === 'service'
        ? this.#move(direction)
        : this.#scroll(direction * wheelRows);
    }
    if (overlay !== null) {
      this.set({ overlay: null });
      if (target?.type === 'command') return this.run(target.command);
      return target?.type === 'choice' && overlay.type === 'choice'
        ? [...(overlay.items[target.index]?.effects ?? [])]
        : [];
    }
    this.set({ notice: null });
    if (target?.type === 'command') return this.run(target.command);
    if (target?.type === 'service') return this.#select(target.key, this.#state.marked);
    return [];
  }

  #overlayInput(overlay: Overlay, input: Exclude<Input, { type: 'mouse' }>): Effect[] {
    const { overlay: after, run, answer, effects = [] } = overlayAfter(overlay, input);
    this.set({ overlay: after });
    if (answer !== undefined) return this.#answer(answer);
    return run === undefined ? [...effects] : this.run(run);
  }

  #answer(prompt: Extract<Overlay, { type: 'prompt' }>): Effect[] {
    const { purpose, text, service } = prompt;
    const refuse = (error: string): Effect[] => this.#open({ ...prompt, error });
    if (purpose === 'search') {
      this.logs.setSearch(text);
      if (text !== '') this.#tell(seekMatch(this.logs, -1));
      return [];
    }
    if (purpose === 'filter') {
      const error = this.logs.setFilter(text);
      return error === null ? [] : refuse(error);
    }
    if (!/^\d{1,4}$/.test(text.trim())) return refuse('write a number, such as 3');
    if (this.#state.busy !== null) return refuse(`${this.#state.busy}: one thing after the other`);
    return service === undefined ? [] : [{ type: 'scale', service, count: Number(text) }];
  }

  #escape(): Effect[] {
    if (this.logs.reading.current !== null) this.logs.reading.cancel();
    else if (this.#state.tab === 'logs' && this.logs.searched !== '') this.logs.setSearch('');
    else if (this.#state.tab === 'logs' && this.logs.filter !== '') this.logs.setFilter('');
    else if (this.#state.isZoomed) this.set({ isZoomed: false });
    else if (this.#state.marked.size > 0) return this.#select(this.#state.selected, new Set());
    return [];
  }

  #open(overlay: Overlay): Effect[] {
    this.set({ overlay });
    return [];
  }

  #show(tab: Tab): Effect[] {
    // Once more: what it shows may have changed meanwhile.
    if (tab === this.#state.tab) return tab === 'logs' ? [] : [{ type: 'details' }];
    this.set({ tab, details: [], detailTop: 0 });
    return [{ type: 'details' }];
  }

  #move(step: number): Effect[] {
    const keys = [everything, ...this.#state.services.map(({ key }) => key)];
    const at = keys.indexOf(this.#state.selected) + step;
    return this.#select(keys[Math.max(0, Math.min(keys.length - 1, at))] ?? everything, this.#state.marked);
  }

  #mark(): Effect[] {
    const { selected, marked } = this.#state;
    if (selected === everything) return [];
    const next = new Set(marked);
    if (!next.delete(selected)) next.add(selected);
    return this.#select(selected, next);
  }

  #select(selected: string, marked: ReadonlySet<string>): Effect[] {
    this.set({ selected, marked, detailTop: 0 });
    this.#selectLogs();
    return this.#state.tab === 'logs' ? [] : [{ type: 'details' }];
  }

  #selectLogs(): void {
    const { selected, marked } = this.#state;
    const isAll = marked.size === 0 && selected === everything;
    this.logs.select(isAll ? null : new Set(this.chosen().map(({ key }) => key)));
  }

  #scroll(rows: number): Effect[] {
    if (this.#state.tab === 'logs') this.logs.scroll(rows);
    else {
      const { columns, rows: height } = this.#frame;
      const last = detailEnd(this.#state, this.logs.wraps, columns, height);
      this.set({ detailTop: Math.max(0, Math.min(last, Math.min(last, this.#state.detailTop) + rows)) });
    }
    return [];
  }

  #copy(extent: 'screen' | 'all'): Effect[] {
    const { tab, details } = this.#state;
    const { text, lines } =
      tab === 'logs'
        ? this.logs.text(extent, copyLimit)
        : { text: details.map(plainText).join('\n').slice(0, copyLimit), lines: details.length };
    this.notify(`${lines} ${lines === 1 ? 'line' : 'lines'} copied`);
    return [{ type: 'copy', text }];
  }

  #ask(command: StackCommand): Effect[] {
    const { effects = [], overlay, refusal } = requestOf(command, this.#state);
    if (overlay !== undefined) return this.#open(overlay);
    if (refusal !== undefined) this.notify(refusal, 'busy');
    return [...effects];
  }
}

function isTabCommand(command: CommandId): command is `tab-${Tab}` {
  return command.startsWith('tab-');
}
