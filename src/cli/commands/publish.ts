import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { formatTree } from '../../compose/config-output.ts';
import { imagesOnly, namedImages, withImages } from '../../compose/image-digests.ts';
import { loadModel } from '../../compose/load.ts';
import { type PublishedFile, publishedFile } from '../../compose/published-file.ts';
import type { Tree } from '../../compose/tree-path.ts';
import { type ArtifactFile, type OciVersion, pushArtifact } from '../../image/artifact.ts';
import { pinImages } from '../../image/digests.ts';
import { parseReference, withDefaultTag } from '../../image/reference.ts';
import { ComposeError } from '../../util/errors.ts';
import { version } from '../../util/version.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { confirm } from '../prompt.ts';
import { openRegistries } from '../registry-client.ts';
import { runSteps } from '../steps.ts';
import { loadOptionsOf } from './config.ts';

export const publish = defineCommand({
  name: 'publish',
  summary: 'Send the Compose files to a registry, as an artifact',
  operands: { usage: 'REPOSITORY[:TAG]', min: 1, max: 1 },
  options: {
    resolveImageDigests: { type: 'boolean', description: 'Pin images to the digests that their tags have now' },
    ociVersion: {
      type: 'string',
      value: 'VERSION',
      choices: ['1.0', '1.1'],
      description: 'Form of the artifact: 1.1, or 1.0 for old registries',
    },
    withEnv: { type: 'boolean', description: 'Send files that say values of variables' },
    yes: { type: 'boolean', short: 'y', aliases: ['y'], description: 'Answer every question with yes' },
    app: { type: 'boolean', description: 'Refused: images are sent with push' },
    insecureRegistry: { type: 'boolean', hidden: true, description: 'Accepted: registries.json says which they are' },
  },
  settings({ resolveImageDigests, ociVersion, withEnv, yes, app }, [name = '']) {
    if (app) {
      throw new ComposeError('UNSUPPORTED', '--app is not supported: images are sent by push', {
        hint: 'tscompose push, then tscompose publish --resolve-image-digests',
      });
    }
    return {
      reference: withDefaultTag(parseReference(name)),
      digests: resolveImageDigests ? ('pinned' as const) : ('written' as const),
      ociVersion: (ociVersion ?? '1.1') as OciVersion,
      variables: withEnv ? ('sent' as const) : ('kept' as const),
      answer: yes ? ('yes' as const) : ('asked' as const),
    };
  },
  async run({ reference, digests, ociVersion, variables, answer }, context) {
    const { signal, globals } = context;
    const options = { ...loadOptionsOf(context, []), profiles: ['*'] };
    const { tree, sources } = await loadModel({ ...options, skip: { environmentFiles: true } });
    const others = sources.readFiles.filter((file) => ![...sources.files, ...sources.envFiles].includes(file));
    const published = sources.files.map((path) => readPublished(path, sources.projectDirectory));
    const variableFiles = new Map(published.flatMap((file) => [...file.variableFiles]));
    refuseUnpublishable(tree, { others, variables, variableFiles });
    const binds = bindSources(tree);
    if (binds.length > 0 && answer === 'asked') {
      const question = `Files of this machine are mounted, and not sent (${binds.join(', ')}). Publish all the same?`;
      if (!(await confirm(question, context))) return 1;
    }
    const files = published.map(({ name, text }) => artifactFile('compose', name, text));
    if (digests === 'pinned') files.push(await imageOverride(tree, context));
    for (const [path, name] of variableFiles) files.push(artifactFile('variables', name, readFileSync(path)));
    const name = `${reference.domain}/${reference.repository}:${reference.tag}`;
    const steps = { operation: 'publish', kind: 'image', isQuiet: false, failures: 'stop' } as const;
    await runSteps([name], { ...steps, texts: ['Publishing', 'Published'] }, context, async () => {
      if (globals.dryRun) return;
      using client = await openRegistries(context);
      await pushArtifact(client, reference, files, { ociVersion, composeVersion: version, signal });
    });
    return 0;
  },
});

interface EnvFile {
  readonly path: string;
  readonly required?: boolean;
}

/** Throws INVALID for what would not be whole, or would say too much, in a registry. */
function refuseUnpublishable(
  tree: Tree,
  sent: {
    readonly others: readonly string[];
    readonly variables: 'sent' | 'kept';
    readonly variableFiles: ReadonlyMap<string, string>;
  },
): void {
  const { others, variables, variableFiles } = sent;
  const services = Object.entries((tree.services ?? {}) as Record<string, Tree>);
  const [included] = others;
  if (included !== undefined) {
    throw new ComposeError(
      'INVALID',
      `cannot publish: the project includes or extends ${included}, which is not sent`,
      {
        hint: 'publish what tscompose config prints',
      },
    );
  }
  const nameless = services.find(([, service]) => service.image === undefined && service.provider === undefined);
  if (nameless !== undefined) {
    throw new ComposeError('INVALID', `cannot publish: service ${nameless[0]} has no image, only a build`, {
      hint: 'give it an image, and push that',
    });
  }
  const filesOf = ({ env_file }: Tree) => (env_file ?? []) as unknown as readonly EnvFile[];
  // One that a variable names, or an anchor gives: its place in the text is another's.
  const withFile = services.find(([, service]) =>
    filesOf(service).some(({ path, required }) => !variableFiles.has(path) && (required !== false || existsSync(path))),
  );
  if (withFile !== undefined) {
    throw new ComposeError('INVALID', `cannot publish: the env_file of service ${withFile[0]} is not sent`, {
      hint: 'name it in the service itself, without variables, or publish what tscompose config prints',
    });
  }
  const isTelling = (service: Tree) =>
    saysValues(service.environment) || filesOf(service).some(({ path }) => variableFiles.has(path));
  const telling = services.filter(([, service]) => isTelling(service)).map(([name]) => name);
  if (telling.length > 0 && variables === 'kept') {
    throw new ComposeError('INVALID', `cannot publish: values of variables of ${telling.join(', ')} would be sent`, {
      hint: 'look at them, then add --with-env',
    });
  }
}

function saysValues(environment: unknown): boolean {
  if (Array.isArray(environment)) return environment.some((each) => String(each).includes('='));
  return Object.values((environment ?? {}) as object).some((value) => value !== null);
}

function bindSources(tree: Tree): string[] {
  const mounts = Object.values((tree.services ?? {}) as Record<string, Tree>).flatMap(({ volumes }) =>
    Array.isArray(volumes) ? (volumes as unknown as { type?: string; source?: string }[]) : [],
  );
  return [...new Set(mounts.filter(({ type }) => type === 'bind').map(({ source }) => String(source)))].sort();
}

function readPublished(path: string, directory: string): PublishedFile & { readonly name: string } {
  if (path === '-') {
    throw new ComposeError('USAGE', 'cannot publish what comes from standard input', { hint: 'name a file' });
  }
  const source = { name: path, path, text: readFileSync(path, 'utf8') };
  return { name: basename(path), ...publishedFile(source, directory, existsSync) };
}

function artifactFile(kind: ArtifactFile['kind'], name: string, content: string | Buffer): ArtifactFile {
  return { kind, name, bytes: typeof content === 'string' ? Buffer.from(content) : content };
}

async function imageOverride(tree: Tree, { environment, signal }: Context): Promise<ArtifactFile> {
  const pinned = withImages(tree, await pinImages(namedImages(tree), { environment, signal }));
  return artifactFile('compose', 'image-digests.yaml', formatTree(imagesOnly(pinned), 'yaml'));
}
