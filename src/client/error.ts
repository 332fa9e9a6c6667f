import type { ErrorData } from '../model/events.ts';
import { ComposeError, type ErrorCode, joinErrors } from '../util/errors.ts';

/** A failure that the supervisor reported, with the last lines of the log of the container that is to blame. */
export class RemoteError extends ComposeError {
  readonly log: readonly string[];

  constructor({ code, message, hint, exitCode, path, log }: ErrorData) {
    super(code as ErrorCode, message, {
      hint: hint ?? undefined,
      exitCode: exitCode ?? undefined,
      path: path ?? undefined,
    });
    this.log = log;
  }
}

/** What the supervisor reported: one error, or an AggregateError of several. */
export function remoteError(data: ErrorData): Error {
  return joinErrors([data, ...(data.others ?? [])].map((each) => new RemoteError(each)));
}

/** The body of an answer that is no success, as an error. */
export function errorFromBody(status: number, body: string): ComposeError {
  let data: Partial<ErrorData> & { error?: Partial<ErrorData> } = {};
  try {
    data = JSON.parse(body) ?? {};
  } catch {
    // Not from our API: the status has to do.
  }
  const {
    code = 'SUPERVISOR',
    message = `the supervisor answered ${status}`,
    hint,
    exitCode,
    log,
  } = data.error ?? data;
  return new RemoteError({ code, message, hint: hint ?? null, exitCode: exitCode ?? null, log: log ?? [] });
}
