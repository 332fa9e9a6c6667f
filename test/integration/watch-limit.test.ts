import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { typescriptOptions } from '../support/node.ts';
import { requireKernel } from '../support/requirements.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** In a user namespace the limits can be other ones (namespaces(7)). */
const limited = ['--user', '--map-root-user', 'sh', '-c'] as const;
const limit = 'echo 5 >/proc/sys/user/max_inotify_watches';

describe('a tree with more directories than the kernel watches', () => {
  it('is looked at from time to time, and what to set is said', async function () {
    requireKernel(
      this,
      spawnSync('unshare', [...limited, limit]).status === 0,
      'user namespaces with limits of their own',
    );
    const root = temporaryDirectory('watch-limit-');
    for (let index = 0; index < 20; index++) mkdirSync(join(root, `d${index}`));
    const program = join(import.meta.dirname, '../support/watch-files.ts');
    const child = spawn('unshare', [
      ...[...limited, `${limit} && exec "$@"`, 'sh'],
      ...[process.execPath, ...typescriptOptions, program, root],
    ]);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    try {
      const says = (pattern: RegExp) => eventually(() => assert.match(said, pattern), { timeoutMs: 10_000 });
      await says(/^watching$/m);
      assert.match(
        said,
        /the limit fs\.inotify\.max_user_watches .*is reached; .*sysctl fs\.inotify\.max_user_watches=\d+/,
      );
      writeFileSync(join(root, 'd19/file'), 'one');
      await says(/^changed \/d19\/file$/m);
      said = '';
      writeFileSync(join(root, 'd19/file'), 'another');
      await says(/^changed \/d19\/file$/m);
      said = '';
      rmSync(join(root, 'd19/file'));
      await says(/^changed \/d19\/file$/m);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });
});
