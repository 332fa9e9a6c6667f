/** What a stage is while it is built: its layers and the history of its image. */
import type { HistoryEntry } from '../image/oci.ts';
import { overlayOrder } from '../model/image.ts';
import type { BuiltLayer } from './cache.ts';

export interface StageState {
  /** Bottom first. */
  readonly layers: readonly BuiltLayer[];
  readonly history: readonly HistoryEntry[];
  /** When the latest layer was made. */
  readonly createdAt: string;
}

/** Directories of the layers, top first, each once, as an overlay wants them. */
export function layerDirectories({ layers }: StageState, pathOf: (diffId: string) => string): string[] {
  return overlayOrder(layers.map(({ diffId }) => pathOf(diffId)));
}

/** Stands for what the stage's files are. */
export function chainOf({ layers }: StageState): string[] {
  return layers.map(({ diffId }) => diffId);
}

export function withLayer(
  { layers, history, createdAt }: StageState,
  layer: BuiltLayer | null,
  entry: { readonly createdBy: string; readonly createdAt: string | null },
): StageState {
  const at = entry.createdAt ?? createdAt;
  const line: HistoryEntry = {
    created: at,
    created_by: entry.createdBy,
    comment: 'tscompose',
    ...(layer === null ? { empty_layer: true } : {}),
  };
  return { layers: layer === null ? layers : [...layers, layer], history: [...history, line], createdAt: at };
}
