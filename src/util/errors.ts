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
  | 'DEPENDENCY_FAILED'
  | 'UNHEALTHY'
  | 'TIMEOUT'
  | 'SUPERVISOR'
  | 'PLAN_CHANGED'
  | 'KERNEL';

export interface ComposeErrorOptions {
  /** The next thing to try, one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** The container's own exit code, where a command hands it on. */
  readonly exitCode?: number;
}

/** A failure that is the user's or the machine's, not ours: rendered as one message, never with a stack. */
export class ComposeError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly exitCode: number | undefined;

  constructor(code: ErrorCode, message: string, options: ComposeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ComposeError';
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode;
  }
}

/** A system call of the native core failed. */
export class NativeError extends ComposeError {
  readonly errno: number;
  readonly syscall: string;
  readonly step: string;

  constructor(
    code: ErrorCode,
    message: string,
    details: { errno: number; syscall: string; step: string } & ComposeErrorOptions,
  ) {
    super(code, message, details);
    this.name = 'NativeError';
    this.errno = details.errno;
    this.syscall = details.syscall;
    this.step = details.step;
  }
}
