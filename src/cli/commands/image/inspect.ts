import { listImages } from '../../../image/store/list.ts';
import { absent } from '../../../image/store/store.ts';
import { compileTemplate } from '../../../ui/template.ts';
import { defineCommand } from '../../command.ts';
import { withImageStore } from '../../image-store.ts';

export const imageInspect = defineCommand({
  name: 'image inspect',
  summary: 'Show all about images, as JSON',
  operands: { usage: 'IMAGE...', min: 1 },
  options: {
    format: { type: 'string', short: 'f', value: 'TEMPLATE', description: 'A template, such as {{.Id}}' },
  },
  settings: ({ format }, names) => ({ names, template: format === undefined ? null : compileTemplate(format) }),
  async run({ names, template }, context) {
    const rows = await withImageStore(context, async (store) => {
      const all = await listImages(store);
      return await Promise.all(
        names.map(async (name) => {
          const target = store.find(name);
          const summary = all.find(
            ({ manifestDigest, tags, digests, id }) =>
              manifestDigest === target?.digest ||
              id === name ||
              hasTarget(store, [...tags, ...digests], target?.digest),
          );
          if (target === null || summary === undefined) throw absent(name);
          const { document, manifest } = await store.readImage(summary);
          return {
            Id: summary.id,
            RepoTags: summary.tags,
            RepoDigests: summary.digests,
            Digest: summary.manifestDigest,
            Created: summary.createdAt ?? '',
            Author: document.author ?? '',
            Architecture: document.architecture,
            ...(document.variant === undefined ? {} : { Variant: document.variant }),
            Os: document.os,
            Size: summary.sizeBytes,
            Config: document.config ?? {},
            RootFS: { Type: 'layers', Layers: document.rootfs.diff_ids },
            Layers: document.rootfs.diff_ids.map((diffId, index) => ({
              DiffId: diffId,
              Digest: manifest.layers[index]?.digest ?? '',
              MediaType: manifest.layers[index]?.mediaType ?? '',
              PackedSize: manifest.layers[index]?.size ?? 0,
              Directory: store.layers.path(diffId),
            })),
            Metadata: { LastTagTime: summary.taggedAt ?? '' },
          };
        }),
      );
    });
    const text =
      template === null
        ? `${JSON.stringify(rows, null, 2)}\n`
        : rows.map((row) => `${template.render(row)}\n`).join('');
    context.stdout.write(text);
    return 0;
  },
});

function hasTarget(
  store: { reference(name: string): { readonly target: { readonly digest: string } } | null },
  names: readonly string[],
  digest: string | undefined,
): boolean {
  return digest !== undefined && names.some((name) => store.reference(name)?.target.digest === digest);
}
