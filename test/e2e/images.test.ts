import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { hasRegistryTools, type RegistryServer, startRegistry } from '../support/docker-registry.ts';
import { eventually } from '../support/eventually.ts';
import { addToLayout, type LayoutImage, tarOf, type WrittenImage } from '../support/image-layout.ts';
import { require } from '../support/requirements.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

const busybox = '/bin/busybox';
const programs = ['sh', 'cat', 'id', 'ls', 'sleep', 'echo', 'stat', 'test', 'env', 'pwd', 'true', 'trap'];

/** A root of one static program, with a user of its own. */
function userland(): Buffer {
  const files = {
    'etc/passwd': 'root:x:0:0::/root:/bin/sh\nshop:x:1500:1600::/home/shop:/bin/sh\n',
    'etc/group': 'root:x:0:\nshop:x:1600:\nextra:x:1700:shop\n',
    'tmp/': '',
  };
  return tarOf(files, (directory) => {
    mkdirSync(join(directory, 'bin'));
    copyFileSync(busybox, join(directory, 'bin/busybox'));
    chmodSync(join(directory, 'bin/busybox'), 0o755);
    chmodSync(join(directory, 'tmp'), 0o1777);
    for (const name of programs) symlinkSync('busybox', join(directory, 'bin', name));
  });
}

interface Shop {
  readonly registry: RegistryServer;
  push(name: string, image: LayoutImage): Promise<WrittenImage>;
  /** Writes the Compose file; `REGISTRY` stands for the registry's name. */
  compose(text: string): void;
}

/** A scenario with a registry of its own. */
function withRegistry(
  title: string,
  body: (scene: Scenario, shop: Shop) => Promise<void>,
  timeoutMs = 60_000,
): Mocha.Test {
  return scenario(title, { timeoutMs }, async (scene, context) => {
    require(context, hasRegistryTools(), 'docker-registry and skopeo');
    require(context, existsSync(busybox), 'busybox-static');
    await using registry = await startRegistry();
    const layout = join(scene.directory, 'layout');
    await body(scene, {
      registry,
      async push(name, image) {
        rmSync(layout, { recursive: true, force: true });
        const written = addToLayout(layout, 'image', image);
        await registry.push(layout, 'image', name);
        return written;
      },
      compose: (text) => writeFileSync(scene.composeFile, text.replaceAll('REGISTRY', registry.domain)),
    });
  });
}

const stays = ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1; done'];
const printed = async (scene: Scenario, service: string) =>
  (await scene.ok('logs', '--no-color', '--no-log-prefix', service)).trim().split('\n');

