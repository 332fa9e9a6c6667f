import { readFileSync } from 'node:fs';
import type { OciSpec } from '../../container/oci.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import { compileTemplate } from '../../ui/template.ts';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { type InspectionInput, inspectionOf, withoutSecrets } from '../inspection.ts';
import { containersOf, observeProject, withRecords } from '../observation.ts';
import { checkKnownServices, type ProjectView, viewProject } from '../project-name.ts';

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Show all about the containers of services, as JSON',
  operands: { usage: 'SERVICE [SERVICE...]', min: 1 },
  options: {
    format: { type: 'string', short: 'f', value: 'TEMPLATE', description: 'json, or a template such as "{{.Name}}"' },
    index: { type: 'integer', value: 'N', description: 'Which replica (default: all)' },
  },
  examples: [
    ['inspect web', 'specification, addresses, mounts, limits and OCI configuration'],
    ["inspect -f '{{json .Networks}}' --index 1 web", 'where the first replica is'],
  ],
  settings: ({ format, index }, services) => ({
    services,
    index: index === 0 ? undefined : index,
    format: format === '' || format === 'json' ? undefined : format,
  }),
  async run({ services, index, format }, context) {
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices(services, observed, view);
    const { networks, volumes } = withRecords(context, (database) => ({
      networks: new Map(database.networks().map((each) => [each.id, each])),
      volumes: database.volumes(),
    }));
    const found = containersOf(observed, services)
      .filter(({ record }) => index === undefined || record.number === index)
      .sort((a, b) => (a.record.name < b.record.name ? -1 : 1))
      .map((container) => inspectContainer(container, { networks, volumes }, context));
    const planned = index === undefined ? await withoutContainer(services, found, view) : [];
    if (found.length + planned.length === 0) {
      throw new ComposeError('CONTAINER_NOT_FOUND', `no container #${index} found for service ${services.join(', ')}`);
    }
    const template = format === undefined ? null : compileTemplate(format);
    if (template === null) context.stdout.write(`${JSON.stringify([...found, ...planned], null, 2)}\n`);
    else for (const each of [...found, ...planned]) context.stdout.write(`${template.render(each)}\n`);
    return 0;
  },
});

function inspectContainer(
  container: ObservedContainer,
  resources: Pick<InspectionInput, 'networks' | 'volumes'>,
  context: Context,
) {
  const paths = context.paths.container(container.record.id);
  return inspectionOf({ container, ...resources, paths, oci: readSpec(paths.config) });
}

function readSpec(path: string): OciSpec | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as OciSpec;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Services that have no container are what the file says, and nothing else. */
async function withoutContainer(
  services: readonly string[],
  found: readonly { readonly Service: string }[],
  view: ProjectView,
) {
  const absent = services.filter((name) => !found.some(({ Service }) => Service === name));
  const project = absent.length === 0 ? null : await view.project();
  return absent.flatMap((name) => {
    const service = project?.services[name];
    return service === undefined ? [] : [{ Name: null, Service: name, Specification: withoutSecrets(service) }];
  });
}
