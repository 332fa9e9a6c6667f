import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { slowness } from '../../support/eventually.ts';
import { temporaryRoot } from '../../support/network-world.ts';
import { typescriptOptions } from '../../support/node.ts';
import { require } from '../../support/requirements.ts';

const probe = new URL('../../support/foreign-rules-probe.ts', import.meta.url).pathname;

describe('beside rules of others', function () {
  this.timeout(20_000 * slowness);

  const titles = {
    docker: 'a policy of dropping is noticed and passed by; what an administrator drops in DOCKER-USER is dropped',
    firewalld: 'what firewalld rejects is noticed and passed by; what an administrator drops elsewhere is dropped',
  };
  const cases = [
    { name: 'docker', table: 'ip filter', guests: 2, cutOff: 'error TIMEOUT' },
    { name: 'firewalld', table: 'inet firewalld', guests: 0, cutOff: 'error ECONNREFUSED' },
  ] as const;
  for (const { name, table, guests, cutOff } of cases)
    it(titles[name], function () {
      require(this, process.getuid?.() === 0, 'root');
      const root = temporaryRoot();
      const program = [process.execPath, ...typescriptOptions, probe, root, name];
      const run = spawnSync('unshare', ['--net', '--mount', ...program], { encoding: 'utf8' });
      assert.deepEqual([run.status, run.signal, run.stderr], [0, null, '']);
      const result = JSON.parse(run.stdout);
      rmSync(root, { recursive: true });
      const answer = 'stranger 10.213.42.1';
      assert.deepEqual(result, {
        before: answer,
        change: { kind: 'firewall-changed', name: table },
        cutOff,
        beside: answer,
        isUntouched: true,
        guests,
        isLast: true,
        forbidden: 'error TIMEOUT',
        left: 0,
        after: answer,
      });
    });
});
