/** What is asked of the stack, of the services that are chosen: at once, after a question, or not at all. Pure. */
import type { Effect } from './effects.ts';
import type { ChoiceItem, Overlay, ScreenState } from './screen-state.ts';
import { everything, type ServiceView } from './services.ts';

export type StackCommand = 'up' | 'start' | 'stop' | 'restart' | 'rebuild' | 'scale' | 'shell' | 'open';

export interface StackRequest {
  readonly effects?: readonly Effect[];
  readonly overlay?: Overlay;
  readonly refusal?: string;
}

/** What is marked, else what is selected. */
export function chosenServices({ services, marked, selected }: ScreenState): readonly ServiceView[] {
  if (marked.size > 0) return services.filter(({ key }) => marked.has(key));
  return selected === everything ? services : services.filter(({ key }) => key === selected);
}

export function requestOf(command: StackCommand, state: ScreenState): StackRequest {
  const chosen = chosenServices(state);
  const names = [...new Set(chosen.map(({ service }) => service))];
  switch (command) {
    case 'shell': {
      const running = chosen.filter(({ containerId, state: word }) => containerId !== null && word === 'running');
      const items = running.map(({ key, name }) => ({ text: name, effects: [{ type: 'shell', key } as const] }));
      return oneOf(items, 'A shell in which one?', 'nothing runs there');
    }
    case 'open': {
      const urls = new Set(chosen.flatMap((each) => each.urls));
      const items = [...urls].map((url) => ({ text: url, effects: [{ type: 'open', url } as const] }));
      return oneOf(items, 'Which one is to be opened?', 'it publishes no TCP port');
    }
    case 'scale': {
      const [name] = names;
      if (name === undefined || names.length > 1) return { refusal: 'select one service to scale' };
      const count = state.services.filter((each) => each.service === name && each.containerId !== null).length;
      const label = `${name} has ${count}, make it`;
      return { overlay: { type: 'prompt', purpose: 'scale', service: name, text: '', error: null, label } };
    }
    default: {
      if (state.busy !== null) return { refusal: `${state.busy}: one thing after the other` };
      const isAll = state.marked.size === 0 && state.selected === everything;
      const services = command === 'up' || isAll ? [] : names;
      const effects: Effect[] = [{ type: 'apply', action: command, services }];
      const isMild = command === 'up' || command === 'start';
      if (services.length > 0 || isMild) return { effects };
      return { overlay: { type: 'confirm', question: `${command} all services?`, effects } };
    }
  }
}

/** At once where there is no choice. */
function oneOf(items: readonly ChoiceItem[], title: string, refusal: string): StackRequest {
  const [first] = items;
  if (first === undefined) return { refusal };
  return items.length === 1 ? { effects: first.effects } : { overlay: { type: 'choice', title, items, index: 0 } };
}
