/** What is asked of the stack, of the services that are chosen: at once, after a question, or not at all. Pure. */
import type { Effect } from './effects.ts';
import type { Overlay, ScreenState } from './screen-state.ts';
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
      const running = chosen.find(({ containerId, state: word }) => containerId !== null && word === 'running');
      return running === undefined
        ? { refusal: 'nothing runs there' }
        : { effects: [{ type: 'shell', key: running.key }] };
    }
    case 'open': {
      const url = chosen.flatMap(({ urls }) => urls)[0];
      return url === undefined ? { refusal: 'it publishes no TCP port' } : { effects: [{ type: 'open', url }] };
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
