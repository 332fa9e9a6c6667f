/** Everything about a build that is known before the first step: base images, stages, every variable expanded. */
import type { RunConfig } from '../image/oci.ts';
import { machine as ownPlatform, parsePlatform } from '../image/platform.ts';
import type { StoredImage } from '../image/store/resolve.ts';
import { ComposeError } from '../util/errors.ts';
import { parseDockerfile } from './dockerfile/parse.ts';
import { stageFailure } from './failure.ts';
import { type Origin, planStages, type Stage, type StagePlan, targetStage } from './graph/stages.ts';
import type { Step } from './graph/steps.ts';
import { type TranslatedStage, translateStage } from './graph/translate.ts';
import { platformArguments, proxyArguments, type Variables } from './graph/variables.ts';
import type { BuildRequest } from './request.ts';

export interface PlannedStage extends TranslatedStage {
  readonly stage: Stage;
  /** Null: nothing, or another stage. */
  readonly image: StoredImage | null;
  /** Stages that its steps read. */
  readonly reads: ReadonlySet<number>;
}

export interface BuildPlan {
  readonly target: PlannedStage;
  /** Those that the target needs, by number. */
  readonly stages: ReadonlyMap<number, PlannedStage>;
  /** Images that steps read, by reference. */
  readonly images: ReadonlyMap<string, StoredImage>;
  readonly unusedArguments: readonly string[];
}

/** Finds an image, getting it when it is missing. */
export type ImageFinder = (reference: string, platform: ReturnType<typeof parsePlatform>) => Promise<StoredImage>;

/** Throws SourceError with all that is wrong with the file, BUILD_FAILED for a base that cannot be had. */
export async function planBuild(request: BuildRequest, findImage: ImageFinder): Promise<BuildPlan> {
  const dockerfile = parseDockerfile(request.dockerfile);
  const contexts = new Set(request.contexts.keys());
  const targetName = request.target ?? 'default';
  const platforms = platformArguments(ownPlatform(), request.platform, targetName);
  const { buildArguments } = request;
  const stagePlan = planStages(dockerfile, { buildArguments, platformArguments: platforms, contexts });
  const target = targetStage(stagePlan.stages, request.target, request.dockerfile.name);
  const images = new Map<string, Promise<StoredImage>>();
  const imageOf = (origin: Origin, place: Step['place']): Promise<StoredImage> | null => {
    const named = origin.kind === 'named' ? request.contexts.get(origin.name) : undefined;
    const reference = origin.kind === 'image' ? origin.reference : named?.kind === 'image' ? named.reference : null;
    if (reference === null) return null;
    const written = origin.kind === 'image' || origin.kind === 'named' ? origin.platform : null;
    const platform = written === null ? request.platform : parsePlatform(written);
    let found = images.get(reference);
    if (found === undefined) {
      found = findImage(reference, platform).catch((error: unknown) => {
        throw stageFailure(place, error);
      });
      images.set(reference, found);
    }
    return found;
  };
  const planned = new Map<number, Promise<PlannedStage>>();
  const plan = (index: number): Promise<PlannedStage> => {
    let stage = planned.get(index);
    if (stage === undefined) {
      stage = planStage(index);
      planned.set(index, stage);
    }
    return stage;
  };
  const planStage = async (index: number): Promise<PlannedStage> => {
    const stage = stagePlan.stages[index]!;
    const base = await baseOf(stage, plan, imageOf);
    const translated = translateStage({
      plan: stagePlan,
      stage,
      base,
      buildArguments,
      platformArguments: platforms,
      contexts,
      escapeChar: dockerfile.directives.escapeChar,
    });
    const reads = new Set<number>();
    for (const { origin, place } of originsOf(translated.steps)) {
      if (origin.kind === 'stage') reads.add(origin.stage);
      void imageOf(origin, place)?.catch(() => {});
    }
    await Promise.all([...reads].map(plan));
    return { ...translated, stage, image: base.image, reads };
  };
  const targetPlan = await plan(target.index);
  const stages = new Map<number, PlannedStage>();
  for (const [index, each] of planned) stages.set(index, await each);
  const found = new Map<string, StoredImage>();
  for (const [reference, image] of images) found.set(reference, await image);
  return { target: targetPlan, stages, images: found, unusedArguments: unusedArguments(request, stagePlan, stages) };
}

interface StageBase {
  readonly config: RunConfig;
  readonly author: string;
  readonly args: Variables;
  readonly reference: string;
  readonly image: StoredImage | null;
}

const none = { author: '', args: new Map<string, string>() };

async function baseOf(
  { base, from }: Stage,
  plan: (index: number) => Promise<PlannedStage>,
  imageOf: (origin: Origin, place: Step['place']) => Promise<StoredImage> | null,
): Promise<StageBase> {
  if (base.kind === 'stage') {
    const { config, author, args } = await plan(base.stage);
    return { config, author, args, reference: from.image.value, image: null };
  }
  const image = await imageOf(base, from.image.place);
  if (image === null) {
    if (base.kind === 'scratch') return { ...none, config: { WorkingDir: '/' }, reference: 'scratch', image: null };
    const message = `FROM cannot begin with the directory that the context ${from.image.value} is`;
    throw stageFailure(from.image.place, new ComposeError('BUILD_FAILED', message));
  }
  const { config = {}, author = '' } = image.document;
  return { ...none, config, author, reference: image.reference, image };
}

/** Where steps take files from. */
export function* originsOf(steps: readonly Step[]): Generator<{ origin: Origin; place: Step['place'] }> {
  for (const step of steps) {
    if (step.kind === 'copy') yield { origin: step.from, place: step.place };
    if (step.kind !== 'run') continue;
    for (const { from, place } of step.mounts) yield { origin: from, place };
  }
}

function unusedArguments(
  { buildArguments }: BuildRequest,
  { globals }: StagePlan,
  stages: ReadonlyMap<number, PlannedStage>,
): string[] {
  const used = new Set([...stages.values()].flatMap(({ usedArguments }) => [...usedArguments]));
  return [...buildArguments.keys()].filter(
    (name) => !used.has(name) && !globals.has(name) && !proxyArguments.has(name) && name !== 'SOURCE_DATE_EPOCH',
  );
}
