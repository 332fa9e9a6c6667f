/** One stage's instructions as steps: variables expanded, the configuration of the image worked out. Pure. */
import type { RunConfig } from '../../image/oci.ts';
import type { Instruction, InstructionOf } from '../dockerfile/instruction.ts';
import { parseTrigger } from '../dockerfile/parse.ts';
import { DockerfileProblem, Problems } from '../dockerfile/problem.ts';
import { ShellWords } from '../dockerfile/shell-words.ts';
import { ConfigDraft, commandArgs } from './config-draft.ts';
import { joinPath } from './path.ts';
import { type Origin, type Stage, type StagePlan, sourceOf } from './stages.ts';
import type { CopyStep, RunStep, Step, StepMount } from './steps.ts';
import { Expander, proxyVariables, type Variables } from './variables.ts';

export interface TranslateInput {
  readonly plan: StagePlan;
  readonly stage: Stage;
  /** What the stage begins with. */
  readonly base: {
    readonly config: RunConfig;
    readonly author: string;
    readonly reference: string;
    /** Of the stage that this one begins with: what its arguments were in the end. */
    readonly args: Variables;
  };
  readonly buildArguments: Variables;
  readonly platformArguments: Variables;
  readonly contexts: ReadonlySet<string>;
  readonly escapeChar: '\\' | '`';
}

export interface TranslatedStage {
  readonly steps: readonly Step[];
  readonly config: RunConfig;
  readonly author: string;
  /** Arguments that are in force at the end, for stages that begin with this one. */
  readonly args: Variables;
  /** Build arguments that an ARG of the stage took. */
  readonly usedArguments: ReadonlySet<string>;
}

/** Throws SourceError with everything that is wrong in the stage. */
export function translateStage(input: TranslateInput): TranslatedStage {
  const problems = new Problems();
  const translation = new Translation(input);
  for (const trigger of input.base.config.OnBuild ?? []) {
    translation.add(parseTrigger(trigger, input.base.reference), problems);
  }
  for (const instruction of input.stage.instructions) translation.add(instruction, problems);
  problems.throwIfAny();
  return translation.result();
}

class Translation {
  readonly #input: TranslateInput;
  readonly #config: ConfigDraft;
  readonly #lexer: ShellWords;
  readonly #expander: Expander;
  /** Those that no later ENV has put aside: of ARG and ENV the later one holds. */
  readonly #args: Map<string, string>;
  readonly #declared = new Set<string>();
  readonly #used = new Set<string>();
  readonly #steps: Step[] = [];

  constructor(input: TranslateInput) {
    this.#input = input;
    this.#config = new ConfigDraft(input.base.config, input.base.author);
    this.#args = new Map([...input.base.args].filter(([name]) => this.#config.variable(name) === undefined));
    this.#lexer = new ShellWords({ escapeChar: input.escapeChar });
    this.#expander = new Expander(this.#lexer, (name) => this.#args.get(name) ?? this.#config.variable(name));
  }

