import type { ApplySettings } from '../model/settings.ts';
import type { Context } from './context.ts';
import { confirm } from './prompt.ts';
import type { Session } from './session.ts';
import { showSessionPlan } from './session-plan.ts';

/** The plan that somebody has agreed to: no other is carried out. */
export interface ApprovedPlan {
  /** Null: whatever the plan is. */
  readonly expectedPlanHash: string | null;
  readonly expectedPlan: readonly string[];
}

/**
 * Shows the plan on standard error and asks for it; null when the answer is no. Without a terminal the answer is read from standard
 * input, the end of which is no. A plan that does nothing needs no answer.
 */
export async function askForPlan(
  session: Session,
  settings: ApplySettings,
  consent: 'asked' | 'given',
  context: Context,
): Promise<ApprovedPlan | null> {
  const { hash, lines } = await showSessionPlan(session, settings, 'text', context, 'stderr');
  const isAgreed = consent === 'given' || lines.length === 0 || (await confirm('Carry out this plan?', context));
  if (isAgreed) return { expectedPlanHash: hash, expectedPlan: lines };
  context.stderr.write('Nothing was done.\n');
  return null;
}
