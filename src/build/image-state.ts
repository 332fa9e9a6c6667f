import type { StoredImage } from '../image/store/resolve.ts';
import type { StageState } from './stage-state.ts';

/** What a stage has that begins with an image. */
export function imageState({ manifest, document }: StoredImage): StageState {
  const { diff_ids: diffIds } = document.rootfs;
  const layers = diffIds.map((diffId, index) => {
    const blob = manifest.layers[index];
    if (blob === undefined) throw new Error('an image has as many archives as layers');
    return { diffId, blob };
  });
  const history = document.history ?? [];
  return { layers, history, createdAt: document.created ?? history.at(-1)?.created ?? '1970-01-01T00:00:00Z' };
}
