import { normalizeTime } from '../logs/record.ts';
import { internalActions, type WorldEvent } from '../model/events.ts';

/** As many as Docker's engine remembers. */
const capacity = 256;

/** The latest events, for those who ask what happened before they came. */
export class EventMemory {
  readonly #events: WorldEvent[] = [];

  add(event: WorldEvent): void {
    if (event.type === 'container' && internalActions.has(event.action)) return;
    this.#events.push(event);
    if (this.#events.length > capacity) this.#events.shift();
  }

  /** In the order in which they came. `time` is a record's (logs/record.ts). */
  since(time: string): readonly WorldEvent[] {
    return this.#events.filter(({ at }) => normalizeTime(at) >= time);
  }
}
