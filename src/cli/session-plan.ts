import type { Project } from '../model/project.ts';
import { withRememberedVariables } from '../model/providers.ts';
import type { ApplySettings } from '../model/settings.ts';
import { formatPlanText } from '../ui/plan-text.ts';
import type { Context } from './context.ts';
import { mannerOf } from './globals.ts';
import { withRecords } from './observation.ts';
import { isColored } from './progress.ts';
import type { Session } from './session.ts';

/** Shows what `settings` would do in an open session; answers the plan's name and lines. */
export async function showSessionPlan(
  session: Session,
  settings: ApplySettings,
  form: 'text' | 'json',
  context: Context,
  stream: 'stdout' | 'stderr' = 'stdout',
): Promise<{ readonly hash: string; readonly lines: readonly string[] }> {
  const [{ previewPlan }, { planData, planLines }] = await Promise.all([
    import('../engine/preview.ts'),
    import('../plan/plan.ts'),
  ]);
  const stored = storedProject(session.projectName, context);
  const project = session.project === null ? stored : withRememberedVariables(session.project, stored);
  const { plan, hash } = await previewPlan({
    project,
    origin: session.origin,
    variables: session.variables,
    settings: { ...settings, manner: mannerOf(context.globals) },
    paths: context.paths,
    environment: context.environment,
  });
  const nodes = planData(plan);
  const output = context[stream];
  if (form === 'json')
    output.write(`${JSON.stringify({ project: project.name, hash, warnings: plan.warnings, nodes })}\n`);
  else output.write(formatPlanText(nodes, { warnings: plan.warnings, isColored: isColored(context, output) }));
  return { hash, lines: planLines(plan) };
}

/** What was applied last; a project of which only the name is known has nothing else. */
function storedProject(name: string, context: Context): Project {
  return withRecords(context, (database) => database.project(name)?.project) ?? { name, services: {} };
}
