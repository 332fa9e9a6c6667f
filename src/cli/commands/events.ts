import { normalizeTime } from '../../logs/record.ts';
import { parseLogTime } from '../../logs/time.ts';
import { type ContainerEvent, internalActions, type WorldEvent } from '../../model/events.ts';
import { defineCommand } from '../command.ts';
import { isInterruption } from '../interrupts.ts';
import { openProjectOrName } from '../session.ts';

export const events = defineCommand({
  name: 'events',
  summary: 'Show what happens to containers, as it happens',
  operands: { usage: '[SERVICE...]' },
  options: {
    json: { type: 'boolean', description: 'One JSON object a line' },
    since: { type: 'string', value: 'TIME', description: 'Begin with what happened since (a time, or how long ago)' },
    until: { type: 'string', value: 'TIME', description: 'End then' },
  },
  settings: ({ json, since, until }, services) => ({
    form: json ? ('json' as const) : ('text' as const),
    since: since || undefined,
    until: until || undefined,
    services,
  }),
  async run({ form, services, ...range }, context) {
    const now = context.clock.now();
    const since = range.since && parseLogTime('--since', range.since, now);
    const until = range.until && parseLogTime('--until', range.until, now);
    await using session = await openProjectOrName(context, { services, supervisor: 'start' });
    try {
      for await (const event of session.client.events({ signal: context.signal, since, until })) {
        if (event.type === 'container' && (event.isOneOff || internalActions.has(event.action))) continue;
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

function toObject(event: WorldEvent): Readonly<Record<string, unknown>> {
  if (event.type === 'repair') return { ...event, time: event.at };
  const { action, attributes, id, service, at } = event;
  return { action, attributes: { ...attributes, name: event.name }, id, service, time: at, type: 'container' };
}

function toText(event: WorldEvent): string {
  const time = localTime(event.at);
  if (event.type === 'repair') {
    return `${time} ${event.kind} ${event.status} ${event.resource} (${event.cause})`;
  }
  return `${time} container ${event.action} ${event.id} (${attributesText(event)})`;
}

/** As Docker Compose prints it: the local time, to the microsecond. */
function localTime(at: string): string {
  const time = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${date} ${clock}${normalizeTime(at).slice(19, 26)}`;
}

function attributesText({ attributes, name }: ContainerEvent): string {
  return Object.entries({ ...attributes, name })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}
