/** What goes wrong between us and a registry, in words. Nothing that a registry sends is printed as it came. */
import { ComposeError } from '../../util/errors.ts';
import { formatReference, type ImageReference } from '../reference.ts';

/** fetch and Node hide what happened in causes, and where several addresses were tried in a list. */
export function codeOf(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    const inner = each instanceof AggregateError ? (each.errors[0] as unknown) : each;
    const code = inner instanceof Error ? (inner as NodeJS.ErrnoException).code : undefined;
    if (typeof code === 'string') return code;
  }
  return '';
}

/** Whether trying again may help: the connection was there, or the name will be known in a moment. */
export function isDroppedConnection(error: unknown): boolean {
  return [
    'ECONNRESET',
    'EPIPE',
    'EAI_AGAIN',
    'ETIMEDOUT',
    'ERR_STREAM_PREMATURE_CLOSE',
    'HPE_INVALID_EOF_STATE',
  ].includes(codeOf(error));
}

export function isCertificateProblem(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH/.test(code);
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name is unknown',
  EAI_AGAIN: 'its name cannot be looked up',
  ECONNRESET: 'the connection breaks',
  EPIPE: 'the connection breaks',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection breaks',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  EPROTO: 'it speaks no TLS',
};

/** REGISTRY: no answer came. */
export function unreachable(host: string, cause: unknown): ComposeError {
  const code = codeOf(cause);
  const isUntrusted = isCertificateProblem(code);
  const isGarbage = code.startsWith('HPE_');
  const reason = isUntrusted
    ? `its certificate is not trusted (${code})`
    : isGarbage
      ? 'what it answers is no HTTP'
      : (reasons[code] ?? (code || (cause instanceof Error ? cause.message : '')));
  return new ComposeError('REGISTRY', `cannot reach registry ${host}${reason === '' ? '' : `: ${reason}`}`, {
    cause,
    ...(isUntrusted ? { hint: `put the certificate of its authority into /etc/docker/certs.d/${host}/ca.crt` } : {}),
  });
}

/** What is being attempted on an image, for the messages. */
export type Attempt = 'look up' | 'pull' | 'push';

/** REGISTRY: it answers, and the answer cannot be used. */
export function complaint(attempt: Attempt, image: ImageReference, reason: string, cause?: unknown): ComposeError {
  const message = `cannot ${attempt} image ${formatReference(image)} ${prepositions[attempt]} ${image.domain}: ${reason}`;
  return new ComposeError('REGISTRY', message, cause === undefined ? {} : { cause });
}

const prepositions = { 'look up': 'in', pull: 'from', push: 'to' } as const;
const verbs = { 'look up': 'see', pull: 'pull', push: 'push' } as const;

/** For a status that says no. `given`: whether credentials were sent. `words`: the codes of the registry's own errors. */
export function refusal(
  attempt: Attempt,
  image: ImageReference,
  status: number,
  { given, words }: { readonly given: boolean; readonly words: readonly string[] },
): ComposeError {
  const { domain } = image;
  const name = formatReference(image);
  if (status === 404 && attempt !== 'push') {
    return new ComposeError('IMAGE_NOT_FOUND', `image ${name} does not exist: registry ${domain} does not know it`, {
      hint: 'check the name and the tag',
    });
  }
  if (status === 401 || status === 403 || words.includes('DENIED') || words.includes('UNAUTHORIZED')) {
    const reason = given
      ? status === 403 || words.includes('DENIED')
        ? 'the credentials do not allow it'
        : 'it refuses the credentials'
      : 'it asks for credentials';
    return new ComposeError(
      'NO_PERMISSION',
      `registry ${domain} does not let us ${verbs[attempt]} image ${name}: ${reason}`,
      { hint: `log in with: tscompose login${domain === 'docker.io' ? '' : ` ${domain}`}` },
    );
  }
  const said = words.length === 0 ? '' : ` (${words.join(', ')})`;
  if (status === 429) return complaint(attempt, image, `it has had too many requests from us${said}`);
  return complaint(attempt, image, `it answers with status ${status}${said}`);
}

/** The codes of a registry's errors, `{"errors":[{"code":"NAME_UNKNOWN"}]}`: words of the specification and alike. */
export function errorWords(body: string): string[] {
  try {
    const { errors } = JSON.parse(body) as { errors?: unknown };
    if (!Array.isArray(errors)) return [];
    const codes = errors.map((error: { code?: unknown } | null) => error?.code);
    return [
      ...new Set(codes.filter((code): code is string => typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code))),
    ];
  } catch {
    return [];
  }
}
