import validate from './generated/validate.js';
import type { ModelContext } from './model-context.ts';
import { reporter } from './report.ts';
import type { Tree } from './tree-path.ts';

const MOST_EXPLAINED = 1000;

/** Reports what the schema does not allow in a part of the merged tree. */
export async function checkSchema(part: Tree, tree: Tree, context: ModelContext): Promise<void> {
  if (validate(part)) return;
  const { explainSchemaErrors } = await import('./schema-errors.ts');
  const { default: schema } = await import('../../schema/compose.json', { with: { type: 'json' } });
  for (const finding of explainSchemaErrors((validate.errors ?? []).slice(0, MOST_EXPLAINED), part, schema)) {
    reporter(context, { isKey: finding.isKey, tree })(finding.path, finding.message, {
      code: 'schema',
      ...(finding.hint === undefined ? {} : { hint: finding.hint }),
    });
  }
}
