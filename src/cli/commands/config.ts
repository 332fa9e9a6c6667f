import {
  formatJson,
  formatTree,
  formatYaml,
  listHashes,
  listImages,
  listProfiles,
  listVariables,
  selectServices,
  serviceOrder,
  type VariableSummary,
} from '../../compose/config-output.ts';
import { imagesOnly, namedImages, servicesWithHookImages, withImages } from '../../compose/image-digests.ts';
import { type LoadOptions, loadModel, loadProject } from '../../compose/load.ts';
import type { Tree } from '../../compose/tree-path.ts';
import type { Project } from '../../model/project.ts';
import { formatDiagnostic } from '../../util/diagnostic.ts';
import { cgroupVersion, platform } from '../../util/machine.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import { writeOutputFile } from '../output-file.ts';

/** Listings; when several are asked for the first of these wins. */
const LISTINGS = [
  'services',
  'volumes',
  'networks',
  'models',
  'hash',
  'profiles',
  'images',
  'variables',
  'environment',
] as const;
type Listing = (typeof LISTINGS)[number];

interface ConfigSettings {
  readonly services: readonly string[];
  readonly format: 'yaml' | 'json' | undefined;
  readonly listing: Listing | undefined;
  readonly hashOf: readonly string[];
  /** `resolved`: images get their digests; `locked`: and nothing else is printed. */
  readonly digests: 'written' | 'resolved' | 'locked';
  readonly isQuiet: boolean;
  readonly output: string | undefined;
  readonly skip: NonNullable<LoadOptions['skip']>;
}

export const config = defineCommand({
  name: 'config',
  aliases: ['convert'],
  summary: 'Check the Compose files and print the project they make',
  operands: { usage: '[SERVICE...]' },
  options: {
    format: { type: 'string', value: 'FORMAT', description: 'yaml or json', choices: ['yaml', 'json'] },
    quiet: { type: 'boolean', short: 'q', description: 'Only check, print nothing' },
    output: { type: 'string', short: 'o', value: 'FILE', description: 'Write to a file instead of standard output' },
    services: { type: 'boolean', description: 'List the services, each after what it depends on' },
    volumes: { type: 'boolean', description: 'List the volumes' },
    networks: { type: 'boolean', description: 'List the networks' },
    models: { type: 'boolean', description: 'List the models' },
    images: { type: 'boolean', description: 'List the images' },
    profiles: { type: 'boolean', description: 'List the profiles' },
    hash: { type: 'string', value: 'SERVICES', description: 'Print the hash of services (a,b or *)' },
    variables: { type: 'boolean', description: 'List the variables the files use' },
    environment: { type: 'boolean', description: 'Print the variables the files can use' },
    noInterpolate: { type: 'boolean', description: 'Leave variables as they are written' },
    noNormalize: { type: 'boolean', description: 'Leave out what is implied' },
    noPathResolution: { type: 'boolean', description: 'Leave relative paths as they are written' },
    noConsistency: { type: 'boolean', description: 'Do not check services against each other' },
    noEnvResolution: { type: 'boolean', description: 'Do not read the files of env_file' },
    resolveImageDigests: { type: 'boolean', description: 'Replace tags of images by digests' },
    lockImageDigests: { type: 'boolean', description: 'Print an override file with digests of images' },
  },
  settings(values, services): ConfigSettings {
    const listing = LISTINGS.find((name) => (name === 'hash' ? (values.hash ?? '') !== '' : values[name] === true));
    return {
      services,
      format: values.format === 'json' ? 'json' : values.format === 'yaml' ? 'yaml' : undefined,
      listing,
      hashOf: (values.hash ?? '').split(',').filter((name) => name !== ''),
      digests: values.lockImageDigests ? 'locked' : values.resolveImageDigests ? 'resolved' : 'written',
      isQuiet: values.quiet ?? false,
      output: values.output || undefined,
      skip: {
        interpolation: (values.noInterpolate === true && !needsValues(listing)) || listing === 'variables',
        normalization: values.noNormalize ?? false,
        pathResolution: values.noPathResolution ?? false,
        consistency: values.noConsistency ?? false,
        environmentFiles: values.noEnvResolution ?? false,
      },
    };
  },
  async run(settings, context) {
    const text = await render(settings, loadOptions(settings, context), context);
    if (settings.isQuiet) return 0;
    const { output } = settings;
    if (output !== undefined) await writeOutputFile(output, 0o666, (file) => file.writeFile(text));
    else context.stdout.write(text);
    return 0;
  },
});

