import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { formatTree } from '../../compose/config-output.ts';
import { imagesOnly, namedImages, withImages } from '../../compose/image-digests.ts';
import { loadModel } from '../../compose/load.ts';
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
    refuseUnpublishable(tree, others, variables);
    const binds = bindSources(tree);
    if (binds.length > 0 && answer === 'asked') {
      const question = `Files of this machine are mounted, and not sent (${binds.join(', ')}). Publish all the same?`;
      if (!(await confirm(question, context))) return 1;
    }
    const files = await Promise.all(sources.files.map(readArtifactFile));
    if (digests === 'pinned') files.push(await imageOverride(tree, context));
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

/** Throws INVALID for what would not be whole, or would say too much, in a registry. */
function refuseUnpublishable(tree: Tree, others: readonly string[], variables: 'sent' | 'kept'): void {
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
  const withFile = services.find(([, service]) => lengthOf(service.env_file) > 0);
  if (withFile !== undefined) {
    throw new ComposeError('INVALID', `cannot publish: the env_file of service ${withFile[0]} is not sent`, {
      hint: 'say its variables in environment, or publish what tscompose config prints',
    });
  }
  const telling = services.filter(([, { environment }]) => saysValues(environment)).map(([name]) => name);
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

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : value === undefined || value === null ? 0 : 1;
}

function bindSources(tree: Tree): string[] {
  const mounts = Object.values((tree.services ?? {}) as Record<string, Tree>).flatMap(({ volumes }) =>
    Array.isArray(volumes) ? (volumes as unknown as { type?: string; source?: string }[]) : [],
  );
  return [...new Set(mounts.filter(({ type }) => type === 'bind').map(({ source }) => String(source)))].sort();
}

async function readArtifactFile(path: string): Promise<ArtifactFile> {
  if (path === '-') {
    throw new ComposeError('USAGE', 'cannot publish what comes from standard input', { hint: 'name a file' });
  }
  return { name: basename(path), bytes: await readFile(path) };
}

async function imageOverride(tree: Tree, { environment, signal }: Context): Promise<ArtifactFile> {
  const pinned = withImages(tree, await pinImages(namedImages(tree), { environment, signal }));
  return { name: 'image-digests.yaml', bytes: Buffer.from(formatTree(imagesOnly(pinned), 'yaml')) };
}
