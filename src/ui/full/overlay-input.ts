/** What a key means while help, palette, a prompt or a question is open. Pure. */
import { type CommandId, commandOf, findCommands } from './commands.ts';
import type { Effect } from './effects.ts';
import type { Input } from './keys.ts';
import { helpRows } from './overlays.ts';
import type { Overlay } from './screen-state.ts';

export interface OverlayOutcome {
  /** What is open afterwards. */
  readonly overlay: Overlay | null;
  readonly run?: CommandId;
  /** The prompt was answered. */
  readonly answer?: Extract<Overlay, { type: 'prompt' }>;
  readonly effects?: readonly Effect[];
}

const steps: Readonly<Record<string, number>> = { up: -1, down: 1, 'page-up': -10, 'page-down': 10 };
const helpSteps: Readonly<Record<string, number>> = { ...steps, k: -1, j: 1, space: 10 };
const paletteSteps: Readonly<Record<string, number>> = { ...steps, 'ctrl-p': -1, 'ctrl-n': 1, 'shift-tab': -1, tab: 1 };

export function overlayAfter(overlay: Overlay, input: Exclude<Input, { type: 'mouse' }>): OverlayOutcome {
  const key = input.type === 'key' ? input.key : '';
  if (key === 'escape' || (key === 'ctrl-c' && overlay.type !== 'help')) return { overlay: null };
  const typed = input.text.replaceAll(/\p{Control}/gu, ' ');
  switch (overlay.type) {
    case 'help': {
      const step = helpSteps[key];
      if (step !== undefined) {
        return { overlay: { ...overlay, scroll: Math.max(0, Math.min(helpRows(), overlay.scroll + step)) } };
      }
      const command = commandOf(key);
      return command === undefined || command === 'help' || key === 'q'
        ? { overlay: null }
        : { overlay: null, run: command };
    }
    case 'palette': {
      const found = findCommands(overlay.query);
      if (key === 'enter') {
        const command = found[overlay.index];
        return command === undefined ? { overlay: null } : { overlay: null, run: command.id };
      }
      const step = paletteSteps[key];
      if (step === undefined) {
        return { overlay: { type: 'palette', query: edited(overlay.query, key, typed), index: 0 } };
      }
      return { overlay: { ...overlay, index: Math.max(0, Math.min(found.length - 1, overlay.index + step)) } };
    }
    case 'choice': {
      const chosen = overlay.items[key === 'enter' ? overlay.index : Number.parseInt(key, 10) - 1];
      if (chosen !== undefined) return { overlay: null, effects: chosen.effects };
      const step = helpSteps[key] ?? paletteSteps[key];
      if (step === undefined) return { overlay: key === 'q' ? null : overlay };
      return { overlay: { ...overlay, index: Math.max(0, Math.min(overlay.items.length - 1, overlay.index + step)) } };
    }
    case 'prompt':
      if (key === 'enter') return { overlay: null, answer: overlay };
      return { overlay: { ...overlay, text: edited(overlay.text, key, typed), error: null } };
    case 'confirm':
      return { overlay: null, effects: key === 'y' || key === 'Y' || key === 'enter' ? overlay.effects : [] };
  }
}

/** A line of text after one key. */
function edited(text: string, key: string, typed: string): string {
  if (key === 'backspace') return [...text].slice(0, -1).join('');
  if (key === 'ctrl-u') return '';
  if (key === 'ctrl-w') return text.replace(/\S*\s*$/, '');
  return text + typed;
}