  add(instruction: Instruction, problems: Problems): void {
    const step = problems.collect(() => this.#translate(instruction));
    if (step) this.#steps.push(step);
  }

  result(): TranslatedStage {
    return {
      steps: this.#steps,
      config: this.#config.finish(),
      author: this.#config.author,
      args: this.#args,
      usedArguments: this.#used,
    };
  }

  /** Null for what histories do not mention. */
  #translate(instruction: Instruction): Step | null {
    switch (instruction.kind) {
      case 'from':
        throw new Error('FROM begins a stage and is none of its steps');
      case 'run':
        return this.#run(instruction);
      case 'copy':
      case 'add':
        return this.#copy(instruction);
      case 'workdir': {
        const path = joinPath(this.#config.workingDirectory, this.#expander.word(instruction.path));
        this.#config.workingDirectory = path;
        const createdBy = `WORKDIR ${path}`;
        if (path === '/') return this.#configStep(instruction, createdBy);
        const { user } = this.#config;
        return { kind: 'directory', path, user, ...this.#common(instruction, createdBy) };
      }
      case 'arg':
        return this.#configStep(instruction, `ARG ${this.#declare(instruction).join(' ')}`);
      case 'onbuild':
        this.#config.addTrigger(instruction.trigger);
        return null;
      case 'env': {
        const createdBy = this.#config.apply(instruction, this.#expander);
        for (const { name } of instruction.pairs) this.#args.delete(this.#expander.word(name));
        return this.#configStep(instruction, createdBy);
      }
      default:
        return this.#configStep(instruction, this.#config.apply(instruction, this.#expander));
    }
  }

  /** The arguments with their defaults, as the history has them; all are read before any holds. */
  #declare({ args }: InstructionOf<'arg'>): string[] {
    const { plan, buildArguments, platformArguments } = this.#input;
    const read = args.map(({ name, value }) => ({ name, written: value === null ? null : this.#expander.word(value) }));
    return read.map(({ name, written }) => {
      const given = buildArguments.get(name);
      if (given !== undefined) this.#used.add(name);
      const found = given ?? written ?? plan.globals.get(name) ?? platformArguments.get(name);
      this.#declared.add(name);
      if (found !== undefined) this.#args.set(name, found);
      return written === null ? name : `${name}=${written}`;
    });
  }

  #run(instruction: InstructionOf<'run'>): RunStep {
    const { command, heredocs } = instruction;
    let script: RunStep['script'] = null;
    let args = commandArgs(command, this.#config.shell);
    const [only, ...others] = heredocs;
    if (only !== undefined && command.form === 'shell') {
      const isAlone = others.length === 0 && command.line === only.word;
      if (isAlone && only.content.startsWith('#!')) {
        script = { name: only.name, content: only.content };
        args = [`/dev/pipes/${only.name}`];
      } else if (isAlone) {
        args = [...this.#config.shell, only.content];
      } else {
        // The shell reads the here-documents itself.
        const texts = heredocs.map(({ raw, name }) => `\n${raw}${name}`);
        args = [...this.#config.shell, command.line + texts.join('')];
      }
    }
    const variables = new Map([...this.#config.variables, ...this.#args]);
    const shown = [...this.#declared].map((name) => `${name}=${variables.get(name) ?? ''}`);
    const prefix = shown.length === 0 ? '' : `|${shown.length} ${shown.join(' ')} `;
    return {
      kind: 'run',
      args,
      env: [...variables].map(([name, value]) => `${name}=${value}`),
      quietEnv: proxyVariables(this.#input.buildArguments)
        .filter(([name]) => !variables.has(name))
        .map(([name, value]) => `${name}=${value}`),
      workingDirectory: this.#config.workingDirectory,
      user: this.#config.user,
      mounts: instruction.mounts.map((mount, index) => this.#mount(mount, index)),
      script,
      network: instruction.network,
      isInsecure: instruction.security === 'insecure',
      ...this.#common(instruction, `RUN ${prefix}${args.join(' ')}`),
    };
  }

  #mount(mount: InstructionOf<'run'>['mounts'][number], index: number): StepMount {
    const { type, place } = mount;
    const expand = (text: string | null) => (text === null ? null : this.#expander.at(text, place));
    const from = mount.from === null ? null : this.#source(this.#expander.at(mount.from, place));
    const source = expand(mount.source);
    const written = expand(mount.target);
    const id =
      expand(mount.id) ?? (type === 'secret' ? (source ?? baseName(written ?? '')) : type === 'ssh' ? 'default' : null);
    const fallback = type === 'secret' ? `/run/secrets/${id}` : `/run/buildkit/ssh_agent.${index}`;
    const target = joinPath(this.#config.workingDirectory, written ?? fallback);
    if (target === '/') throw new DockerfileProblem(place, '--mount: the target cannot be the root');
    return {
      type,
      place,
      target,
      hasTarget: written !== null,
      variable: mount.variable,
      source: joinPath('/', type === 'bind' || type === 'cache' ? (source ?? '/') : '/'),
      from: from ?? (type === 'cache' ? { kind: 'scratch' } : { kind: 'context' }),
      id: id ?? target,
      isReadOnly: mount.isReadOnly ?? type === 'bind',
      sharing: mount.sharing,
      isRequired: mount.isRequired,
      sizeBytes: mount.sizeBytes,
      mode: mount.mode,
      uid: mount.uid,
      gid: mount.gid,
    };
  }

  #copy(instruction: InstructionOf<'copy' | 'add'>): CopyStep {
    const { flags, kind } = instruction;
    const { from } = flags;
    if (from?.value.includes('$')) {
      const hint = 'write FROM with the variable AS a stage, and copy from that stage';
      throw new DockerfileProblem(from.place, `--from cannot hold variables: ${from.value}`, hint);
    }
    const expand = (text: { readonly value: string; readonly place: CopyStep['place'] } | null) =>
      text === null ? null : this.#expander.word(text);
    const written = this.#expander.word(instruction.destination);
    if (written === '') throw new DockerfileProblem(instruction.destination.place, 'the destination is empty');
    const destination = withSlash(joinPath(this.#config.workingDirectory, written), /(?:^|\/)\.?$/.test(written));
    const sources = instruction.sources.map((source) => ({ value: this.#expander.word(source), place: source.place }));
    const count = sources.length + instruction.files.length;
    if (count > 1 && !destination.endsWith('/')) {
      const hint = `write ${written}/`;
      throw new DockerfileProblem(instruction.destination.place, 'several sources need a directory', hint);
    }
    const files = instruction.files.map(({ name, content, isExpanded, place }) => ({
      name,
      content: isExpanded ? this.#expander.content(content, place) : content,
    }));
    const shown = [...sources.map(({ value }) => value), ...instruction.files.map(({ name }) => `<<${name}`)];
    const options = copyOptions(instruction, expand);
    const createdBy = `${kind.toUpperCase()} ${[...options, ...shown].join(' ')} ${written}`;
    return {
      kind: 'copy',
      isAdd: kind === 'add',
      from: from === null ? { kind: 'context' } : this.#source(from.value),
      sources,
      files,
      destination,
      chown: expand(flags.chown) || null,
      chmod: expand(flags.chmod) || null,
      isLinked: flags.isLinked,
      hasParents: flags.hasParents,
      excludes: flags.excludes.map((text) => this.#expander.word(text)),
      checksum: expand(flags.checksum),
      keepsGitDirectory: flags.keepsGitDirectory,
      unpacks: flags.unpacks,
      ...this.#common(instruction, createdBy),
    };
  }

  #source(name: string): Origin {
    const { plan, stage, contexts } = this.#input;
    return sourceOf(name, plan.stages.slice(0, stage.index), contexts);
  }

  #configStep(instruction: Instruction, createdBy: string): Step {
    return { kind: 'config', ...this.#common(instruction, createdBy) };
  }

  #common({ place, text }: Instruction, createdBy: string): Pick<Step, 'place' | 'title' | 'createdBy'> {
    return { place, title: text.replaceAll(/\s+/g, ' '), createdBy };
  }
}

function copyOptions(
  { flags }: InstructionOf<'copy' | 'add'>,
  expand: (text: typeof flags.chown) => string | null,
): string[] {
  return [
    ...(flags.chown === null ? [] : [`--chown=${expand(flags.chown)}`]),
    ...(flags.chmod === null ? [] : [`--chmod=${expand(flags.chmod)}`]),
    ...(flags.hasParents ? ['--parents'] : []),
  ];
}

function withSlash(path: string, isDirectory: boolean): string {
  return isDirectory && !path.endsWith('/') ? `${path}/` : path;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
