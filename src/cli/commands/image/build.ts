import { resolve } from 'node:path';
import { parseCacheSource, parseCacheTargets } from '../../../build/cache-places.ts';
import {
  dockerfileIn,
  openContext,
  openNamedContext,
  parseEpoch,
  readDockerfileAt,
  readIgnore,
  sshOf,
} from '../../../build/from-compose.ts';
import type { ContextFetcher } from '../../../build/remote-context.ts';
import type { BuildRequest } from '../../../build/request.ts';
import type { SecretSource } from '../../../build/run-mounts.ts';
import { machine as ownPlatform, parsePlatform } from '../../../image/platform.ts';
import { parseBytes } from '../../../model/bytes.ts';
import { ComposeError } from '../../../util/errors.ts';
import { withBuilds } from '../../build/session.ts';
import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { progressForm } from '../../progress.ts';

export const imageBuild = defineCommand({
  name: 'image build',
  summary: 'Build an image from a Dockerfile',
  operands: { usage: 'DIRECTORY', min: 1, max: 1 },
  options: {
    file: { type: 'string', short: 'f', value: 'FILE', description: 'The Dockerfile (default: DIRECTORY/Dockerfile)' },
    tag: { type: 'strings', short: 't', value: 'NAME', description: 'A name for the image; repeatable' },
    buildArg: { type: 'strings', value: 'NAME[=VALUE]', description: 'A build argument; repeatable' },
    target: { type: 'string', value: 'STAGE', description: 'Build this stage' },
    label: { type: 'strings', value: 'NAME=VALUE', description: 'A label of the image; repeatable' },
    platform: { type: 'string', value: 'PLATFORM', description: 'What the image is for, such as linux/arm64' },
    cacheFrom: { type: 'strings', value: 'PLACE', description: 'Where steps of builds are kept too; repeatable' },
    cacheTo: { type: 'strings', value: 'PLACE', description: 'Where to bring the steps of this one; repeatable' },
    noCache: { type: 'boolean', description: 'Make every step anew' },
    noCacheFilter: { type: 'strings', value: 'STAGE', description: 'Make this stage anew; repeatable' },
    pull: { type: 'boolean', description: 'Look for newer base images' },
    buildContext: { type: 'strings', value: 'NAME=WHERE', description: 'A further context; repeatable' },
    secret: { type: 'strings', value: 'id=NAME[,src=FILE|,env=VARIABLE]', description: 'A secret; repeatable' },
    ssh: { type: 'strings', value: 'ID[=SOCKET]', description: 'An agent for --mount=type=ssh; repeatable' },
    network: { type: 'string', value: 'MODE', description: 'Network of RUN: default, host, none' },
    addHost: { type: 'strings', value: 'NAME:ADDRESS', description: 'A line of /etc/hosts for RUN; repeatable' },
    shmSize: { type: 'string', value: 'SIZE', description: 'Size of /dev/shm for RUN' },
    quiet: { type: 'boolean', short: 'q', description: 'Print nothing but the id of the image' },
  },
  settings: (values, [directory = '']) => ({ ...values, directory }),
  async run(settings, context) {
    const form = settings.quiet ? 'quiet' : progressForm(context);
    const image = await withBuilds(context, { form }, async ({ build, name, contexts }) => {
      const request = await requestOf(settings, contexts, context);
      const built = await build(request, { isPulling: settings.pull ?? false, signal: context.signal });
      for (const tag of settings.tag) name(tag, built.target);
      return built;
    });
    context.stdout.write(`${image.id}\n`);
    return 0;
  },
});

