import assert from 'node:assert/strict';
import type { LayerEvent } from '../../../src/model/events.ts';
import { layerLines, layerSum } from '../../../src/ui/layers.ts';

const layer = (status: LayerEvent['status'], currentBytes: number, totalBytes: number): LayerEvent => ({
  type: 'layer',
  resource: 'x',
  digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
  status,
  currentBytes,
  totalBytes,
});

describe('layers on their way', () => {
  it('show how far each is, until it is there', () => {
    assert.deepEqual(
      layerLines([layer('downloading', 512, 1024), layer('unpacking', 1, 1), layer('done', 1, 1)], 80, 8),
      ['0123456789ab Downloading [===========>            ] 512 B / 1 KiB', '0123456789ab Extracting'],
    );
    assert.deepEqual(layerLines([layer('downloading', 0, 0)], 80, 8), ['0123456789ab Downloading']);
  });

  it('have no bar where there is no room for it, and are counted where they are too many', () => {
    const layers = [layer('downloading', 512, 1024), layer('waiting', 0, 1), layer('unpacking', 1, 1)];
    assert.deepEqual(layerLines(layers, 60, 2), ['0123456789ab Downloading 512 B / 1 KiB', '+ 2 more']);
  });

  it('are summed without those that were there', () => {
    assert.equal(layerSum([layer('present', 5, 5), layer('downloading', 1024, 4096)]), '1 KiB / 4 KiB');
    assert.equal(layerSum([layer('present', 5, 5)]), '');
  });
});
