import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasRegistryTools, startRegistry } from '../support/docker-registry.ts';
import { require } from '../support/requirements.ts';
import { scenario } from '../support/scenario.ts';

const busybox = '/bin/busybox';
const dockerfile = `FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
FROM base AS made
RUN cat /proc/sys/kernel/random/uuid > /made
FROM base
COPY --from=made /made /made
RUN cat /proc/sys/kernel/random/uuid > /own
CMD ["cat", "/made", "/own"]
`;

describe('e2e: steps of builds from elsewhere', () => {
  scenario(
    'a machine takes over what another one has built, from a registry, a directory, or the image itself',
    { compose: 'services: {}\n', files: { Dockerfile: dockerfile } },
    async (scene, context) => {
      require(context, hasRegistryTools(), 'docker-registry and skopeo');
      require(context, existsSync(busybox), 'busybox-static');
      const directory = dirname(scene.composeFile);
      copyFileSync(busybox, join(directory, 'busybox'));
      await using registry = await startRegistry();
      const image = `${registry.domain}/team/app:1`;
      const cache = `${registry.domain}/team/app:cache`;
      const write = (from: readonly string[], to: readonly string[]) => {
        const build = { context: '.', cache_from: from, cache_to: to };
        writeFileSync(scene.composeFile, JSON.stringify({ services: { web: { image, build } } }));
      };
      const first = scene.stateDirectory;
      const machine = (name: string) => scene.setEnvironment({ TSCOMPOSE_STATE_DIR: join(scene.directory, name) });
      /** How many commands were run. */
      const build = async () => {
        const { code, stderr } = await scene.run('build');
        assert.equal(code, 0, stderr);
        return [...stderr.matchAll(/^#(\d+) \[[^\]]*\] RUN/gm)].filter(
          ([, id]) => !new RegExp(`^#${id} CACHED$`, 'm').test(stderr),
        ).length;
      };
      /** What the image says, in which each command has left something of its own. */
      const made = async () => {
        const archive = join(scene.directory, 'made.tar');
        await scene.ok('image', 'export', '-o', archive, image);
        return readFileSync(archive, 'latin1').match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g);
      };

      const places = [`type=registry,ref=${cache},mode=max`, 'type=local,dest=./kept,mode=max', 'type=inline'];
      write([cache], places);
      const { stderr } = await scene.run('build');
      assert.match(stderr, /^warning: no cache from \S+app:cache: /m);
      const expected = await made();
      assert.equal(expected?.length, 2);
      await scene.ok('push');
      assert.equal(await build(), 0, 'it is the same image, and its cache is written once more');
      assert.match(await scene.ok('image', 'verify'), /all is as it should be/);

      for (const [name, source] of [
        ['second', cache],
        ['third', 'type=local,src=./kept'],
      ] as const) {
        machine(name);
        write([source], []);
        assert.equal(await build(), 0, source);
        assert.deepEqual(await made(), expected);
        assert.doesNotMatch(await scene.ok('image', 'ls'), /cache/, 'nobody has asked for that image');
        await scene.ok('image', 'prune', '--force');
        assert.equal(await build(), 0, 'what was taken over stays');
      }
      machine('fourth');
      write([`type=registry,ref=${image}`, 'type=gha'], []);
      assert.equal(
        await build(),
        2,
        'the other stage is made anew, and with it what reads it; not what both begin with',
      );
      machine('fifth');
      write([], ['type=gha']);
      await scene.fails(1, /compose\.yaml:1:\d+.*the cache cannot be written to type=gha/s, 'build');
      scene.setEnvironment({ TSCOMPOSE_STATE_DIR: first });
      write([], []);
    },
  );
});
