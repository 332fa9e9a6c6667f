/** `--filter` of `image ls`, as Docker has it: values of one key are alternatives, labels and keys all have to fit. */
import { pathPattern } from '../build/context/pattern.ts';
import { familiarName, parseReference } from '../image/reference.ts';
import type { ImageSummary } from '../image/store/list.ts';
import { ComposeError } from '../util/errors.ts';
import { didYouMean } from '../util/nearest.ts';

const keys = ['dangling', 'label', 'before', 'since', 'reference'] as const;
type Key = (typeof keys)[number];

/** Images that fit, with their names that do. Throws USAGE, IMAGE_NOT_FOUND. */
export function filterImages(images: readonly ImageSummary[], filters: readonly string[]): ImageSummary[] {
  const given = new Map<Key, string[]>();
  for (const filter of filters) {
    const { key, value } = parseFilter(filter);
    given.set(key, [...(given.get(key) ?? []), value]);
  }
  const before = (given.get('before') ?? []).map((name) => createdAt(images, name));
  const since = (given.get('since') ?? []).map((name) => createdAt(images, name));
  const dangling = given.get('dangling')?.map((value) => booleanOf(value));
  const patterns = given.get('reference');
  return images.flatMap((image) => {
    const created = image.createdAt ?? '';
    const fits =
      (dangling === undefined || dangling.includes(image.tags.length === 0)) &&
      (given.get('label') ?? []).every((label) => hasLabel(image, label)) &&
      (before.length === 0 || before.some((time) => created < time)) &&
      (since.length === 0 || since.some((time) => created > time));
    if (!fits) return [];
    if (patterns === undefined) return [image];
    const tags = image.tags.filter((tag) => patterns.some((pattern) => isNamed(tag, pattern)));
    return tags.length === 0 ? [] : [{ ...image, tags }];
  });
}

function parseFilter(filter: string): { readonly key: Key; readonly value: string } {
  const equals = filter.indexOf('=');
  const name = equals < 0 ? filter : filter.slice(0, equals);
  const key = keys.find((each) => each === name);
  if (key === undefined || equals < 0) {
    throw new ComposeError('USAGE', `--filter: cannot read ${JSON.stringify(filter)}`, {
      hint: (key === undefined ? didYouMean(name, keys) : undefined) ?? `write KEY=VALUE; keys are ${keys.join(', ')}`,
    });
  }
  return { key, value: filter.slice(equals + 1) };
}

function booleanOf(value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new ComposeError('USAGE', `--filter: dangling is true or false, and not ${JSON.stringify(value)}`);
}

function hasLabel({ labels }: ImageSummary, label: string): boolean {
  const equals = label.indexOf('=');
  if (equals < 0) return Object.hasOwn(labels, label);
  return labels[label.slice(0, equals)] === label.slice(equals + 1);
}

function createdAt(images: readonly ImageSummary[], name: string): string {
  const found = images.find(
    ({ id, tags }) =>
      (/^[0-9a-f]{4,64}$/.test(name) && id.startsWith(`sha256:${name}`)) ||
      id === name ||
      tags.some((tag) => tag === wholeName(name)),
  );
  if (found !== undefined) return found.createdAt ?? '';
  throw new ComposeError('IMAGE_NOT_FOUND', `--filter: image ${name} is not on this machine`);
}

function wholeName(name: string): string | null {
  try {
    const { domain, repository, tag } = parseReference(name);
    return `${domain}/${repository}:${tag ?? 'latest'}`;
  } catch {
    return null;
  }
}

/** With its tag, or without. */
function isNamed(tag: string, pattern: string): boolean {
  const expression = pathPattern(pattern, 'name');
  if (expression === null) {
    throw new ComposeError('USAGE', `--filter: the pattern ${JSON.stringify(pattern)} cannot be read`);
  }
  const reference = parseReference(tag);
  const name = familiarName({ ...reference, tag: null, digest: null });
  return expression.test(name) || expression.test(`${name}:${reference.tag}`);
}
