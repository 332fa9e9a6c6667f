/** What the view asks of whoever owns the terminal and the stack. */
export type Effect =
  | { readonly type: 'quit' | 'suspend' | 'redraw' }
  /** Begins to watch files, or ends it. */
  | { readonly type: 'watch' }
  /** The tab or the selection is another one: its details are wanted. */
  | { readonly type: 'details' }
  | { readonly type: 'copy'; readonly text: string }
  /** No services: all. */
  | {
      readonly type: 'apply';
      readonly action: 'up' | 'start' | 'stop' | 'restart' | 'rebuild';
      readonly services: readonly string[];
    }
  | { readonly type: 'scale'; readonly service: string; readonly count: number }
  | { readonly type: 'shell'; readonly key: string }
  | { readonly type: 'open'; readonly url: string };

/** Says what is being done: `restart web`. */
export function titleOf(effect: Extract<Effect, { type: 'apply' | 'scale' }>): string {
  if (effect.type === 'scale') return `scale ${effect.service}=${effect.count}`;
  const { action, services } = effect;
  return [action, ...(services.length === 0 && action !== 'up' ? ['all'] : services)].join(' ');
}
