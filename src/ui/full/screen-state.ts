import type { Tab } from './commands.ts';
import type { Effect } from './effects.ts';
import type { ServiceView, UsageView } from './services.ts';
import type { Line } from './text.ts';

export type Overlay =
  | { readonly type: 'help'; readonly scroll: number }
  | { readonly type: 'palette'; readonly query: string; readonly index: number }
  | {
      readonly type: 'prompt';
      readonly purpose: 'search' | 'filter' | 'scale';
      readonly text: string;
      readonly error: string | null;
      readonly label?: string;
      /** What is scaled. */
      readonly service?: string;
    }
  /** One of several: all are shown, one is taken. */
  | { readonly type: 'choice'; readonly title: string; readonly items: readonly ChoiceItem[]; readonly index: number }
  | { readonly type: 'confirm'; readonly question: string; readonly effects: readonly Effect[] };

export interface ChoiceItem {
  readonly text: string;
  readonly effects: readonly Effect[];
}

/** All that a frame is made of, but for the logs. */
export interface ScreenState {
  readonly project: string;
  readonly services: readonly ServiceView[];
  readonly usage: ReadonlyMap<string, UsageView>;
  readonly selected: string;
  readonly marked: ReadonlySet<string>;
  readonly tab: Tab;
  readonly isZoomed: boolean;
  readonly overlay: Overlay | null;
  readonly notice: { readonly text: string; readonly tone: 'good' | 'busy' | 'bad' } | null;
  /** What we carry out at the moment. */
  readonly busy: string | null;
  /** Files are watched. */
  readonly isWatching: boolean;
  /** To the supervisor; absent: nothing runs that would need one. */
  readonly connection: 'open' | 'absent' | 'lost';
  /** Instead of the stack: why there is none to show. */
  readonly problem: readonly string[] | null;
  /** Of the tab, where it is not the logs. */
  readonly details: readonly Line[];
  readonly detailTop: number;
}
