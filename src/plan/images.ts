/** Which images are pulled, and why; it comes before everything else, because the rest depends on what they are. */
import type { PullPolicy } from '../model/pull-policy.ts';
import { type Plan, PlanBuilder } from './plan.ts';

/** What a service is made of, and what this machine has of it. */
export interface ImageNeed {
  /** As the project names it. */
  readonly reference: string;
  readonly service: string;
  /** As `platform` names it; null: this machine's. */
  readonly platform: string | null;
  readonly policy: PullPolicy;
  /** Whether it can be had otherwise: a pull that fails is no failure then. */
  readonly isBuildable: boolean;
  readonly found: FoundImage | null;
}

export interface FoundImage {
  /** Its name says what it is: a digest or an id. */
  readonly isPinned: boolean;
  /** When its name was last looked up. */
  readonly taggedAt: string | null;
}

/** One pull for each image and platform that a policy wants pulled; they depend on nothing. */
export function planPulls(needs: readonly ImageNeed[], nowMs: number): Plan {
  const builder = new PlanBuilder();
  const planned = new Set<string>();
  for (const need of needs) {
    const { reference, service, platform } = need;
    const cause = pullCause(need, nowMs);
    const key = `${reference} ${platform ?? ''}`;
    if (cause === null || planned.has(key)) continue;
    planned.add(key);
    // Somebody else may have no other way to get it.
    const isOptional = needs.every((other) => other.reference !== reference || other.isBuildable);
    const operation = { type: 'pullImage', kind: 'image', resource: reference, service, cause, changes: [] } as const;
    builder.add({ ...operation, platform, isOptional });
  }
  return builder.build();
}

/** Null: it is not pulled. */
function pullCause({ policy, found }: ImageNeed, nowMs: number): string | null {
  if (policy.when === 'never' || policy.when === 'build') return null;
  if (found === null) return 'not on this machine';
  // What a digest names never changes.
  if (found.isPinned || policy.when === 'missing') return null;
  if (policy.when !== 'every') return 'pull_policy is always';
  const ageMs = found.taggedAt === null ? Number.POSITIVE_INFINITY : nowMs - Date.parse(found.taggedAt);
  return ageMs >= policy.intervalMs ? 'last pulled too long ago for its pull_policy' : null;
}
