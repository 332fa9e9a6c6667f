import assert from 'node:assert/strict';
import { lineStream } from '../../../src/ui/line-stream.ts';

describe('a stream beside something that is shown', () => {
  it('hands on whole lines, however they come, and nothing that moves the cursor', async () => {
    const written: string[] = [];
    const stream = lineStream(async (lines) => void written.push(lines));
    const bytes = Buffer.from('warning: 漢');
    stream.write(bytes.subarray(0, -1));
    stream.write(bytes.subarray(-1));
    stream.write('\none\x1b[2J\n\x1b[31mred\nhalf');
    await new Promise((resolve) => stream.end(resolve));
    assert.deepEqual(written, ['warning: 漢\none\n\x1b[31mred\x1b[0m\n']);
  });
});