/** What these listings print is made of values. */
function needsValues(listing: Listing | undefined): boolean {
  return listing === 'models' || listing === 'hash' || listing === 'images' || listing === 'environment';
}

function loadOptions({ services, skip }: ConfigSettings, context: Context): LoadOptions {
  const options = loadOptionsOf(context, services);
  return { ...options, skip: context.globals.compatibility ? { ...skip, normalization: true } : skip };
}

/** What the global flags say about loading; `services` are those named on the command line. */
export function loadOptionsOf(context: Context, services: readonly string[]): LoadOptions {
  const { globals } = context;
  return {
    files: globals.files,
    projectDirectory: globals.projectDirectory,
    projectName: globals.projectName,
    profiles: globals.profiles,
    environment: context.environment,
    envFiles: globals.envFiles,
    workingDirectory: context.workingDirectory,
    services,
    allResources: globals.allResources,
    machine: { platform: platform(), cgroupVersion: cgroupVersion() },
  };
}

async function render(settings: ConfigSettings, options: LoadOptions, context: Context): Promise<string> {
  const { listing, format } = settings;
  if (listing === 'profiles') return lines(listProfiles((await loadModel(options)).tree));
  if (options.skip?.interpolation) {
    const { tree, sources } = await loadModel(options);
    if (settings.services.length > 0) context.stderr.write('warning: SERVICE has no effect without interpolation\n');
    if (listing === 'variables') return formatVariables(listVariables(tree), format);
    if (listing === undefined) {
      return withNewline(formatTree(await withDigests(tree, settings, context), format ?? 'yaml'));
    }
    const names = Object.keys((tree[listing] as object | null) ?? {}).sort();
    return lines(
      listing === 'services' ? names.filter((name) => !Object.hasOwn(sources.disabledServices, name)) : names,
    );
  }
  const loaded = await loadProject(options);
  for (const warning of loaded.warnings) context.stderr.write(`warning: ${formatDiagnostic(warning)}\n`);
  const project = selectServices(loaded.project, settings.services);
  switch (listing) {
    case undefined: {
      const pinned = (await withDigests(project as unknown as Tree, settings, context)) as unknown as Project;
      if (settings.isQuiet) return '';
      const isNormalized = options.skip?.normalization !== true;
      return format === 'json' ? `${formatJson(pinned)}\n` : formatYaml(pinned, isNormalized);
    }
    case 'services':
      return lines(serviceOrder(project));
    case 'volumes':
    case 'networks':
      return lines(Object.keys(project[listing] ?? {}).sort());
    case 'models':
      return lines([...new Set(Object.values(project.models ?? {}).map((model) => model.model))].sort());
    case 'hash':
      return lines(await listHashes(project, settings.hashOf));
    case 'images':
      return lines(listImages(project, mannerOf(context.globals).nameSeparator));
    case 'environment': {
      const entries = Object.entries(loaded.sources.environment).map(([name, value]) => `${name}=${value}`);
      return lines(entries.sort());
    }
    case 'variables':
      return '';
  }
}

/** The project with the digests that were asked for. */
async function withDigests(project: Tree, { digests }: ConfigSettings, context: Context): Promise<Tree> {
  if (digests === 'written') return project;
  const { pinImages } = await import('../../image/digests.ts');
  const { environment, signal } = context;
  const pinned = withImages(project, await pinImages(namedImages(project), { environment, signal }));
  if (digests === 'resolved') return pinned;
  for (const name of servicesWithHookImages(project)) {
    context.stderr.write(
      `warning: service ${name}: an override file cannot pin the images of pre_start; --resolve-image-digests does\n`,
    );
  }
  return imagesOnly(pinned);
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join('');
}

function withNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

function formatVariables(variables: readonly VariableSummary[], format: 'yaml' | 'json' | undefined): string {
  if (format !== undefined) {
    const map = Object.fromEntries(variables.map(({ name, ...rest }) => [name, { name, ...rest }]));
    return withNewline(formatTree(map, format));
  }
  const rows = [
    ['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'],
    ...variables.map((each) => [each.name, String(each.required), each.defaultValue, each.alternateValue]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return lines(
    rows.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    ),
  );
}
