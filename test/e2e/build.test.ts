// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { hasRegistryTools, startRegistry } from '../support/docker-registry.ts';
import { eventually } from '../support/eventually.ts';
import { require } from '../support/requirements.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

const busybox = '/bin/busybox';
/** A root of one static program, which every Dockerfile here begins with. */
const base = 'FROM scratch AS base\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n';

function prepare(scene: Scenario, context: Mocha.Context, directory = '.'): string {
  require(context, existsSync(busybox), 'busybox-static');
  const path = join(dirname(scene.composeFile), directory);
  mkdirSync(path, { recursive: true });
  copyFileSync(busybox, join(path, 'busybox'));
  return path;
}

/** What a container of a service prints, run once. */
const printed = async (scene: Scenario, service: string) => {
  const { stdout } = await scene.run('run', '--rm', '-T', '--no-deps', service);
  return stdout.trim();
};

/** Titles of the steps that were carried out, and not found. */
const carriedOut = (log: string) =>
  [...log.matchAll(/^#(\d+) \[[^\]]*\] (.*)$/gm)]
    .filter(([, id]) => !new RegExp(`^#${id} CACHED$`, 'm').test(log))
    .map(([, , title]) => title);

describe('e2e: build', () => {
  scenario(
    'an image of several stages is built, runs, and is built again only where something has changed',
    {
      compose: 'services:\n  web:\n    build: .\n    init: true\n',
      files: {
        Dockerfile: `${base}FROM base AS made
COPY src /src
RUN cat /src/a /src/b > /made
FROM base
WORKDIR /app
COPY --from=made /made .
COPY other ./
RUN echo built >> made
CMD ["cat", "/app/made", "/app/other"]
`,
        'src/a': 'a\n',
        'src/b': 'b\n',
        other: 'other\n',
      },
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      const first = await scene.run('build');
      assert.equal(first.code, 0, first.stderr);
      assert.equal(await printed(scene, 'web'), 'a\nb\nbuilt\nother');
      const build = async () => {
        const { code, stderr } = await scene.run('build');
        assert.equal(code, 0, stderr);
        return carriedOut(stderr);
      };
      const images = await scene.ok('image', 'ls', '-q', '--no-trunc');
      assert.deepEqual(await build(), [], 'nothing has changed');
      assert.equal(await scene.ok('image', 'ls', '-q', '--no-trunc'), images);
      writeFileSync(join(directory, 'other'), 'changed\n');
      assert.deepEqual(await build(), ['COPY other ./', 'RUN echo built >> made']);
      writeFileSync(join(directory, 'src/c'), 'not used\n');
      // The result of the RUN is another layer, but the file that is copied from it is the same.
      assert.deepEqual(await build(), ['COPY src /src', 'RUN cat /src/a /src/b > /made']);
      // Times are no content.
      writeFileSync(join(directory, 'other'), 'changed\n');
      assert.deepEqual(await build(), []);
      assert.equal(await printed(scene, 'web'), 'a\nb\nbuilt\nchanged');
      assert.match(await scene.ok('image', 'verify'), /all is as it should be/);
    },
  );

  scenario(
    'up builds what is missing, and with --build what has changed, which replaces the container',
    {
      compose: 'services:\n  web:\n    build: .\n    init: true\n',
      files: { Dockerfile: `${base}COPY word /word\nCMD ["sleep", "1000"]\n`, word: 'one\n' },
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      const word = async () => (await scene.ok('exec', '-T', 'web', 'cat', '/word')).trim();
      await scene.fails(1, /image \S+ is not on this machine, and is not to be built/, 'up', '-d', '--no-build');
      await scene.ok('up', '-d');
      assert.equal(await word(), 'one');
      writeFileSync(join(directory, 'word'), 'two\n');
      await scene.ok('up', '-d');
      assert.equal(await word(), 'one', 'it was there');
      await scene.ok('up', '-d', '--build');
      assert.equal(await word(), 'two');
    },
  );

  const linked = (names: readonly string[]) =>
    names
      .map((name, index) => {
        const from = names[(index + 1) % names.length];
        return `  ${name}:\n    image: test/${name}\n    build:\n      dockerfile_inline: "FROM test/${from}\\nRUN true"\n`;
      })
      .join('');

  scenario(
    'an image that begins with one of another service is built after it, each time',
    {
      compose: `services:
  top:
    image: test/top
    build: { dockerfile_inline: "FROM test/middle\\nRUN cat /word > /copy" }
    command: [cat, /copy]
  middle: { image: test/middle, build: { dockerfile_inline: "FROM scratch\\nCOPY --from=test/bottom / /" } }
  bottom: { image: test/other, build: { context: ., tags: [test/bottom] } }
`,
      files: { Dockerfile: `${base}COPY word /\n`, word: 'one\n' },
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      for (const word of ['one', 'two']) {
        writeFileSync(join(directory, 'word'), `${word}\n`);
        await scene.ok('build');
        assert.equal(await printed(scene, 'top'), word);
      }
    },
  );

  scenario(
    'builds that wait for each other are refused',
    { compose: `services:\n${linked(['a', 'b', 'c'])}` },
    async (scene) => {
      await scene.fails(17, /builds wait for each other: (\w) → \w → \w → \1$/m, 'build');
    },
  );

  const inTurns = (target: string) => `mkdir ${target}/held && sleep 0.1 && rmdir ${target}/held`;
  const stages = Array.from({ length: 10 }, (_, index) => {
    const caches = ['a', 'b'].map((id) => `--mount=type=cache,id=${id},target=/${id},sharing=locked`);
    if (index % 2 === 1) caches.reverse();
    const shared = '--mount=type=cache,id=shared,from=base,source=/bin,target=/shared,sharing=shared';
    return `FROM base AS s${index}\nRUN ${caches.join(' ')} ${shared} ${inTurns('/a')} && ${inTurns('/b')} && test -e /shared/busybox && touch /s${index}\n`;
  });

  scenario(
    'commands that mount one cache take turns, however many there are and in whatever order they mount',
    {
      compose: 'services:\n  web:\n    build: .\n',
      files: {
        Dockerfile: `${base}${stages.join('')}FROM base\n${stages.map((_, index) => `COPY --from=s${index} /s${index} /\n`).join('')}`,
      },
    },
    async (scene, context) => {
      prepare(scene, context);
      await scene.ok('build');
    },
  );

  scenario(
    'pull_policy: build builds at each up',
    {
      compose: 'services:\n  web:\n    build: .\n    init: true\n    pull_policy: build\n',
      files: { Dockerfile: `${base}COPY word /word\nCMD ["sleep", "1000"]\n`, word: 'one\n' },
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      await scene.ok('up', '-d');
      writeFileSync(join(directory, 'word'), 'two\n');
      await scene.ok('up', '-d');
      assert.equal((await scene.ok('exec', '-T', 'web', 'cat', '/word')).trim(), 'two');
    },
  );

  scenario(
    'a command that fails is shown with its line and the last it said',
    {
      compose: 'services:\n  web:\n    build: .\n',
      files: { Dockerfile: `${base}RUN echo before && \\\n    echo the reason && false\nRUN echo never\n` },
    },
    async (scene, context) => {
      prepare(scene, context);
      const { code, stderr } = await scene.run('build');
      assert.equal(code, 17);
      assert.match(
        stderr,
        /^Dockerfile:4:1: RUN echo before .*: it ended with exit code 1\n {2}4 \| RUN echo before .*\n.*\^\n/m,
      );
      assert.match(stderr, /last lines of its log:\n {2}before\n {2}the reason\n/);
      assert.doesNotMatch(stderr, /never/);
    },
  );

  scenario(
    'mistakes in a Dockerfile come all at once, before anything is built',
    { compose: 'services:\n  web:\n    build: .\n', files: { Dockerfile: `${base}RNU x\nCOPY --form=base a b\n` } },
    async (scene, context) => {
      prepare(scene, context);
      const { code, stderr } = await scene.run('build');
      assert.equal(code, 15);
      assert.match(stderr, /Dockerfile:4:1: unknown instruction RNU\n.*\n.*\n {2}did you mean RUN\?/);
      assert.match(stderr, /Dockerfile:5:6: COPY has no flag --form\n.*\n.*\n {2}did you mean --from\?/);
      assert.doesNotMatch(stderr, /^#1/m);
    },
  );

  scenario(
    'stages that do not need each other are built at the same time',
    {
      compose: 'services:\n  web:\n    build: .\n',
      // Each waits for the other: one after the other they would wait for ever.
      files: {
        Dockerfile: `${base}FROM base AS one
RUN --mount=type=cache,target=/meet touch /meet/one; until test -e /meet/two; do usleep 10000; done
FROM base AS two
RUN --mount=type=cache,target=/meet touch /meet/two; until test -e /meet/one; do usleep 10000; done
FROM base
COPY --from=one /bin/busybox /one
COPY --from=two /bin/busybox /two
`,
      },
    },
    async (scene, context) => {
      prepare(scene, context);
      await scene.ok('build');
    },
  );

  scenario(
    'a build that is killed leaves nothing that the next one does not take away',
    {
      compose: 'services:\n  web:\n    build: .\n',
      files: { Dockerfile: `${base}RUN echo begun && sleep 1000\n` },
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      const { child, ended } = scene.launch('build');
      let said = '';
      child.stderr?.on('data', (chunk) => {
        said += String(chunk);
      });
      await eventually(() => assert.match(said, /begun/));
      child.kill('SIGKILL');
      await ended;
      writeFileSync(join(directory, 'Dockerfile'), `${base}RUN true\n`);
      await scene.ok('build');
      assert.deepEqual(readdirSync(join(scene.stateDirectory, 'lib/builds')), []);
    },
  );

  scenario(
    'an interrupted build ends its commands and leaves nothing',
    { compose: 'services:\n  web:\n    build: .\n', files: { Dockerfile: `${base}RUN echo begun && sleep 1000\n` } },
    async (scene, context) => {
      prepare(scene, context);
      const { child, ended } = scene.launch('build');
      let said = '';
      child.stderr?.on('data', (chunk) => {
        said += String(chunk);
      });
      await eventually(() => assert.match(said, /begun/));
      child.kill('SIGINT');
      assert.equal((await ended).code, 130);
      assert.deepEqual(readdirSync(join(scene.stateDirectory, 'lib/builds')), []);
    },
  );

  scenario(
    'what build: says of the Dockerfile, its arguments, labels and names',
    {
      compose: `services:
  web:
    build:
      context: .
      dockerfile: other.Dockerfile
      args: { WHAT: given, FROM_OUTSIDE: }
      target: wanted
      labels: { own: label }
      tags: [127.0.0.1:1/second:tag]
      platforms: [linux/${process.arch === 'x64' ? 'amd64' : process.arch}]
      pull: false
      cache_to: [type=inline]
  inline:
    build:
      context: .
      dockerfile_inline: |
        FROM web-image
        CMD ["cat", "/what", "/context/word"]
        COPY --from=files word /context/word
      additional_contexts: { web-image: "service:web", files: ./files }
`,
      files: {
        'other.Dockerfile': `${base}FROM base AS wanted\nARG WHAT=default\nARG FROM_OUTSIDE\nRUN echo $WHAT $FROM_OUTSIDE > /what\nCMD ["cat", "/what"]\nFROM base AS unwanted\nRUN false\n`,
        'files/word': 'word\n',
      },
      environment: { FROM_OUTSIDE: 'outside' },
    },
    async (scene, context) => {
      prepare(scene, context);
      await scene.ok('build');
      assert.equal(await printed(scene, 'web'), 'given outside');
      assert.equal(await printed(scene, 'inline'), 'given outside\nword');
      assert.match(await scene.ok('image', 'ls'), /127\.0\.0\.1:1\/second +tag/);
      const configs = globSync('lib/images/blobs/sha256/*', { cwd: scene.stateDirectory })
        .map((path) => readFileSync(join(scene.stateDirectory, path)))
        .filter((bytes) => bytes[0] === 0x7b && bytes.includes('"own"'))
        .map((bytes) => (JSON.parse(String(bytes)) as { config: { Labels: Record<string, string> } }).config.Labels);
      const Labels = configs.find((labels) => labels['com.docker.compose.service'] === 'web');
      assert.deepEqual(
        { ...Labels, 'com.docker.compose.version': '' },
        {
          'com.docker.compose.project': scene.project,
          'com.docker.compose.service': 'web',
          'com.docker.compose.version': '',
          own: 'label',
        },
      );
      await scene.ok('build', '--build-arg', 'WHAT=flag', 'web');
      assert.equal(await printed(scene, 'web'), 'flag outside');
    },
  );

  scenario(
    'what build: gives to RUN: network, hosts, limits, secrets, an agent, privileges',
    {
      compose: `services:
  web:
    build:
      context: .
      network: none
      extra_hosts: ["other=10.1.2.3"]
      shm_size: 32m
      ulimits: { nofile: { soft: 1000, hard: 1001 }, core: 0 }
      secrets: [plain, { source: named, target: token }]
      ssh: [default=./agent]
  host:
    build: { context: ., dockerfile: host.Dockerfile, network: host, privileged: true }
secrets:
  plain: { environment: PLAIN }
  named: { file: ./named }
`,
      files: {
        Dockerfile: `${base}RUN --mount=type=secret,id=plain --mount=type=secret,id=token,env=TOKEN --mount=type=ssh \\
  cut -d: -f1 /proc/net/dev | tail -n +3 > /out; grep other /etc/hosts >> /out; df -k /dev/shm | tail -1 | awk '{ print $2 }' >> /out; \\
  ulimit -n >> /out; ulimit -Hn >> /out; cat /run/secrets/plain >> /out; echo $TOKEN >> /out; \\
  test -S $SSH_AUTH_SOCK && echo agent >> /out
CMD ["cat", "/out"]
`,
        'host.Dockerfile': `${base}RUN cut -d: -f1 /proc/net/dev > /out; mkdir /mnt && mount -t tmpfs none /mnt && echo mounted >> /out\nCMD ["cat", "/out"]\n`,
        named: 'file-secret',
      },
      environment: { PLAIN: 'plain-secret\n' },
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      const ours = readFileSync('/proc/net/dev', 'utf8').replaceAll(/:.*$/gm, '');
      const agent = createServer().listen(join(directory, 'agent'));
      try {
        await scene.ok('build');
      } finally {
        agent.close();
      }
      assert.equal(
        await printed(scene, 'web'),
        'lo\n10.1.2.3\tother\n32768\n1000\n1001\nplain-secret\nfile-secret\nagent',
      );
      assert.equal(await printed(scene, 'host'), `${ours}mounted`.trim());
      // Of secrets nothing stays: neither in layers nor in what is remembered.
      const kept = globSync('lib/{build-cache,images,builds}/**', { cwd: scene.stateDirectory, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== 'out')
        .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes('file-secret'));
      assert.deepEqual(
        kept.map(({ name }) => name),
        [],
      );
    },
  );

  scenario(
    'no_cache makes steps anew, no_cache_filter those of a stage',
    {
      compose: `services:
  all: { build: { context: ., no_cache: true } }
  some: { build: { context: ., no_cache_filter: [made] } }
`,
      files: { Dockerfile: `${base}FROM base AS made\nRUN echo made\nFROM base\nCOPY --from=made /bin/busybox /x\n` },
    },
    async (scene, context) => {
      prepare(scene, context);
      await scene.ok('build', 'some');
      const some = await scene.run('build', 'some');
      assert.deepEqual(carriedOut(some.stderr), ['RUN echo made']);
      const all = await scene.run('build', 'all');
      assert.equal(carriedOut(all.stderr).length, 4);
    },
  );

  scenario(
    'the same files give the same image, with SOURCE_DATE_EPOCH',
    {
      compose: 'services:\n  web:\n    build: .\n',
      files: {
        Dockerfile: `${base}COPY files /files\nRUN mkdir /x && echo x > /x/y\n`,
        'files/a': 'a',
        'files/b/c': 'c',
      },
      environment: { SOURCE_DATE_EPOCH: '1700000000' },
    },
    async (scene, context) => {
      prepare(scene, context);
      const id = async () => {
        await scene.ok('build', '--no-cache');
        return await scene.ok('image', 'ls', '-q', '--no-trunc');
      };
      assert.equal(await id(), await id());
    },
  );

  scenario(
    '.dockerignore leaves files out of COPY and of bind mounts',
    {
      compose: 'services:\n  web:\n    build: .\n',
      files: {
        '.dockerignore': '*\n!busybox\n!kept\nkept/not\n',
        'kept/a': 'a',
        'kept/not': 'n',
        secret: 's',
        Dockerfile: `${base}COPY . /all\nRUN --mount=type=bind,target=/context find /all /context | sort > /list\nCMD ["cat", "/list"]\n`,
      },
    },
    async (scene, context) => {
      prepare(scene, context);
      await scene.ok('build');
      const names = (root: string) => [root, `${root}/busybox`, `${root}/kept`, `${root}/kept/a`];
      assert.deepEqual((await printed(scene, 'web')).split('\n'), [...names('/all'), ...names('/context')]);
    },
  );

  scenario(
    'ADD takes archives apart, fetches files and clones repositories',
    {
      compose: 'services:\n  web:\n    build: .\n',
      files: { 'packed/a': 'a', 'packed/d/b': 'b', 'no-archive.gz': 'plain' },
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      const run = (command: string) => execFileSync('sh', ['-ec', command], { cwd: directory, stdio: 'ignore' });
      run(
        'chown -R 12:13 packed; tar -czf packed.tgz -C packed . && tar -cJf packed.txz -C packed . && tar -cf packed.tar -C packed .',
      );
      run('gzip -c packed/a >a.gz');
      const content = 'from a server\n';
      const digest = createHash('sha256').update(content).digest('hex');
      let requested = 0;
      const server = createHttpServer((request, response) => {
        requested += 1;
        response.setHeader('last-modified', 'Wed, 01 Jan 2020 00:00:00 GMT');
        response.statusCode = request.url === '/file' ? 200 : 404;
        response.end(content);
      }).listen(0, '127.0.0.1');
      try {
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        const url = `http://127.0.0.1:${port}/file`;
        const dockerfile = (checksum: string, path = url) => `${base}ADD packed.tgz /gzip/
ADD packed.txz /xz/
ADD --chown=1:2 packed.tar /plain
ADD a.gz no-archive.gz /kept/
ADD --checksum=sha256:${checksum} ${path} /fetched/
ADD --unpack=false packed.tar /whole.tar
`;
        const lister =
          'CMD cd / && find gzip xz plain kept fetched whole.tar -exec stat -c "%n %a %u:%g" {} + | sort && cat fetched/file && stat -c %Y fetched/file\n';
        const write = (checksum: string, path = url) =>
          writeFileSync(join(directory, 'Dockerfile'), `${dockerfile(checksum, path)}${lister}`);
        write(digest);
        await scene.ok('build');
        const tree = (root: string, owner: string) => [
          `${root} 755 ROOT`,
          `${root}/a 644 ${owner}`,
          `${root}/d 755 ${owner}`,
          `${root}/d/b 644 ${owner}`,
        ];
        const expected = [
          'fetched 755 0:0',
          'fetched/file 600 0:0',
          ...tree('gzip', '12:13').map((line) => line.replace('ROOT', '0:0')),
          'kept 755 0:0',
          'kept/a.gz 644 0:0',
          'kept/no-archive.gz 644 0:0',
          ...tree('plain', '12:13').map((line) => line.replace('ROOT', '1:2')),
          'whole.tar 644 0:0',
          ...tree('xz', '12:13').map((line) => line.replace('ROOT', '0:0')),
          content.trim(),
          '1577836800',
        ];
        assert.deepEqual((await printed(scene, 'web')).split('\n'), expected);
        const before = requested;
        await scene.ok('build');
        assert.equal(requested, before, 'what has a checksum is not fetched again');
        write('0'.repeat(64));
        await scene.fails(
          17,
          /Dockerfile:8:1: http:\S+\/file is not what --checksum says: its digest is sha256:/,
          'build',
        );
        write(digest, `http://127.0.0.1:${port}/none`);
        await scene.fails(17, /Dockerfile:8:1: cannot fetch \S+\/none: the server answers 404/, 'build');
        writeFileSync(join(directory, 'Dockerfile'), `${base}ADD git://127.0.0.1:1/x.git /never\n`);
        await scene.fails(17, /Dockerfile:4:1: git fetch failed: /, 'build');
      } finally {
        server.close();
      }
    },
  );

  scenario(
    'FROM takes an extracted root as an image',
    {
      compose: 'services:\n  web:\n    build: .\n',
      files: {
        Dockerfile:
          'ARG ROOT\nFROM rootfs:$ROOT\nRUN ["/bin/busybox", "touch", "/made"]\nCMD ["/bin/busybox", "ls", "/"]\n',
      },
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      mkdirSync(join(directory, 'root/bin'), { recursive: true });
      copyFileSync(busybox, join(directory, 'root/bin/busybox'));
      await scene.ok('build', '--build-arg', `ROOT=${directory}/root`);
      assert.deepEqual(
        (await printed(scene, 'web')).split('\n').filter((name) => name !== ''),
        ['bin', 'dev', 'etc', 'made', 'proc', 'sys'],
      );
      const again = await scene.run('build', '--build-arg', `ROOT=${directory}/root`);
      assert.deepEqual(carriedOut(again.stderr), []);
      await scene.fails(
        17,
        /Dockerfile:2:6: images cannot begin with this machine’s own root/,
        'build',
        '--build-arg',
        'ROOT=/',
      );
    },
  );

  scenario(
    'what a killed build leaves is also taken away by the next supervisor, which leaves a living build alone',
    {
      compose:
        'services:\n  web:\n    build: .\n  other:\n    image: rootfs:/\n    init: true\n    command: [sleep, "1000"]\n',
      files: { Dockerfile: `${base}RUN echo begun && until test -e /sys/class/net/none; do usleep 10000; done\n` },
    },
    async (scene, context) => {
      prepare(scene, context);
      const { child, ended } = scene.launch('build');
      let said = '';
      child.stderr?.on('data', (chunk) => {
        said += String(chunk);
      });
      await eventually(() => assert.match(said, /begun/));
      await scene.ok('up', '-d', 'other');
      const namespaces = () =>
        readdirSync(join(scene.stateDirectory, 'run/netns')).filter((id) => id.startsWith('build-'));
      assert.equal(namespaces().length, 1, 'the build lives');
      await scene.ok('down', '-t', '0');
      await eventually(() => assert.deepEqual(scene.supervisors(), []));
      child.kill('SIGKILL');
      await ended;
      await scene.ok('up', '-d', 'other');
      assert.deepEqual(namespaces(), []);
      assert.deepEqual(readdirSync(join(scene.stateDirectory, 'lib/builds')), []);
    },
  );

  scenario(
    'build --push sends images to their registry, and a base that is missing comes from there',
    {
      compose: 'services:\n  base:\n    image: ${REGISTRY}/team/base:1\n    build: .\n  web:\n    build: ./web\n',
      files: {
        Dockerfile: `${base}CMD ["echo", "from the base"]\n`,
        'web/Dockerfile': 'ARG REGISTRY\nFROM ${REGISTRY}/team/base:1\n',
      },
      environment: { REGISTRY: 'none' },
    },
    async (scene, context) => {
      require(context, hasRegistryTools(), 'docker-registry and skopeo');
      prepare(scene, context);
      await using registry = await startRegistry();
      const compose = readFileSync(scene.composeFile, 'utf8').replaceAll('${REGISTRY}', registry.domain);
      writeFileSync(scene.composeFile, compose);
      await scene.ok('build', '--push', 'base');
      await scene.ok('image', 'rm', `${registry.domain}/team/base:1`);
      const { code, stderr } = await scene.run('build', '--build-arg', `REGISTRY=${registry.domain}`, 'web');
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^#\d+ pull 127\.0\.0\.1:\d+\/team\/base:1\n#\d+ DONE/m);
      assert.equal(await printed(scene, 'web'), 'from the base');
      await scene.ok('image', 'rm', `${registry.domain}/team/base:1`);
      const again = ['--progress', 'json', 'build', '--build-arg', `REGISTRY=${registry.domain}`, 'web'];
      const events = (await scene.run(...again)).stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.ok(events.some(({ type, resource }) => type === 'layer' && resource.endsWith('/team/base:1')));
      assert.equal(events.at(-1).type, 'built');
    },
  );

  scenario(
    'COPY puts files where Docker does, with the owners and modes that Docker gives them',
    { compose: 'services:\n  web:\n    build: .\n' },
    async (scene, context) => {
      const directory = prepare(scene, context);
      const shell = (command: string) => execFileSync('sh', ['-ec', command], { cwd: directory });
      shell(
        'mkdir -p d/sub; echo a >d/a; echo b >d/sub/b; chmod 700 d d/sub; chmod 640 d/a; chown 33:33 d/a; ln d/a d/hard',
      );
      shell('ln -s a d/link; ln -s nothing d/dangling; ln -s d dirlink; ln -s /etc/passwd outside');
      writeFileSync(
        join(directory, 'Dockerfile'),
        `${base}RUN mkdir -m 711 /existing && ln -s /existing /alias && mkdir -p -m 700 /merged/sub && chown 9:9 /merged/sub && ln -s merged/led /toward && echo named:x:55:66::: > /etc/passwd
FROM base
COPY d /new
COPY d/a /slash/
COPY d/a /existing
COPY d/a d/sub/b /existing/two/
COPY d/sub /alias/through
COPY d /merged
COPY --chown=root:root d/a /toward
COPY --chown=root:root d/a /toward
COPY --chown=1:2 d/a /par/ent/
COPY --chown=named d/sub /named
COPY --chmod=u+x,go= d/a /mode
COPY nomatch* /nothing/
COPY dirlink /linked
COPY d/link /target
COPY d/s* d/h* /globs/
COPY --parents d/sub/b /parents/
COPY --parents ./d/./sub /pivot/
COPY --exclude=sub --exclude=*nk d /less
COPY --link --chown=named d/a /alone/x
COPY --from=base /existing /from/stage
USER named
WORKDIR /work
USER 0
CMD cd / && find new slash existing alias par named mode nothing linked target globs parents pivot less alone from work merged toward -exec stat -c '%n %a %u:%g' {} + 2>/dev/null | sort && stat -c %i new/a new/hard | uniq | wc -l
`,
      );
      await scene.ok('build');
      const expected = `alias 777 0:0
alone 755 55:66
alone/x 640 55:66
existing 711 0:0
existing/a 640 0:0
existing/through 755 0:0
existing/through/b 644 0:0
existing/two 755 0:0
existing/two/a 640 0:0
existing/two/b 644 0:0
from 755 0:0
from/stage 755 0:0
globs 755 0:0
globs/b 644 0:0
globs/hard 640 0:0
less 755 0:0
less/a 640 0:0
less/dangling 777 0:0
less/hard 640 0:0
linked 755 0:0
linked/a 640 0:0
linked/dangling 777 0:0
linked/hard 640 0:0
linked/link 777 0:0
linked/sub 700 0:0
linked/sub/b 644 0:0
merged 755 0:0
merged/a 640 0:0
merged/dangling 777 0:0
merged/hard 640 0:0
merged/led 640 0:0
merged/link 777 0:0
merged/sub 700 0:0
merged/sub/b 644 0:0
mode 700 0:0
named 755 55:66
named/b 644 55:66
new 755 0:0
new/a 640 0:0
new/dangling 777 0:0
new/hard 640 0:0
new/link 777 0:0
new/sub 700 0:0
new/sub/b 644 0:0
par 755 1:2
par/ent 755 1:2
par/ent/a 640 1:2
parents 755 0:0
parents/d 700 0:0
parents/d/sub 700 0:0
parents/d/sub/b 644 0:0
pivot 755 0:0
pivot/sub 700 0:0
pivot/sub/b 644 0:0
slash 755 0:0
slash/a 640 0:0
target 640 0:0
toward 777 0:0
work 755 55:66
1`;
      assert.equal(await printed(scene, 'web'), expected);
      writeFileSync(join(directory, 'Dockerfile'), `${base}COPY outside /x\n`);
      await scene.fails(17, /Dockerfile:4:1: there is no outside in the context/, 'build');
      writeFileSync(join(directory, 'Dockerfile'), `${base}COPY ../../etc/passwd /x\n`);
      await scene.fails(17, /Dockerfile:4:1: there is no \.\.\/\.\.\/etc\/passwd in the context/, 'build');
      await scene.ok('image', 'prune', '--force', '--build-cache');
      writeFileSync(join(directory, 'Dockerfile'), base);
      const { stderr } = await scene.run('build');
      assert.equal(carriedOut(stderr).length, 2, 'what was remembered is forgotten');
    },
  );

  scenario(
    'services that are built from the same stages take their steps once, and fail together',
    {
      compose: `services:
  one: { build: { context: ., target: one } }
  two: { build: { context: ., target: two } }
  after: { build: { context: ., dockerfile: After, additional_contexts: { first: "service:one" } } }
`,
      files: {
        Dockerfile: `${base}RUN --mount=type=cache,target=/count echo x >> /count/runs && cp /count/runs /runs
FROM base AS one
CMD ["cat", "/runs"]
FROM base AS two
CMD ["cat", "/runs"]
`,
        After: 'FROM first\nCMD ["cat", "/runs"]\n',
      },
    },
    async (scene, context) => {
      const directory = prepare(scene, context);
      await scene.ok('build');
      for (const service of ['one', 'two', 'after']) assert.equal(await printed(scene, service), 'x', service);
      const dockerfile = `${base}FROM base AS one\nRUN false\nFROM base AS two\nRUN sleep 1000\n`;
      writeFileSync(join(directory, 'Dockerfile'), dockerfile);
      await scene.fails(17, /Dockerfile:5:1: RUN false: it ended with exit code 1/, 'build');
      assert.deepEqual(readdirSync(join(scene.stateDirectory, 'lib/builds')), []);
    },
  );
});
