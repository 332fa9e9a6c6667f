import assert from 'node:assert/strict';
import { filterImages } from '../../../src/cli/image-filter.ts';
import type { ImageSummary } from '../../../src/image/store/list.ts';

const image = (digit: string, tags: readonly string[], labels = {}): ImageSummary => ({
  id: `sha256:${digit.repeat(64)}`,
  manifestDigest: `sha256:${digit.repeat(64)}`,
  tags,
  digests: [],
  createdAt: `2026-01-0${digit}T00:00:00Z`,
  taggedAt: null,
  platform: 'linux/amd64',
  sizeBytes: 0,
  labels,
});

describe('image ls --filter', () => {
  const images = [
    image('1', ['docker.io/library/busybox:1.36', 'docker.io/library/busybox:latest'], { a: '1' }),
    image('2', ['127.0.0.1:5000/team/web:1'], { a: '2', b: '' }),
    image('3', []),
  ];
  const found = (...filters: string[]) =>
    filterImages(images, filters).map(({ id, tags }) => `${id[7]}${tags.length > 1 ? `x${tags.length}` : ''}`);

  const cases: readonly (readonly [filters: readonly string[], found: readonly string[]])[] = [
    [[], ['1x2', '2', '3']],
    [['dangling=true'], ['3']],
    [['dangling=false'], ['1x2', '2']],
    [['label=a'], ['1x2', '2']],
    [['label=a', 'label=b'], ['2']],
    [['label=a=1'], ['1x2']],
    [['before=2222'], ['1x2']],
    [['since=busybox'], ['2', '3']],
    [['reference=busybox'], ['1x2']],
    [['reference=busy*:1.*'], ['1']],
    [['reference=*'], ['1x2']],
    [['reference=*/*/web'], ['2']],
    [['reference=nothing', 'reference=busybox:latest'], ['1']],
    [['reference=busybox', 'label=b'], []],
  ];
  for (const [filters, expected] of cases) {
    it(`${filters.join(' and ') || 'nothing'} finds ${expected.join(', ') || 'nothing'}`, () => {
      assert.deepEqual(found(...filters), expected);
    });
  }

  it('says what it cannot read', () => {
    assert.throws(() => found('dangling=perhaps'), /true or false/);
    assert.throws(() => found('label'), /cannot read "label"/);
    assert.throws(() => found('labl=a'), { hint: 'did you mean label?' });
    assert.throws(() => found('before=gone'), { code: 'IMAGE_NOT_FOUND' });
    assert.throws(() => found('reference=[a'), /cannot be read/);
  });
});
