import assert from 'node:assert/strict';
import { debianObstacle, debianWasUsed, openDebian } from '../support/debian.ts';
import { hasRegistryTools, startRegistry } from '../support/docker-registry.ts';
import { eventually } from '../support/eventually.ts';
import { require } from '../support/requirements.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

/** Uses every service, and says what they answered. */
async function use(scene: Scenario): Promise<readonly string[]> {
  const address = (await scene.ok('port', 'web', '8080')).trim();
  const page = await eventually(async () => await (await fetch(`http://${address}/`)).text());
  const sql =
    'create table if not exists visits (page text); insert into visits select $$x$$; select count(*) from visits';
  return [
    page,
    await scene.ok('exec', '-T', 'cache', 'redis-cli', 'get', 'visits'),
    await scene.ok('exec', '-T', 'database', 'psql', '-qAtc', sql),
    await scene.ok('exec', '-T', 'database', 'sh', '-c', 'id -un; stat -c "%U %G %a" $PGDATA; postgres --version'),
  ].map((text) => text.trim());
}

const ids = async (scene: Scenario) =>
  (await scene.ok('image', 'ls', '--format', '{{.Repository}} {{.ID}}', '--no-trunc')).trim().split('\n').sort();

describe('e2e: a stack of Debian packages', () => {
  scenario(
    'PostgreSQL, Redis and a Node service are built from a debootstrap root, run, pushed, removed, pulled, and run the same',
    { fixture: 'debian-stack', timeoutMs: 400_000 },
    async (scene, context) => {
      require(context, hasRegistryTools(), 'docker-registry and skopeo');
      const obstacle = await debianObstacle();
      require(context, obstacle === null, obstacle ?? '');
      await using debian = await openDebian();
      await using registry = await startRegistry();
      scene.setEnvironment({
        BASE: `rootfs:${debian.root}`,
        REGISTRY: registry.domain,
        PROXY: debian.proxyAt('apt-proxy'),
      });
      const built = await scene.run('build');
      assert.equal(built.code, 0, built.stderr);
      debianWasUsed();
      // Real packages have every kind of file: what is on the disk is what the archives say.
      assert.match(await scene.ok('image', 'verify'), /all is as it should be/);
      await scene.ok('up', '-d');
      const [page, visits, rows, database] = await use(scene);
      assert.match(page ?? '', /^hello 1 uid \d+$/);
      assert.deepEqual([visits, rows], ['1', '1']);
      assert.match(database ?? '', /^postgres\npostgres postgres 700\npostgres \(PostgreSQL\) 15/);
      const before = (await ids(scene)).filter((line) => line.startsWith(registry.domain));
      assert.equal(before.length, 3);

      const pushed = await scene.run('push');
      assert.equal(pushed.code, 0, pushed.stderr);
      // The base goes once: the others have it from their neighbour.
      assert.match(pushed.stderr, /^ \w{12} Mounted$/m);
      await scene.ok('down', '--rmi', 'all');
      await scene.ok('image', 'prune', '--all', '--force', '--build-cache');
      assert.equal(await scene.ok('image', 'ls', '-q'), '');
      await scene.ok('pull');
      assert.deepEqual(await ids(scene), before);
      await scene.ok('up', '-d', '--no-build');
      const [pageAgain, , rowsAgain, databaseAgain] = await use(scene);
      assert.deepEqual([pageAgain, rowsAgain, databaseAgain], [page, '2', database]);
    },
  );
});
