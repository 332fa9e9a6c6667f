import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { slowness } from '../../support/eventually.ts';
import { temporaryRoot } from '../../support/network-world.ts';
import { require } from '../../support/requirements.ts';

const probe = new URL('../../support/foreign-rules-probe.ts', import.meta.url).pathname;

describe('beside rules of others', function () {
  this.timeout(20_000 * slowness);

  it('a foreign policy of dropping is noticed, passed by, and left as it is', function () {
    require(this, process.getuid?.() === 0, 'root');
    const root = temporaryRoot();
    const program = [process.execPath, '--disable-warning=ExperimentalWarning', probe, root];
    const result = JSON.parse(execFileSync('unshare', ['--net', '--mount', ...program]).toString());
    rmSync(root, { recursive: true });
    const answer = 'stranger 10.213.42.1';
    assert.deepEqual(result, {
      before: answer,
      change: { kind: 'firewall-changed', name: 'ip filter' },
      cutOff: 'error TIMEOUT',
      beside: answer,
      isUntouched: true,
      after: answer,
    });
  });
});
