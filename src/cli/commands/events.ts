import { normalizeTime } from '../../logs/record.ts';
import type { ContainerEvent, WorldEvent } from '../../model/events.ts';
import { defineCommand } from '../command.ts';
import { isInterruption } from '../interrupts.ts';
import { openProjectOrName } from '../session.ts';

export const events = defineCommand({
  name: 'events',
  summary: 'Show what happens to containers, as it happens',
  operands: { usage: '[SERVICE...]' },
  options: { json: { type: 'boolean', description: 'One JSON object a line' } },
  settings: ({ json }, services) => ({ form: json ? ('json' as const) : ('text' as const), services }),
  async run({ form, services }, context) {
    await using session = await openProjectOrName(context, { services, supervisor: 'start' });
    try {
      for await (const event of session.client.events({ signal: context.signal })) {
        if (event.type === 'container' && internalActions.has(event.action)) continue;
        if (services.length > 0 && !(event.type === 'container' && services.includes(event.service))) continue;
        context.stdout.write(`${form === 'json' ? JSON.stringify(toObject(event)) : toText(event)}\n`);
      }
    } catch (error) {
      if (!isInterruption(context.signal.reason)) throw error;
      throw context.signal.reason;
    }
    return 0;
  },
});

/** What only our own parts need to know: scripts expect Docker's actions. */
const internalActions: ReadonlySet<string> = new Set(['gone', 'lost', 'log_dropped']);

function toObject(event: WorldEvent): Readonly<Record<string, unknown>> {
  if (event.type === 'repair') return { ...event, time: event.at };
  const { action, attributes, id, service, at } = event;
  return { action, attributes: { ...attributes, name: event.name }, id, service, time: at, type: 'container' };
}

function toText(event: WorldEvent): string {
  const time = normalizeTime(event.at).replace('T', ' ').slice(0, 26);
  if (event.type === 'repair') {
    return `${time} ${event.kind} ${event.status} ${event.resource} (${event.cause})`;
  }
  return `${time} container ${event.action} ${event.id} (${attributesText(event)})`;
}

function attributesText({ attributes, name }: ContainerEvent): string {
  return Object.entries({ ...attributes, name })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}
