/** Secrets and configs: in memory, never on a disk nor in what is shown, and part of what makes a container differ. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scenario } from '../support/scenario.ts';

const inside = 'cd /run/secrets; cat file variable /etc/inline /etc/named; stat -c "%u %g %a" file variable /etc/named';
const compose = JSON.stringify({
  services: {
    a: {
      image: 'rootfs:/',
      init: true,
      command: ['sleep', 'inf'],
      secrets: ['file', 'variable'],
      configs: [
        { source: 'inline', target: '/etc/inline' },
        { source: 'named', target: '/etc/named', uid: '8', gid: '12', mode: '0440' },
      ],
    },
  },
  secrets: { file: { file: './secret' }, variable: { environment: 'GIVEN' } },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as Compose has it
  configs: { inline: { content: 'inline-${GIVEN}\n' }, named: { environment: 'NAMED' } },
});

const given = { GIVEN: 'marigold-17\n', NAMED: 'foxglove-23\n' };

describe('e2e: secrets and configs', () => {
  scenario('are in memory alone, and a changed one recreates', { compose, environment: given }, async (scene) => {
    const file = join(dirname(scene.composeFile), 'secret');
    writeFileSync(file, 'larkspur-42\n');
    chmodSync(file, 0o600);
    await scene.ok('up', '-d');
    const words = ['larkspur-42', 'marigold-17', 'foxglove-23'];
    assert.deepEqual((await scene.ok('exec', '-T', 'a', 'sh', '-c', inside)).trim().split('\n').filter(Boolean), [
      'larkspur-42',
      'marigold-17',
      'inline-marigold-17',
      'foxglove-23',
      '0 0 444',
      '0 0 444',
      '8 12 440',
    ]);
    assert.match(await scene.ok('exec', '-T', 'a', 'sh', '-c', '(echo >/run/secrets/file) 2>&1 || echo no'), /no/);
    const isInMemory = statfsSync(join(scene.stateDirectory, 'run')).type === 0x01021994;
    const found = words.flatMap((word) => filesWith(word, join(scene.stateDirectory, isInMemory ? 'lib' : '')));
    assert.deepEqual(found, []);
    for (const args of [['plan'], ['plan', '--format', 'json'], ['ps', '--format', 'json'], ['inspect', 'a']]) {
      const said = await scene.ok(...args);
      assert.deepEqual(
        words.filter((word) => said.includes(word)),
        [],
        args.join(' '),
      );
    }
    assert.match(await scene.ok('plan'), /Nothing to do/);

    writeFileSync(file, 'delphinium\n');
    assert.match(await scene.ok('plan'), /content of secret file changed\)\n\s+secrets\.file: •+ → •+\n/);
    await scene.ok('up', '-d');
    assert.equal((await scene.ok('exec', '-T', 'a', 'cat', '/run/secrets/file')).trim(), 'delphinium');
    // What is not at hand when a container starts again is what it was.
    await scene.ok('restart');
    assert.match(await scene.ok('exec', '-T', 'a', 'cat', '/run/secrets/variable'), /marigold-17/);
    await scene.ok('-p', scene.project, 'down');
    const left = readdirSync('/dev/shm').filter((name) => name.startsWith('tscompose-'));
    assert.deepEqual(
      left.filter((name) => statSync(join('/dev/shm', name)).ctimeMs > statSync(file).ctimeMs),
      [],
    );
  });
});

function filesWith(word: string, directory: string): string[] {
  if (!existsSync(directory)) return [];
  try {
    return execFileSync('grep', ['-srlaF', '--', word, directory], { encoding: 'utf8' }).trim().split('\n');
  } catch {
    // grep ends with 1 when it finds nothing.
    return [];
  }
}
