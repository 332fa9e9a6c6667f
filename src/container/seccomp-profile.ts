/** A seccomp profile that a user wrote: OCI's form, with Docker's conditions on its rules. */
import { ComposeError } from '../util/errors.ts';
import type { OciSeccomp, OciSyscall } from './oci.ts';
import { seccompArchitectures } from './seccomp.ts';

export interface SeccompProfile extends Omit<OciSeccomp, 'syscalls'> {
  /** Docker's way to name architectures: the machine's own, with those that it also runs. */
  readonly archMap: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly rules: readonly ProfileRule[];
}

interface ProfileRule {
  readonly syscall: OciSyscall;
  /** All of which must hold. */
  readonly includes: Conditions;
  /** None of which may hold. */
  readonly excludes: Conditions;
}

interface Conditions {
  readonly arches: readonly string[];
  readonly caps: readonly string[];
  readonly minKernel: string | undefined;
}

/** Where a profile is used. */
export interface SeccompPlace {
  /** The bounding set of the container. */
  readonly capabilities: readonly string[];
  /** `process.arch`. */
  readonly arch: string;
  /** As uname(2) tells it. */
  readonly kernelRelease: string;
}

const actions: ReadonlySet<string> = new Set(
  ['KILL', 'KILL_PROCESS', 'KILL_THREAD', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG'].map((name) => `SCMP_ACT_${name}`),
);
const operators: ReadonlySet<string> = new Set(
  ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map((name) => `SCMP_CMP_${name}`),
);
const mostArguments = 6;

/** Reads a profile. Throws INVALID with the first thing that is wrong in it, and where. */
export function parseSeccompProfile(text: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`it is not JSON: ${(error as Error).message}`);
  }
  const { defaultAction, defaultErrnoRet, architectures, archMap, flags, syscalls } = mapOf(value, '');
  const profile: SeccompProfile = {
    defaultAction: wordOf(defaultAction, 'defaultAction', actions),
    ...optional('defaultErrnoRet', defaultErrnoRet, ''),
    architectures: textsOf(architectures, 'architectures'),
    archMap: listOf(archMap, 'archMap').map((entry, index) => {
      const at = `archMap[${index}]`;
      const { architecture, subArchitectures } = mapOf(entry, at);
      return {
        architecture: textOf(architecture, `${at}.architecture`),
        subArchitectures: textsOf(subArchitectures, `${at}.subArchitectures`),
      };
    }),
    ...(flags === undefined ? {} : { flags: textsOf(flags, 'flags') }),
    rules: listOf(syscalls, 'syscalls').map((rule, index) => ruleOf(rule, `syscalls[${index}]`)),
  };
  if (profile.architectures?.length && profile.archMap.length > 0) {
    throw invalid('it has both architectures and archMap, of which it may have one');
  }
  return profile;
}

/** The filter that a profile means in one place. */
export function resolveSeccompProfile(profile: SeccompProfile, place: SeccompPlace): OciSeccomp {
  const { archMap, rules, architectures, ...rest } = profile;
  const [own] = seccompArchitectures[place.arch]?.all ?? [];
  const mapped = archMap.find(({ architecture }) => architecture === own);
  return {
    ...rest,
    architectures: mapped === undefined ? (architectures ?? []) : [mapped.architecture, ...mapped.subArchitectures],
    syscalls: rules
      .filter(({ includes, excludes }) => holdsAll(includes, place) && !holdsAny(excludes, place))
      .map(({ syscall }) => syscall),
  };
}

function holdsAll({ arches, caps, minKernel }: Conditions, place: SeccompPlace): boolean {
  return (
    (arches.length === 0 || arches.includes(nameOf(place))) &&
    caps.every((name) => place.capabilities.includes(name)) &&
    (minKernel === undefined || isAtLeast(place.kernelRelease, minKernel))
  );
}

function holdsAny({ arches, caps, minKernel }: Conditions, place: SeccompPlace): boolean {
  return (
    arches.includes(nameOf(place)) ||
    caps.some((name) => place.capabilities.includes(name)) ||
    (minKernel !== undefined && isAtLeast(place.kernelRelease, minKernel))
  );
}

function nameOf({ arch }: SeccompPlace): string {
  return seccompArchitectures[arch]?.name ?? arch;
}

function isAtLeast(release: string, wanted: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function ruleOf(value: unknown, at: string): ProfileRule {
  const { name, names, action, errnoRet, args, includes, excludes } = mapOf(value, at);
  if (isGiven(name) && listOf(names, `${at}.names`).length > 0) {
    throw invalid(`${at}: it has both name and names, of which it may have one`);
  }
  const all = isGiven(name) ? [textOf(name, `${at}.name`)] : textsOf(names, `${at}.names`);
  if (all.length === 0) throw invalid(`${at}.names names no system call`);
  return {
    syscall: {
      names: all,
      action: wordOf(action, `${at}.action`, actions),
      ...optional('errnoRet', errnoRet, `${at}.`),
      args: listOf(args, `${at}.args`).map((argument, index) => argumentOf(argument, `${at}.args[${index}]`)),
    },
    includes: conditionsOf(includes, `${at}.includes`),
    excludes: conditionsOf(excludes, `${at}.excludes`),
  };
}

function argumentOf(value: unknown, at: string): NonNullable<OciSyscall['args']>[number] {
  const argument = mapOf(value, at);
  const index = numberOf(argument.index, `${at}.index`);
  if (index >= mostArguments) throw invalid(`${at}.index: must be between 0 and ${mostArguments - 1}`);
  return {
    index,
    value: numberOf(argument.value, `${at}.value`),
    ...optional('valueTwo', argument.valueTwo, `${at}.`),
    op: wordOf(argument.op, `${at}.op`, operators),
  };
}

function conditionsOf(value: unknown, at: string): Conditions {
  const { arches, caps, minKernel } = isGiven(value) ? mapOf(value, at) : {};
  if (isGiven(minKernel) && !/^\d+\.\d+$/.test(String(minKernel))) {
    throw invalid(`${at}.minKernel: a version such as 4.8 was expected`);
  }
  return {
    arches: textsOf(arches, `${at}.arches`),
    caps: textsOf(caps, `${at}.caps`),
    minKernel: isGiven(minKernel) ? String(minKernel) : undefined,
  };
}

/** Go writes null for what is absent. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function mapOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw invalid(at === '' ? 'a map was expected' : `${at}: a map was expected`);
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw invalid(`${at}: a list was expected`);
}

function textsOf(value: unknown, at: string): string[] {
  return listOf(value, at).map((each, index) => textOf(each, `${at}[${index}]`));
}

function textOf(value: unknown, at: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(value === undefined ? `${at} is missing` : `${at}: a text was expected`);
}

function wordOf(value: unknown, at: string, words: ReadonlySet<string>): string {
  const text = textOf(value, at);
  if (words.has(text)) return text;
  throw invalid(`${at}: there is no ${JSON.stringify(text)}`);
}

function numberOf(value: unknown, at: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw invalid(value === undefined ? `${at} is missing` : `${at}: a whole number was expected`);
}

function optional<Key extends string>(key: Key, value: unknown, before: string): { readonly [K in Key]?: number } {
  if (!isGiven(value)) return {};
  return { [key]: numberOf(value, before + key) } as { readonly [K in Key]?: number };
}

function invalid(message: string): ComposeError {
  return new ComposeError('INVALID', message);
}
