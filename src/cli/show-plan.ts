import type { ApplySettings } from '../model/settings.ts';
import type { Context } from './context.ts';
import { openProject } from './session.ts';
import { showSessionPlan } from './session-plan.ts';

/** Shows what `settings` would do, and does nothing. */
export async function showPlan(
  { settings, form }: { readonly settings: ApplySettings; readonly form: 'text' | 'json' },
  context: Context,
): Promise<number> {
  await using session = await openProject(context, { services: settings.services, supervisor: 'leave' });
  await showSessionPlan(session, settings, form, context);
  return 0;
}
