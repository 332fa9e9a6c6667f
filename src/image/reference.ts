/** References of images in Docker's grammar: `[DOMAIN[:PORT]/]PATH[:TAG][@DIGEST]`. */
import { ComposeError } from '../util/errors.ts';

export interface ImageReference {
  /** The registry, with its port when one is given. */
  readonly domain: string;
  /** Path of the repository in the registry, such as `library/redis`. */
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

const defaultDomain = 'docker.io';
const maxLength = 1024;
const maxRepositoryLength = 255;

const label = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const domainPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9A-Fa-f:]+\\])(?::[0-9]{1,5})?$`);
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

/** Whether `text` is a digest in an algorithm registries use. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/**
 * Reads a reference; a missing registry is docker.io, whose images without a directory are in `library`. Throws INVALID.
 */
export function parseReference(text: string): ImageReference {
  if (text.length > maxLength) throw invalid(`${text.slice(0, 60)}…`, `it is longer than ${maxLength} characters`);
  if (/^[0-9a-f]{64}$/.test(text)) throw invalid(text, 'it looks like the id of an image');
  const at = text.indexOf('@');
  const digest = at < 0 ? null : text.slice(at + 1);
  const tagged = at < 0 ? text : text.slice(0, at);
  const colon = tagged.lastIndexOf(':');
  // A colon before a slash belongs to a port.
  const hasTag = colon >= 0 && !tagged.includes('/', colon);
  const tag = hasTag ? tagged.slice(colon + 1) : null;
  const [domain, repository] = splitDomain(hasTag ? tagged.slice(0, colon) : tagged);

  if (!domainPattern.test(domain)) throw invalid(text, `${quote(domain)} cannot be a registry`);
  if (!repositoryPattern.test(repository)) {
    const reason = /[A-Z]/.test(repository) ? 'must be in lower case' : 'cannot be a name';
    throw invalid(text, `${quote(repository)} ${reason}`);
  }
  if (repository.length > maxRepositoryLength) throw invalid(text, `its name is longer than ${maxRepositoryLength}`);
  if (tag !== null && !tagPattern.test(tag)) throw invalid(text, `${quote(tag)} cannot be a tag`);
  if (digest !== null && !isDigest(digest)) throw invalid(text, `${quote(digest)} is no digest`);
  return { domain, repository, tag, digest };
}

/** The registry that `docker login` would mean: an address with or without `https://`. Throws INVALID. */
export function parseRegistry(text: string): string {
  const domain = text.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
  if (!domainPattern.test(domain)) {
    throw new ComposeError('INVALID', `${quote(text)} is not a valid registry`, { hint: 'write it as HOST[:PORT]' });
  }
  return domain === 'index.docker.io' || domain === 'registry-1.docker.io' ? defaultDomain : domain;
}

/** The whole reference, with nothing left to defaults but the tag. */
export function formatReference({ domain, repository, tag, digest }: ImageReference): string {
  return `${domain}/${repository}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
}

/** As people write it: without the default registry and its directory. */
export function familiarName(reference: ImageReference): string {
  return formatReference(reference).replace(/^docker\.io\/(?:library\/)?/, '');
}

/** The reference with the tag `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  return reference.tag === null && reference.digest === null ? { ...reference, tag: 'latest' } : reference;
}

function splitDomain(name: string): readonly [domain: string, repository: string] {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isDomain = slash >= 0 && (/[.:A-Z]/.test(first) || first === 'localhost');
  const domain = !isDomain || first === 'index.docker.io' ? defaultDomain : first;
  const path = isDomain ? name.slice(slash + 1) : name;
  return [domain, domain === defaultDomain && path !== '' && !path.includes('/') ? `library/${path}` : path];
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function invalid(text: string, reason: string): ComposeError {
  return new ComposeError('INVALID', `image ${quote(text)} is not a valid reference: ${reason}`, {
    hint: 'write it as [REGISTRY/]NAME[:TAG][@sha256:…]',
  });
}
