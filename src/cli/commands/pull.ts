import type { Project } from '../../model/project.ts';
import type { Service } from '../../model/service.ts';
import { defaultSettings } from '../../model/settings.ts';
import { selectedServices } from '../../plan/selection.ts';
import { defineCommand } from '../command.ts';
import { loadProject } from '../load-project.ts';
import { pullServices } from '../pull.ts';
import { checkServices } from '../services.ts';

export const pull = defineCommand({
  name: 'pull',
  summary: 'Pull images of services',
  operands: { usage: '[SERVICE...]' },
  options: {
    quiet: { type: 'boolean', short: 'q', description: 'Without progress' },
    includeDeps: { type: 'boolean', description: 'Also what the named services depend on' },
    parallel: { type: 'boolean', hidden: true, description: 'No effect' },
    noParallel: { type: 'boolean', hidden: true, description: 'No effect' },
    ignorePullFailures: { type: 'boolean', description: 'Go on when an image cannot be pulled' },
    ignoreBuildable: { type: 'boolean', description: 'Not images that can be built' },
    policy: { type: 'string', value: 'WHEN', choices: ['missing', 'always'], description: 'When to pull' },
  },
  settings: (values, services) => ({
    services,
    dependencies: values.includeDeps ? ('include' as const) : ('exclude' as const),
    policy: values.policy ?? null,
    buildable: values.ignoreBuildable ? ('skip' as const) : ('pull' as const),
    failures: values.ignorePullFailures ? ('warn' as const) : ('stop' as const),
    isQuiet: values.quiet ?? false,
  }),
  async run({ services, dependencies, policy, buildable, failures, isQuiet }, context) {
    const { project } = await loadProject(context, services);
    checkServices(new Set(Object.keys(project.services)), services);
    const selected = selectedServices(project.services, { ...defaultSettings('up'), services, dependencies });
    const named = [...selected].filter((name) => buildable === 'pull' || project.services[name]?.build === undefined);
    await pullServices(withPolicy(project, policy), named, { isQuiet, failures }, context);
    return 0;
  },
});

/** Whoever says `pull` means it: an image that is there is looked up again, unless its policy says otherwise. */
function withPolicy(project: Project, policy: string | null): Project {
  const services = Object.entries(project.services).map(([name, service]): [string, Service] => {
    const own = service.pull_policy ?? '';
    const isPlain = own === '' || /^(daily|weekly|every_|refresh$)/.test(own);
    return [name, policy !== null || isPlain ? { ...service, pull_policy: policy ?? 'always' } : service];
  });
  return { ...project, services: Object.fromEntries(services) };
}
