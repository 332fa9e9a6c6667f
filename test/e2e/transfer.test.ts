// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasRegistryTools, startRegistry } from '../support/docker-registry.ts';
import { eventually } from '../support/eventually.ts';
import { require } from '../support/requirements.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

const busybox = '/bin/busybox';
const dockerfile =
  'FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nCOPY busybox /bin/sleep\nENV A=1\nCMD ["/bin/sh"]\n';

/** A directory to build from, with one static program. */
function prepare(scene: Scenario, context: Mocha.Context): string {
  require(context, existsSync(busybox), 'busybox-static');
  const directory = dirname(scene.composeFile);
  copyFileSync(busybox, join(directory, 'busybox'));
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
  return directory;
}

/** Makes something, and takes away the program that made it. */
const changing = `/bin/busybox mkdir /made; echo text >/made/file; /bin/busybox rm /bin/busybox; echo ready; exec /bin/sleep 900`;

describe('e2e: images out of containers and to registries', () => {
  scenario(
    'a changed container is exported and committed, and its image runs, here and from an archive',
    {
      compose: `services:\n  app:\n    build: .\n    image: made/app\n    network_mode: none\n    command: ['/bin/sh', '-c', '${changing}']\n`,
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      await scene.ok('up', '-d', '--build');
      await eventually(async () => assert.match((await scene.run('logs')).stdout, /ready/));
      const names = (archive: string) => execFileSync('tar', ['-tf', join(directory, archive)], { encoding: 'utf8' });
      await scene.ok('export', 'app', '-o', 'running.tar');
      const id = (
        await scene.ok(
          'commit',
          '-m',
          'by hand',
          '-c',
          'CMD ["/bin/sh", "-c", "read x </made/file; echo $x; echo /bin/*"]',
          'app',
          'changed:1',
        )
      ).trim();
      assert.match(id, /^sha256:[0-9a-f]{64}$/);
      await scene.ok('stop', '-t', '0');
      await scene.ok('export', '-o', 'stopped.tar', 'app');
      for (const archive of ['running.tar', 'stopped.tar']) {
        assert.match(names(archive), /^bin\/sh$/m);
        assert.match(names(archive), /^made\/file$/m);
        assert.doesNotMatch(names(archive), /busybox/);
      }
      await scene.ok('image', 'save', '-o', join(directory, 'changed.tar'), 'changed:1');
      await scene.ok('down');
      await scene.ok('image', 'rm', 'changed:1');
      assert.equal(await scene.ok('image', 'load', '-i', join(directory, 'changed.tar')), 'Loaded image: changed:1\n');
      const file = readFileSync(scene.composeFile, 'utf8');
      writeFileSync(scene.composeFile, 'services: {app: {image: "changed:1", network_mode: none}}\n');
      await scene.ok('up');
      assert.match(await scene.ok('logs', '--no-log-prefix'), /^text\n\/bin\/sh \/bin\/sleep\n/);
      await scene.ok('down');
      writeFileSync(scene.composeFile, file);
    },
  );

  scenario(
    'a container of a plain directory is exported, and has no image to commit to',
    {
      compose:
        'services:\n  app:\n    image: rootfs:ROOT\n    network_mode: none\n    command: /bin/busybox sh -c ":"\n',
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      mkdirSync(join(directory, 'root/bin'), { recursive: true });
      copyFileSync(busybox, join(directory, 'root/bin/busybox'));
      writeFileSync(
        scene.composeFile,
        readFileSync(scene.composeFile, 'utf8').replace('ROOT', join(directory, 'root')),
      );
      await scene.ok('up');
      await scene.ok('export', 'app', '-o', 'out.tar');
      const listed = execFileSync('tar', ['-tf', join(directory, 'out.tar')], { encoding: 'utf8' });
      assert.match(listed, /^bin\/busybox$/m);
      const { code, stderr } = await scene.run('commit', 'app', 'x');
      assert.equal(code, 1);
      assert.match(stderr, /cannot commit \S+: rootfs:\S+ is a directory and no image\nhint: tscompose export/);
      const none = await scene.run('export', '--index', '3', 'app');
      assert.match(none.stderr, /service "app" has no container #3/);
    },
  );

  scenario(
    'push sends the images of services that are built here, and says what it leaves out',
    {
      compose:
        'services:\n  one: {build: ., image: "${REGISTRY}/team/one:1"}\n  two:\n    image: "${REGISTRY}/team/two"\n    depends_on: [one]\n    build: {context: ., tags: ["${REGISTRY}/team/two:extra"]}\n  other: {image: "x/y"}\n  unnamed: {build: .}\n',
      environment: { REGISTRY: '127.0.0.1:1' },
    },
    async (scene, context) => {
      require(context, hasRegistryTools(), 'docker-registry and skopeo');
      prepare(scene, context);
      await using registry = await startRegistry();
      const { domain } = registry;
      writeFileSync(scene.composeFile, readFileSync(scene.composeFile, 'utf8').replaceAll('${REGISTRY}', domain));
      await scene.ok('build', 'one', 'two');
      const first = await scene.run('push', '--include-deps', 'two');
      assert.equal(first.code, 0, first.stderr);
      const digest = (image: string) =>
        JSON.parse(
          execFileSync('skopeo', ['inspect', '--tls-verify=false', `docker://${domain}/${image}`], {
            encoding: 'utf8',
          }),
        ).Digest;
      assert.equal(digest('team/two:latest'), digest('team/two:extra'));
      // What the one repository has, the other takes over.
      assert.match(first.stderr, /^ \w{12} Mounted$/m);
      const again = await scene.run('push');
      assert.equal(again.code, 0, again.stderr);
      assert.doesNotMatch(again.stderr, /^ \w{12} Pushed$/m);
      assert.match(again.stderr, /^Service other {2}Skipped: it is not built here$/m);
      assert.match(again.stderr, /^Service unnamed {2}Skipped: it has no image/m);
      assert.deepEqual(await scene.run('push', '-q').then(({ code, stderr }) => [code, stderr]), [0, '']);

      await scene.ok('image', 'rm', `${domain}/team/one:1`);
      const missing = await scene.run('push', 'one');
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, /image \S+team\/one:1 is not on this machine/);
      const tolerated = await scene.run('push', '--ignore-push-failures');
      assert.equal(tolerated.code, 0);
      assert.match(tolerated.stderr, /^warning: image \S+ is not on this machine$/m);
    },
  );

  scenario(
    'publish sends the Compose files as the artifact that Docker Compose reads, and nothing that says too much',
    {
      compose: 'services: { web: { image: x } }\n',
      files: {
        'more.yaml': 'services: { web: { labels: { a: b } } }\n',
        'telling.yaml': 'services: { web: { image: x, environment: { KEY: value } } }\n',
        'filed.yaml': [
          '# stays as it is',
          'services:',
          '  web:',
          '    image: x',
          '    env_file: ["some.env", { path: none.env, required: false }]',
          '  other: { image: x, env_file: "./some.env" }',
          '',
        ].join('\n'),
        'named.yaml': 'services: { web: { image: x, env_file: "${NAME:-some}.env" } }\n',
        'some.env': 'KEY=value\n',
        'included.yaml': 'services: { other: { image: x } }\n',
        'including.yaml': 'include: [included.yaml]\n',
      },
    },
    async (scene, context) => {
      require(context, hasRegistryTools(), 'docker-registry and skopeo');
      await using registry = await startRegistry();
      await scene.ok('-f', 'more.yaml', 'publish', `${registry.domain}/team/shop:1`);
      const ask = async (path: string) =>
        await fetch(`http://${registry.domain}/v2/team/shop/${path}`, {
          headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
        });
      const manifest = (await (await ask('manifests/1')).json()) as {
        readonly artifactType: string;
        readonly layers: readonly { readonly digest: string; readonly annotations: Readonly<Record<string, string>> }[];
      };
      assert.equal(manifest.artifactType, 'application/vnd.docker.compose.project');
      const files = manifest.layers.map(({ annotations }) => annotations['com.docker.compose.file']);
      assert.deepEqual(files, ['compose.yaml', 'more.yaml']);
      const first = await (await ask(`blobs/${manifest.layers[0]?.digest}`)).text();
      assert.equal(first, readFileSync(scene.composeFile, 'utf8'));
      await scene.ok('-f', 'filed.yaml', 'publish', '--with-env', `${registry.domain}/team/shop:1`);
      const filed = (await (await ask('manifests/1')).json()) as Pick<typeof manifest, 'layers'>;
      const name = filed.layers.at(-1)?.annotations['com.docker.compose.envfile'] ?? '';
      assert.match(name, /^[0-9a-f]{64}\.env$/);
      const texts = await Promise.all(
        filed.layers.map(async ({ digest }) => await (await ask(`blobs/${digest}`)).text()),
      );
      const written = readFileSync(join(dirname(scene.composeFile), 'filed.yaml'), 'utf8');
      assert.deepEqual(texts.slice(1), [
        written.replace('"some.env"', name).replace('"./some.env"', name),
        'KEY=value\n',
      ]);
      const refused = async (file: string, message: RegExp) =>
        await scene.fails(1, message, '-f', file, 'publish', `${registry.domain}/team/no:1`);
      await refused('telling.yaml', /values of variables of web would be sent/);
      await refused('filed.yaml', /values of variables of web, other would be sent/);
      await refused('named.yaml', /the env_file of service web is not sent/);
      await refused('including.yaml', /includes or extends .*included.yaml, which is not sent/);
    },
  );
});
