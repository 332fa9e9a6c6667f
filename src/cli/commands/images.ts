import { formatPlatform, machine } from '../../image/platform.ts';
import { familiarName, parseReference } from '../../image/reference.ts';
import { listImages } from '../../image/store/list.ts';
import { formatImageSize } from '../../model/bytes.ts';
import { formatAge } from '../../ui/age.ts';
import { formatTable } from '../../ui/table.ts';
import { defineCommand } from '../command.ts';
import { chosenForm, tableFormat } from '../format-option.ts';
import { withImageStore } from '../image-store.ts';
import { containersOf, observeProject } from '../observation.ts';
import { checkServices } from '../services.ts';
import { openProjectOrName } from '../session.ts';

export const images = defineCommand({
  name: 'images',
  summary: 'List images of the created containers',
  operands: { usage: '[SERVICE...]' },
  options: {
    format: tableFormat,
    quiet: { type: 'boolean', short: 'q', description: 'Only ids' },
  },
  settings({ format, quiet }, services) {
    const form = chosenForm(format, ['table', 'json']);
    return { services, form: quiet ? ('ids' as const) : form };
  },
  async run({ services, form }, context) {
    await using session = await openProjectOrName(context, { services, supervisor: 'leave' });
    const observed = await observeProject(session.projectName, context);
    if (session.project !== null) checkServices(new Set(Object.keys(session.project.services)), services);
    const known = await withImageStore(
      context,
      async (store) => new Map((await listImages(store)).map((image) => [image.id, image])),
    );
    const rows = containersOf(observed, services, { oneOffs: 'include' })
      .map(({ record }) => {
        const image = known.get(record.imageDigest);
        const { repository, tag } = namesOf(record.imageReference);
        return {
          ID: record.imageDigest,
          ContainerName: record.name,
          Repository: repository,
          Tag: tag,
          Platform: image?.platform ?? formatPlatform(machine()),
          Size: image?.sizeBytes ?? 0,
          Created: image?.createdAt ?? '',
          LastTagTime: image?.taggedAt ?? '',
        };
      })
      .sort((a, b) => (a.ContainerName < b.ContainerName ? -1 : 1));
    const { stdout, clock } = context;
    if (form === 'json') stdout.write(`${JSON.stringify(rows)}\n`);
    else if (form === 'ids')
      stdout.write([...new Set(rows.map(({ ID }) => `${ID.replace(/^sha256:/, '')}\n`))].join(''));
    else {
      const lines = rows.map(({ ContainerName, Repository, Tag, Platform, ID, Size, Created }) => [
        ContainerName,
        Repository,
        Tag,
        Platform,
        ID.replace(/^sha256:/, '').slice(0, 12),
        formatImageSize(Size),
        Created === '' ? 'N/A' : `${formatAge(Math.max(0, clock.now().getTime() - Date.parse(Created)))} ago`,
      ]);
      const header = ['CONTAINER', 'REPOSITORY', 'TAG', 'PLATFORM', 'IMAGE ID', 'SIZE', 'CREATED'];
      stdout.write(formatTable(header, lines, { minWidth: 20 }));
    }
    return 0;
  },
});

function namesOf(reference: string): { readonly repository: string; readonly tag: string } {
  if (reference.startsWith('rootfs:')) return { repository: reference, tag: '' };
  const parsed = parseReference(reference);
  return {
    repository: familiarName({ ...parsed, tag: null, digest: null }),
    tag: parsed.tag ?? (parsed.digest === null ? 'latest' : '<none>'),
  };
}