async function requestOf(
  settings: ReturnType<typeof imageBuild.settings>,
  contexts: ContextFetcher,
  { workingDirectory, environment }: Context,
): Promise<BuildRequest> {
  const buildArguments = buildArgumentsOf(settings.buildArg, environment);
  const keepsGit = buildArguments.get('BUILDKIT_CONTEXT_KEEP_GIT_DIR') === '1';
  const fetched = await contexts.fetch(settings.directory, keepsGit);
  const { origin } = fetched;
  const directory = openContext(fetched.path, [], workingDirectory, origin);
  const written = fetched.dockerfile ?? settings.file ?? 'Dockerfile';
  // A file that is named is named from here, where the context is here.
  const isNamedHere = origin === 'local' && settings.file !== undefined;
  const file = dockerfileIn(isNamedHere ? workingDirectory : directory.path, written, origin);
  const dockerfile = readDockerfileAt(file, { workingDirectory, nameOf: contexts.nameOf }, []);
  const named = settings.buildContext.map(async (text) => {
    const [name, where] = pairOf('--build-context', text);
    return [name, openNamedContext(await contexts.fetchNamed(where, keepsGit), [], workingDirectory)] as const;
  });
  const network = settings.network ?? 'default';
  if (network !== 'default' && network !== 'host' && network !== 'none') {
    throw new ComposeError('USAGE', `there is no network ${network}`, { hint: 'it is default, host or none' });
  }
  return {
    label: null,
    dockerfile,
    context: { ...directory, ignored: readIgnore(directory.path, file, workingDirectory, origin) },
    contexts: new Map(await Promise.all(named)),
    buildArguments,
    target: settings.target ?? null,
    labels: Object.fromEntries(settings.label.map((text) => pairOf('--label', text))),
    platform: settings.platform === undefined ? ownPlatform() : parsePlatform(settings.platform),
    uncached: settings.noCache ? 'all' : settings.noCacheFilter.length > 0 ? new Set(settings.noCacheFilter) : 'none',
    secrets: new Map(settings.secret.map((text) => secretOf(text, workingDirectory, environment))),
    ssh: sshOf(settings.ssh, { environment, workingDirectory }),
    run: {
      network,
      isPrivileged: false,
      shmSize: settings.shmSize === undefined ? null : String(parseBytes(settings.shmSize)),
      ulimits: {},
      extraHosts: settings.addHost,
    },
    cacheFrom: settings.cacheFrom.flatMap((text) => parseCacheSource(text, workingDirectory) ?? []),
    cacheTo: parseCacheTargets(settings.cacheTo, workingDirectory),
    sourceDateEpoch: parseEpoch(buildArguments.get('SOURCE_DATE_EPOCH') ?? environment.SOURCE_DATE_EPOCH),
  };
}

/** `NAME=VALUE`, or `NAME` for the value that the environment has. */
export function buildArgumentsOf(
  texts: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const text of texts) {
    const [name = '', value = environment[name]] = text.split(/=(.*)/s);
    if (name === '') throw new ComposeError('USAGE', `--build-arg ${JSON.stringify(text)} has no name`);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function pairOf(flag: string, text: string): readonly [string, string] {
  const [name = '', value] = text.split(/=(.*)/s);
  if (name !== '' && value !== undefined) return [name, value];
  throw new ComposeError('USAGE', `${flag} ${JSON.stringify(text)} is not NAME=VALUE`);
}

function secretOf(
  text: string,
  workingDirectory: string,
  environment: Readonly<Record<string, string | undefined>>,
): readonly [string, SecretSource] {
  const fields = new Map(text.split(',').map((field) => pairOf('--secret', field)));
  const id = fields.get('id') ?? '';
  const file = fields.get('src') ?? fields.get('source');
  const variable = fields.get('env') ?? (file === undefined ? id : undefined);
  if (id === '') throw new ComposeError('USAGE', `--secret ${JSON.stringify(text)} has no id`);
  if (file !== undefined) return [id, { file: resolve(workingDirectory, file) }];
  const value = environment[variable ?? ''];
  if (value !== undefined) return [id, { value }];
  throw new ComposeError('INVALID', `--secret ${id}: ${variable} is not set`, { hint: `write id=${id},src=FILE` });
}
