import assert from 'node:assert/strict';
import { exitCode } from '../../../src/cli/exit-code.ts';
import { formatError } from '../../../src/ui/error.ts';
import { ComposeError } from '../../../src/util/errors.ts';

describe('an error while cleaning up', () => {
  it('hides not the one before it', () => {
    const first = new ComposeError('BUILD_FAILED', 'no space is left');
    const error = new SuppressedError(new Error('ENOSPC'), first);
    assert.equal(exitCode(error), 17);
    assert.equal(formatError(error, { form: 'text', isColored: false }), 'no space is left\n');
  });
});
