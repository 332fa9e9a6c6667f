import { lastingName } from '../../model/names.ts';
import type { StackEvent } from '../../ui/stack.ts';
import type { WatchEvent } from '../container-watch.ts';

/** What the footer has to know of an event of a container; null: nothing. */
export function stackEventOf(event: Exclude<WatchEvent, { type: 'idle' }>): StackEvent | null {
  const { service, ports } = event.record;
  const name = lastingName(event.record.name);
  switch (event.type) {
    case 'state': {
      const { health, restartCount: restarts, status } = event.state;
      if (status !== 'running') return null;
      return { type: 'running', name, service, health: health?.status ?? null, restarts, ports };
    }
    case 'start':
    case 'unpause':
      return { type: 'running', name, service, ports };
    case 'health':
      return { type: 'health', name, health: event.status };
    case 'pause':
      return { type: 'paused', name };
    case 'exit':
      return { type: 'exited', name, exitCode: event.exitCode, next: event.next };
  }
}
