/** The configuration of an image while a stage changes it. */
import { constants } from 'node:os';
import type { RunConfig } from '../../image/oci.ts';
import { defaultPath } from '../../model/image.ts';
import { nearest } from '../../util/nearest.ts';
import type { CommandText, Instruction, InstructionOf } from '../dockerfile/instruction.ts';
import { DockerfileProblem } from '../dockerfile/problem.ts';
import type { Expander } from './variables.ts';

const defaultShell: readonly string[] = ['/bin/sh', '-c'];

type ConfigInstruction = Exclude<
  Instruction,
  { kind: 'from' | 'run' | 'copy' | 'add' | 'workdir' | 'arg' | 'onbuild' }
>;

export class ConfigDraft {
  #config: { -readonly [K in keyof RunConfig]: RunConfig[K] };
  readonly #env = new Map<string, string>();
  #hasOwnCommand = false;
  author: string;

  constructor(base: RunConfig, author: string) {
    const { OnBuild: _triggers, ...rest } = base;
    this.#config = { ...rest };
    this.author = author;
    for (const entry of base.Env ?? []) {
      const [, name = entry, value = ''] = /^([^=]*)=(.*)$/s.exec(entry) ?? [];
      this.#env.set(name, value);
    }
    if (!this.#env.has('PATH')) this.#env.set('PATH', defaultPath);
  }

  variable(name: string): string | undefined {
    return this.#env.get(name);
  }

  get variables(): ReadonlyMap<string, string> {
    return this.#env;
  }

  get shell(): readonly string[] {
    return this.#config.Shell?.length ? this.#config.Shell : defaultShell;
  }

  get user(): string {
    return this.#config.User ?? '';
  }

  get workingDirectory(): string {
    return this.#config.WorkingDir || '/';
  }

  set workingDirectory(path: string) {
    this.#config.WorkingDir = path;
  }

  finish(): RunConfig {
    return { ...this.#config, Env: [...this.#env].map(([name, value]) => `${name}=${value}`) };
  }

  addTrigger(trigger: string): void {
    this.#config.OnBuild = [...(this.#config.OnBuild ?? []), trigger];
  }

  /** Takes the change over; the result is what the history says. */
  apply(instruction: ConfigInstruction, expander: Expander): string {
    switch (instruction.kind) {
      case 'env': {
        const pairs = instruction.pairs.map(({ name, value }) => [expander.word(name), expander.word(value)] as const);
        for (const [name, value] of pairs) this.#env.set(name, value);
        return `ENV ${pairs.map((pair) => pair.join('=')).join(' ')}`;
      }
      case 'label': {
        const pairs = instruction.pairs.map(({ name, value }) => [expander.word(name), expander.word(value)] as const);
        this.#config.Labels = { ...this.#config.Labels, ...Object.fromEntries(pairs) };
        return `LABEL ${pairs.map((pair) => pair.join('=')).join(' ')}`;
      }
      case 'cmd':
        this.#hasOwnCommand = true;
        this.#config.Cmd = commandArgs(instruction.command, this.shell);
        return `CMD ${asList(this.#config.Cmd)}`;
      case 'entrypoint':
        this.#config.Entrypoint = commandArgs(instruction.command, this.shell);
        // The base's command was meant for the base's entrypoint.
        if (!this.#hasOwnCommand) delete this.#config.Cmd;
        return `ENTRYPOINT ${asList(this.#config.Entrypoint)}`;
      case 'shell':
        this.#config.Shell = instruction.args;
        return `SHELL [${instruction.args.join(' ')}]`;
      case 'expose':
        return this.#expose(instruction, expander);
      case 'volume': {
        const paths = instruction.paths.flatMap((path) => {
          const word = expander.word(path);
          if (word === '') throw new DockerfileProblem(path.place, 'the path of a volume is empty');
          return [word];
        });
        this.#config.Volumes = { ...this.#config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
        return `VOLUME [${paths.join(' ')}]`;
      }
      case 'user':
        this.#config.User = expander.word(instruction.user);
        return `USER ${this.#config.User}`;
      case 'stopsignal':
        this.#config.StopSignal = signalOf(instruction, expander);
        return `STOPSIGNAL ${this.#config.StopSignal}`;
      case 'maintainer':
        this.author = instruction.name;
        return `MAINTAINER ${instruction.name}`;
      case 'healthcheck':
        this.#config.Healthcheck = healthcheckOf(instruction);
        return instruction.text;
    }
  }

  #expose({ ports }: InstructionOf<'expose'>, expander: Expander): string {
    const exposed: Record<string, object> = { ...this.#config.ExposedPorts };
    const shown: string[] = [];
    for (const port of ports) {
      for (const word of expander.words(port)) {
        const [, first, last, protocol = 'tcp'] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? [];
        const from = Number(first);
        const to = Number(last ?? first);
        if (first === undefined || from > to || to > 65_535 || from === 0) {
          const hint = 'such as 80, 53/udp or 8000-8010';
          throw new DockerfileProblem(port.place, `${JSON.stringify(word)} is not a port`, hint);
        }
        for (let number = from; number <= to; number++) {
          exposed[`${number}/${protocol.toLowerCase()}`] = {};
          shown.push(`${number}/${protocol.toLowerCase()}:{}`);
        }
      }
    }
    this.#config.ExposedPorts = Object.fromEntries(Object.entries(exposed).sort(([a], [b]) => (a < b ? -1 : 1)));
    return `EXPOSE map[${shown.sort().join(' ')}]`;
  }
}

/** As Docker's histories have them. */
function asList(args: readonly string[]): string {
  return `[${args.map((arg) => JSON.stringify(arg)).join(' ')}]`;
}

/** What a command's process is started with. */
export function commandArgs(command: CommandText, shell: readonly string[]): readonly string[] {
  return command.form === 'exec' ? command.args : [...shell, command.line];
}

function signalOf({ signal }: InstructionOf<'stopsignal'>, expander: Expander): string {
  const word = expander.word(signal);
  const number = Number(word);
  if (/^\d+$/.test(word) && number >= 1 && number <= 64) return word;
  const name = word.toUpperCase().startsWith('SIG') ? word.toUpperCase() : `SIG${word.toUpperCase()}`;
  if (Object.hasOwn(constants.signals, name) || /^SIGRTM(IN(\+\d+)?|AX(-\d+)?)$/.test(name)) return word;
  const similar = nearest(name, Object.keys(constants.signals));
  throw new DockerfileProblem(
    signal.place,
    `there is no signal ${word}`,
    similar === undefined ? undefined : `did you mean ${similar}?`,
  );
}

/** The shell form is for the image's shell, which whoever runs the check knows. */
function healthcheckOf({
  command,
  intervalNs,
  timeoutNs,
  startPeriodNs,
  startIntervalNs,
  retries,
}: InstructionOf<'healthcheck'>): NonNullable<RunConfig['Healthcheck']> {
  if (command === null) return { Test: ['NONE'] };
  const test = command.form === 'exec' ? ['CMD', ...command.args] : ['CMD-SHELL', command.line];
  return {
    Test: test,
    ...(intervalNs ? { Interval: Number(intervalNs) } : {}),
    ...(timeoutNs ? { Timeout: Number(timeoutNs) } : {}),
    ...(startPeriodNs ? { StartPeriod: Number(startPeriodNs) } : {}),
    ...(startIntervalNs ? { StartInterval: Number(startIntervalNs) } : {}),
    ...(retries ? { Retries: retries } : {}),
  };
}
