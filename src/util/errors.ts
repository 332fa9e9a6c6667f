/** Every failure a user can meet has one of these codes; cli/exit-code.ts maps them to exit codes. */
export type ErrorCode =
  /** The command line cannot be read: an unknown command or flag, a flag without its value. */
  | 'COMMAND_LINE'
  /** It can be read, and asks for what does not go together. */
  | 'USAGE'
  | 'FILE_NOT_FOUND'
  | 'SYNTAX'
  | 'INVALID'
  | 'INTERPOLATION'
  | 'CYCLE'
  | 'LIMIT'
  | 'UNSUPPORTED'
  | 'NO_SERVICE'
  | 'IMAGE_NOT_FOUND'
  /** A step of a Dockerfile did not do what it should. */
  | 'BUILD_FAILED'
  /** A registry cannot be reached, or what it answers cannot be used. */
  | 'REGISTRY'
  | 'NETWORK_NOT_FOUND'
  | 'VOLUME_NOT_FOUND'
  | 'CONTAINER_NOT_FOUND'
  | 'NOT_RUNNING'
  | 'PORT_TAKEN'
  | 'ADDRESS_TAKEN'
  | 'SUBNET_CLASH'
  | 'NAME_TAKEN'
  | 'NO_PERMISSION'
  | 'NO_SPACE'
  | 'CGROUP_UNAVAILABLE'
  | 'USER_NOT_FOUND'
  | 'COMMAND_NOT_FOUND'
  | 'COMMAND_NOT_EXECUTABLE'
  | 'START_FAILED'
  /** The server that a container's output goes to cannot be reached. */
  | 'LOG_SERVER'
  | 'DEPENDENCY_FAILED'
  | 'UNHEALTHY'
  | 'UPDATE_FAILED'
  | 'HOOK_FAILED'
  | 'TIMEOUT'
  | 'SUPERVISOR'
  | 'PLAN_CHANGED'
  | 'KERNEL';

export interface ComposeErrorOptions {
  /** The next thing to try, one sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** The container's own exit code, where a command hands it on. */
  readonly exitCode?: number | undefined;
  /** The part of the project that is to blame, from its root on: whoever has the files shows the place. */
  readonly path?: ErrorPath | undefined;
  /** The same from a service on, thrown where the service's name is not known. */
  readonly attribute?: ErrorPath | undefined;
}

/** Keys and list positions. */
export type ErrorPath = readonly (string | number)[];

/** A failure that is the user's or the machine's, not ours: rendered as one message, never with a stack. */
export class ComposeError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly exitCode: number | undefined;
  readonly path: ErrorPath | undefined;
  readonly attribute: ErrorPath | undefined;

  constructor(code: ErrorCode, message: string, options: ComposeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ComposeError';
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode;
    this.path = options.path;
    this.attribute = options.attribute;
  }
}

/** The error with more known about it. */
export function about(error: ComposeError, options: ComposeErrorOptions, message = error.message): ComposeError {
  const { code, hint, exitCode, path, attribute } = error;
  return new ComposeError(code, message, { hint, exitCode, path, attribute, cause: error, ...options });
}

/** An error of `action` that names no attribute is about this one. */
export function blame<T>(attribute: ErrorPath, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof ComposeError && error.attribute === undefined ? about(error, { attribute }) : error;
  }
}

/** One error of several: itself when it is the only one, else an AggregateError whose message is that of the first. */
export function joinErrors(errors: readonly ComposeError[]): Error {
  const [first] = errors;
  if (first === undefined) throw new Error('there is no error to join');
  return errors.length === 1 ? first : new AggregateError(errors, first.message);
}
