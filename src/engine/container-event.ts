import { constants } from 'node:os';
import type { ContainerEvent } from '../model/events.ts';
import type { ContainerRecord } from '../model/records.ts';

/** What happened to a container, with Docker's attributes: its name, image and own labels, and what `extra` says. */
export function containerEvent(
  record: ContainerRecord,
  action: string,
  at: string,
  extra: Readonly<Record<string, string>> = {},
): ContainerEvent {
  const labels = Object.entries(record.labels).filter(([key]) => !key.startsWith('com.docker.compose.'));
  return {
    type: 'container',
    action,
    id: record.id,
    name: record.name,
    service: record.service,
    isOneOff: record.oneOff,
    at,
    attributes: { ...Object.fromEntries(labels), name: record.name, image: record.imageReference, ...extra },
  };
}

/** A signal as Docker's events have it: its number. */
export function signalNumber(name: string): string {
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  return String((constants.signals as Readonly<Record<string, number>>)[full] ?? name);
}
