import { type Dockerfile, parseDockerfile } from '../../../src/build/dockerfile/parse.ts';
import { planStages, type StagePlan } from '../../../src/build/graph/stages.ts';
import { type TranslatedStage, translateStage } from '../../../src/build/graph/translate.ts';
import { platformArguments } from '../../../src/build/graph/variables.ts';
import type { RunConfig } from '../../../src/image/oci.ts';
import type { SourceText } from '../../../src/util/diagnostic.ts';
import { SourceError } from '../../../src/util/diagnostic.ts';

export function source(text: string, name = 'Dockerfile'): SourceText {
  return { name, path: `/${name}`, text };
}

export function parse(text: string): Dockerfile {
  return parseDockerfile(source(text));
}

/** `line:column message` of everything that is wrong. */
export function complaints(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return error.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
  return [];
}

const platform = { os: 'linux', architecture: 'amd64' };

export interface PlanOptions {
  readonly args?: Readonly<Record<string, string>>;
  readonly contexts?: readonly string[];
  readonly config?: RunConfig;
  /** Of the stage that the last one begins with. */
  readonly baseArgs?: Readonly<Record<string, string>>;
}

export function stages(text: string, { args = {}, contexts = [] }: PlanOptions = {}): StagePlan {
  return planStages(parse(text), {
    buildArguments: new Map(Object.entries(args)),
    platformArguments: platformArguments(platform, platform, 'default'),
    contexts: new Set(contexts),
  });
}

/** The last stage, translated. */
export function translate(text: string, options: PlanOptions = {}): TranslatedStage {
  const plan = stages(text, options);
  return translateStage({
    plan,
    stage: plan.stages.at(-1)!,
    base: {
      config: options.config ?? {},
      author: '',
      reference: 'base',
      args: new Map(Object.entries(options.baseArgs ?? {})),
    },
    buildArguments: new Map(Object.entries(options.args ?? {})),
    platformArguments: platformArguments(platform, platform, 'default'),
    contexts: new Set(options.contexts ?? []),
    escapeChar: parse(text).directives.escapeChar,
  });
}
