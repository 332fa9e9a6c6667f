import { parseDuration } from '../model/duration.ts';
import type { ImageHealthcheck } from '../model/image.ts';
import type { Healthcheck } from '../model/service.ts';
import type { HealthCheck } from './monitor-spec.ts';

/** Milliseconds of a duration, undefined when absent or zero: zero means the default, as in Docker. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Math.round(parseDuration(text));
  return ms === 0 && !/^0/.test(text) ? undefined : ms;
}

/** The health check of a container: the service's fields over the image's; null when there is none or it is disabled. */
export function healthCheckOf(own: Healthcheck | undefined, image: ImageHealthcheck | null): HealthCheck | null {
  const test = own?.test?.length ? own.test : image?.test;
  if (own?.disable || test === undefined) return null;
  const args = probeArgs(test);
  if (args === null) return null;
  return {
    args,
    intervalMs: durationMs(own?.interval) || image?.intervalMs || 30_000,
    timeoutMs: durationMs(own?.timeout) || image?.timeoutMs || 30_000,
    retries: own?.retries || image?.retries || 3,
    startPeriodMs: durationMs(own?.start_period) ?? image?.startPeriodMs ?? 0,
    startIntervalMs: durationMs(own?.start_interval) || image?.startIntervalMs || 5_000,
  };
}

function probeArgs(test: readonly string[]): readonly string[] | null {
  const [kind, ...rest] = test;
  if (kind === 'CMD') return rest.length === 0 ? null : rest;
  if (kind === 'CMD-SHELL') return ['/bin/sh', '-c', rest.join(' ')];
  return null;
}
