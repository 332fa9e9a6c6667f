import { decodeProject } from '../../compose/decode-project.ts';
import { checkRuleNames, lint as lintProject, rules } from '../../compose/lint/lint.ts';
import { type LoadOptions, loadModel } from '../../compose/load.ts';
import { failOnErrors } from '../../compose/report.ts';
import { formatPath } from '../../compose/tree-path.ts';
import { formatDiagnostic } from '../../util/diagnostic.ts';
import { defineCommand } from '../command.ts';
import { checkServices } from '../services.ts';
import { loadOptionsOf } from './config.ts';

export const lint = defineCommand({
  name: 'lint',
  summary: 'Give advice on the Compose files',
  operands: { usage: '[SERVICE...]' },
  options: {
    disable: { type: 'strings', value: 'RULE', description: 'Leave a rule out; repeat for several' },
    format: { type: 'string', value: 'FORMAT', description: 'text or json', choices: ['text', 'json'] },
    rules: { type: 'boolean', description: 'List the rules' },
    strict: { type: 'boolean', description: 'Exit with 1 when there is advice' },
  },
  settings(values, services) {
    const disable = values.disable.flatMap((names) => names.split(',')).filter((name) => name !== '');
    checkRuleNames(disable);
    return {
      services,
      disable,
      isJson: values.format === 'json',
      listsRules: values.rules ?? false,
      isStrict: values.strict ?? false,
    };
  },
  async run({ services, disable, isJson, listsRules, isStrict }, context) {
    if (listsRules) {
      const width = Math.max(...rules.map((rule) => rule.name.length));
      for (const { name, summary } of rules) context.stdout.write(`${name.padEnd(width)}  ${summary}\n`);
      return 0;
    }
    const options: LoadOptions = loadOptionsOf(context, services);
    const model = await loadModel(options);
    const project = decodeProject(model, options);
    failOnErrors(model.context.findings);
    checkServices(new Set(Object.keys(project.services)), services);
    const written = await loadModel({ ...options, skip: { interpolation: true, consistency: true } });
    const wanted = services.map((name) => formatPath(['services', name]));
    const findings = lintProject({ project, written: written.tree }, model.context.locator, disable).filter(
      ({ path = '' }) =>
        wanted.length === 0 || wanted.some((prefix) => path === prefix || path.startsWith(`${prefix}.`)),
    );
    if (isJson) context.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
    else context.stdout.write(findings.map((finding) => `${formatDiagnostic(finding)}\n\n`).join(''));
    return isStrict && findings.length > 0 ? 1 : 0;
  },
});
