import { familiarName, parseReference } from '../../../image/reference.ts';
import { type ImageSummary, listImages } from '../../../image/store/list.ts';
import { formatImageSize } from '../../../model/bytes.ts';
import { formatAge } from '../../../ui/age.ts';
import { formatList } from '../../../ui/list.ts';
import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { filterImages } from '../../image-filter.ts';
import { withImageStore } from '../../image-store.ts';

export const imageLs = defineCommand({
  name: 'image ls',
  summary: 'List images',
  operands: { usage: '[NAME]', max: 1 },
  options: {
    all: { type: 'boolean', short: 'a', description: 'Also images without a name that others are made of' },
    digests: { type: 'boolean', description: 'Show digests' },
    filter: {
      type: 'strings',
      short: 'f',
      value: 'FILTER',
      description: 'dangling=, label=, before=, since=, reference=; repeatable',
    },
    format: { type: 'string', value: 'FORMAT', description: 'table, json or a template' },
    noTrunc: { type: 'boolean', description: 'Whole ids' },
    quiet: { type: 'boolean', short: 'q', description: 'Only ids' },
  },
  settings: ({ digests, filter, format, noTrunc, quiet }, [name]) => ({
    name,
    filters: filter ?? [],
    format,
    hasDigests: digests ?? false,
    isWhole: noTrunc ?? false,
    isQuiet: quiet ?? false,
  }),
  async run({ name, filters, format, hasDigests, isWhole, isQuiet }, context) {
    const images = filterImages(await withImageStore(context, listImages), filters);
    const rows = images
      .flatMap((image) => rowsOf(image, { isWhole, context }))
      .filter(({ Repository, Tag }) => name === undefined || name === Repository || name === `${Repository}:${Tag}`);
    if (isQuiet) {
      context.stdout.write([...new Set(rows.map(({ ID }) => `${ID}\n`))].join(''));
      return 0;
    }
    const columns = [
      ['REPOSITORY', 'Repository'],
      ['TAG', 'Tag'],
    ] as [string, string][];
    if (hasDigests) columns.push(['DIGEST', 'Digest']);
    columns.push(['IMAGE ID', 'ID'], ['CREATED', 'CreatedSince'], ['SIZE', 'Size']);
    context.stdout.write(formatList(format, rows, { columns }));
    return 0;
  },
});

/** One row a name, as Docker shows them. */
function rowsOf(image: ImageSummary, { isWhole, context }: { readonly isWhole: boolean; readonly context: Context }) {
  const { tags, digests, id, createdAt, sizeBytes } = image;
  const names = tags.length > 0 ? tags : digests.length > 0 ? digests : [null];
  const ageMs = createdAt === null ? null : context.clock.now().getTime() - Date.parse(createdAt);
  return names.map((name) => {
    const reference = name === null ? null : parseReference(name);
    const repository = reference === null ? '<none>' : familiarName({ ...reference, tag: null, digest: null });
    return {
      Repository: repository,
      Tag: reference?.tag ?? '<none>',
      Digest: digestIn(digests, reference) ?? '<none>',
      ID: isWhole ? id : id.slice('sha256:'.length, 19),
      CreatedSince: ageMs === null || Number.isNaN(ageMs) ? 'N/A' : `${formatAge(Math.max(0, ageMs))} ago`,
      CreatedAt: createdAt ?? 'N/A',
      Size: formatImageSize(sizeBytes),
      Platform: image.platform,
    };
  });
}

function digestIn(digests: readonly string[], reference: ReturnType<typeof parseReference> | null): string | undefined {
  if (reference === null) return undefined;
  const prefix = `${reference.domain}/${reference.repository}@`;
  return digests.find((digest) => digest.startsWith(prefix))?.slice(prefix.length);
}