describe('e2e: images', () => {
  withRegistry('a stack of pulled images runs as their configurations say', async (scene, { push, compose }) => {
    const base = userland();
    await push('app', {
      layers: [base, tarOf({ 'data/seed': 'from the image\n' })],
      config: {
        Entrypoint: ['/bin/sh', '-c'],
        Cmd: ['id; pwd; echo $GREETING; cat /data/seed; echo written > /data/own; exec sleep 1000'],
        Env: ['PATH=/bin', 'GREETING=hello'],
        User: 'shop',
        WorkingDir: '/tmp',
        Volumes: { '/data': {} },
        ExposedPorts: { '80/tcp': {} },
        Labels: { 'org.example.of': 'image' },
        StopSignal: 'SIGKILL',
        Healthcheck: { Test: ['CMD', '/bin/test', '-e', '/data/seed'], Interval: 200_000_000 },
      },
    });
    await push('tool', { layers: [base], compression: 'zstd', config: { Cmd: stays, User: '1500:extra' } });
    compose(`services:
  app: { image: REGISTRY/app, user: root }
  shop: { image: REGISTRY/app, volumes: ["kept:/data"] }
  tool: { image: "REGISTRY/tool:latest", depends_on: { app: { condition: service_healthy } } }
volumes: { kept: {} }
`);
    const up = await scene.run('up', '-d');
    assert.equal(up.code, 0, up.stderr);
    assert.match(up.stderr, /Image .*\/app {2}Pulling[\s\S]*Image .*\/app {2}Pulled/);
    assert.match(up.stderr, /[0-9a-f]{12} Pull complete/);
    const said = await eventually(async () => {
      const lines = await printed(scene, 'app');
      assert.equal(lines.length, 4);
      return lines;
    });
    assert.deepEqual(said, ['uid=0(root) gid=0(root) groups=0(root)', '/tmp', 'hello', 'from the image']);
    const shop = await printed(scene, 'shop');
    assert.match(shop[0] ?? '', /^uid=1500\(shop\) gid=1600\(shop\) groups=1600\(shop\),1700\(extra\)$/);
    assert.match(
      await scene.ok('exec', '-T', 'tool', '/bin/id'),
      /^uid=1500\(shop\) gid=1700\(extra\) groups=1700\(extra\)$/m,
    );
    const [listed] = JSON.parse(await scene.ok('images', '--format', 'json', 'app')) as [Record<string, unknown>];
    assert.match(String(listed.ID), /^sha256:/);
    assert.equal(listed.Tag, 'latest');

    const again = await scene.run('up', '-d');
    assert.doesNotMatch(again.stderr, /Pull|Creat|Recreat/);
    await scene.ok('down');
    await scene.ok('image', 'prune', '--all', '--force');
    const scaled = await scene.run('scale', 'tool=2');
    assert.equal(scaled.code, 0, scaled.stderr);
    assert.match(scaled.stderr, /Image .*\/app {2}Pulled/);
    assert.match(await scene.ok('image', 'verify'), /all is as it should be/);
  });

  withRegistry('an image that has changed is noticed, and its containers are made anew', async (scene, shop) => {
    const base = userland();
    const version = (text: string) => ({ layers: [base, tarOf({ version: text })], config: { Cmd: stays } });
    const first = await shop.push('app', version('one'));
    shop.compose('services: { app: { image: REGISTRY/app } }');
    await scene.ok('up', '-d');
    const second = await shop.push('app', version('two'));
    assert.doesNotMatch((await scene.run('up', '-d')).stderr, /Pull|Creat/);
    await scene.ok('pull');
    // Only `up` puts containers on another image.
    await scene.ok('restart', '-t', '1');
    assert.equal(await scene.ok('exec', '-T', 'app', '/bin/cat', '/version'), 'one');
    assert.match(await scene.ok('plan'), /has a new digest/);
    await scene.ok('up', '-d', '-t', '1');
    assert.equal(await scene.ok('exec', '-T', 'app', '/bin/cat', '/version'), 'two');
    assert.deepEqual(JSON.parse(await scene.ok('image', 'inspect', '-f', '{{json .RepoTags}}', second.id)), [
      `${shop.registry.domain}/app:latest`,
    ]);
    // The old one has no name and no container any more.
    assert.match(await scene.ok('image', 'prune', '--force'), new RegExp(`Deleted: ${first.id}`));
    assert.match(await scene.ok('image', 'verify'), /all is as it should be/);
  });

  withRegistry('pull_policy decides when an image is pulled', async (scene, { push, compose, registry }) => {
    const image = { layers: [userland()], config: { Cmd: stays } };
    await push('app', image);
    const write = (policy: string) => compose(`services: { app: { image: REGISTRY/app, pull_policy: ${policy} } }`);
    write('never');
    const never = await scene.run('up', '-d');
    assert.notEqual(never.code, 0);
    assert.match(never.stderr, /is not on this machine/);
    assert.match(never.stderr, /compose\.yaml:1/);
    for (const [policy, isPulled] of [
      ['missing', true],
      ['if_not_present', false],
      ['always', true],
      ['daily', false],
      ['every_1ms', true],
      ['build', false],
    ] as const) {
      write(policy);
      const { code, stderr } = await scene.run('up', '-d');
      assert.equal(code, 0, stderr);
      assert.equal(/Pulled/.test(stderr), isPulled, policy);
    }
    write('refresh, pull_refresh_after: 1h');
    assert.doesNotMatch((await scene.run('up', '-d')).stderr, /Pulled|Recreat/);
    write('refresh, pull_refresh_after: 1ms');
    assert.match((await scene.run('up', '-d')).stderr, /Pulled/);
    write('refresh');
    await scene.fails(1, /pull_policy is refresh, and pull_refresh_after is not given/, 'up', '-d');
    write('sometimes');
    assert.match((await scene.run('up', '-d')).stderr, /pull_policy is when the image is fetched/);
    write('missing');
    assert.match((await scene.run('up', '-d', '--pull', 'always')).stderr, /Pulled/);
    await registry[Symbol.asyncDispose]();
    assert.equal((await scene.run('pull')).code, 0);
    write('always');
    const gone = await scene.run('pull');
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /cannot reach registry/);
    assert.equal((await scene.run('pull', '--ignore-pull-failures')).code, 0);
    write('missing');
    assert.equal((await scene.run('up', '-d')).code, 0);
  });

  withRegistry('platform: an image for another machine is refused in plain words', async (scene, shop) => {
    await shop.push('app', { layers: [userland()], architecture: 's390x' });
    shop.compose('services: { app: { image: REGISTRY/app } }');
    const { code, stderr } = await scene.run('up', '-d');
    assert.equal(code, 1);
    assert.match(stderr, /has no variant for linux\/\w+: it is made for linux\/s390x/);
    shop.compose('services: { app: { image: REGISTRY/app, platform: linux/s390x } }');
    assert.match((await scene.run('up', '-d')).stderr, /platform linux\/s390x does not run on this machine/);
    assert.equal(
      (await scene.run('image', 'pull', '--platform', 'linux/s390x', `${shop.registry.domain}/app`)).code,
      0,
    );
  });

  withRegistry('an image of many layers is one tree, what later ones take away included', async (scene, shop) => {
    const layers = Array.from({ length: 120 }, (_value, index) =>
      tarOf({
        [`dir/f${index}`]: `${index}`,
        ...(index > 0 && index % 2 === 0 ? { [`dir/.wh.f${index - 1}`]: '' } : {}),
      }),
    );
    await shop.push('deep', {
      layers: [userland(), ...layers],
      config: { Cmd: ['/bin/ls', '/dir'], Env: ['PATH=/bin'] },
    });
    shop.compose('services: { deep: { image: REGISTRY/deep, volumes: ["/dir/sub"] } }');
    const { stdout } = await scene.run('run', '--rm', '-T', 'deep');
    const names = stdout.trim().split('\n');
    const expected = Array.from({ length: 120 }, (_value, index) => index)
      .filter((index) => index % 2 === 0 || index === 119)
      .map((index) => `f${index}`);
    assert.deepEqual(names.toSorted(), [...expected, 'sub'].toSorted());
  });

  withRegistry('what a container is made of is neither removed nor collected', async (scene, shop) => {
    const written = await shop.push('app', { layers: [userland()], config: { Cmd: stays } });
    shop.compose('services: { app: { image: REGISTRY/app } }');
    assert.match(await scene.ok('plan'), /Image .*\/app +pull/);
    await scene.ok('up', '-d');
    const name = `${shop.registry.domain}/app`;
    const refused = await scene.run('image', 'rm', name);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is used by container/);
    await scene.ok('image', 'prune', '--all', '--force');
    assert.match(await scene.ok('image', 'ls', '-q', '--no-trunc'), new RegExp(written.id));
    await scene.ok('image', 'tag', name, 'mine:1');
    await scene.ok('image', 'rm', name);
    await scene.ok('restart', '-t', '1');
    assert.match(await scene.ok('image', 'history', 'mine:1'), /layer 0/);
    assert.equal((await scene.run('down', '-t', '1', '--rmi', 'local')).code, 0);
    await scene.ok('image', 'tag', 'mine:1', name);
    await scene.ok('image', 'rm', 'mine:1');
    const down = await scene.run('down', '--rmi', 'all');
    assert.match(down.stderr, /Image .*\/app {2}Removed/);
    const images = join(scene.stateDirectory, 'lib/images');
    assert.deepEqual(readdirSync(join(images, 'layers')), []);
    assert.deepEqual(readdirSync(join(images, 'blobs/sha256')), []);
    assert.deepEqual(readdirSync(join(images, 'leases')), []);
    assert.equal(existsSync(dirname(images)), true);
  });
});
