import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { freePort } from '../support/docker-registry.ts';
import { eventually } from '../support/eventually.ts';
import { require } from '../support/requirements.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

const busybox = '/bin/busybox';
const base = 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n';

/** A repository with a branch `side` that has `app/`, served by git's own server. */
async function serveRepository(directory: string): Promise<AsyncDisposable & { readonly url: string }> {
  const repository = join(directory, 'served/shop');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], {
      cwd: repository,
      stdio: 'ignore',
    });
  mkdirSync(repository, { recursive: true });
  git('init', '--quiet', '--initial-branch=main');
  writeFileSync(join(repository, 'word'), 'main\n');
  git('add', '.');
  git('commit', '--quiet', '-m', 'main');
  git('checkout', '--quiet', '-b', 'side');
  mkdirSync(join(repository, 'app/wrong'), { recursive: true });
  copyFileSync(busybox, join(repository, 'app/busybox'));
  writeFileSync(join(repository, 'app/word'), 'side\n');
  writeFileSync(join(repository, 'app/wrong/Dockerfile'), 'FROM scratch\nRNU x\n');
  const port = await freePort();
  const url = `git://127.0.0.1:${port}/shop`;
  writeFileSync(
    join(repository, 'app/Dockerfile'),
    `${base}COPY word /word\nCOPY --from=other word /other\nADD ${url}#main /added\nCMD cd / && cat word other added/word && ls -A added\n`,
  );
  git('add', '.');
  git('commit', '--quiet', '-m', 'side');
  const args = ['daemon', '--export-all', '--reuseaddr', '--listen=127.0.0.1', `--port=${port}`];
  const server = spawn('git', [...args, `--base-path=${join(directory, 'served')}`], {
    stdio: 'ignore',
    detached: true,
  });
  await eventually(() => execFileSync('git', ['ls-remote', url], { stdio: 'ignore' }));
  return {
    url,
    async [Symbol.asyncDispose]() {
      process.kill(-(server.pid ?? 0), 'SIGTERM');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    },
  };
}

const printed = async (scene: Scenario, service: string) =>
  (await scene.ok('run', '--rm', '-T', '--no-deps', service)).trim();

describe('e2e: builds of what is elsewhere', () => {
  scenario(
    'contexts are repositories, by branch and directory',
    { compose: 'services: {}\n' },
    async (scene, context) => {
      require(context, existsSync(busybox), 'busybox-static');
      require(context, spawnSync('git', ['--version']).status === 0, 'git');
      const directory = dirname(scene.composeFile);
      await using repository = await serveRepository(directory);
      const { url } = repository;
      const service = (fragment: string) =>
        `{ build: { context: "${url}#${fragment}", additional_contexts: { other: "${url}" } } }`;
      const write = (fragment: string) => writeFileSync(scene.composeFile, `services: { web: ${service(fragment)} }\n`);
      write('side:app');
      const built = await scene.run('build');
      assert.equal(built.code, 0, built.stderr);
      assert.match(built.stderr, /^#\d+ fetch git:\S+#side:app$/m);
      assert.equal(await printed(scene, 'web'), 'side\nmain\nmain\nword');
      const again = await scene.run('build');
      assert.doesNotMatch(again.stderr, /^#\d+ \d+\.\d/m, 'nothing is run again');
      const id = await scene.ok(
        'image',
        'build',
        '-q',
        '--build-context',
        `other=${directory}/served/shop/app`,
        `${url}#side:app`,
      );
      assert.match(id, /^sha256:/);
      write('side:app/wrong');
      await scene.fails(15, /git:\S+#side:app\/wrong\/Dockerfile:2:1: unknown instruction RNU/, 'build');
      write('none');
      await scene.fails(17, /git fetch failed: .*none/, 'build');
      write('side:nowhere');
      await scene.fails(14, /compose\.yaml:1:\d+.*there is no directory nowhere in git:/s, 'build');
      assert.deepEqual(readdirSync(join(scene.stateDirectory, 'lib/builds')), []);
    },
  );

  scenario(
    'contexts are archives, files and Dockerfiles by URL, and images in a directory',
    { compose: 'services: {}\n' },
    async (scene, context) => {
      require(context, existsSync(busybox), 'busybox-static');
      const directory = dirname(scene.composeFile);
      const source = join(directory, 'source');
      mkdirSync(source);
      copyFileSync(busybox, join(source, 'busybox'));
      writeFileSync(join(source, 'word'), 'packed\n');
      writeFileSync(join(source, 'left-out'), '');
      writeFileSync(join(source, '.dockerignore'), 'left-out\n');
      symlinkSync('/etc/passwd', join(source, 'Out'));
      writeFileSync(join(source, 'Dockerfile'), `${base}COPY . /all\nCMD cd /all && ls && stat -c %u:%g word\n`);
      const packed = ['--owner=5', '--group=6', '-C', source, '.'];
      execFileSync('tar', ['-czf', join(directory, 'shop.tar.gz'), ...packed]);
      const files = new Map<string | undefined, string | Buffer>([
        ['/shop.tar.gz', readFileSync(join(directory, 'shop.tar.gz'))],
        ['/plain', 'FROM base\nCOPY --from=further . /further\nCMD cat /all/word && ls /further\n'],
        ['/junk', Buffer.alloc(2000, 'x\0')],
      ]);
      const server = createServer(({ url }, answer) => {
        const content = files.get(url);
        if (url === '/moved') answer.writeHead(302, { location: '/shop.tar.gz' }).end();
        else answer.writeHead(content === undefined ? 404 : 200).end(content);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const image = 'registry.test/of-archive:1';
      const write = (build: string) =>
        writeFileSync(scene.composeFile, `services:\n  web: { image: "${image}", build: ${build} }\n`);
      try {
        write(`{ context: "${root}/moved" }`);
        const built = await scene.run('build');
        assert.equal(built.code, 0, built.stderr);
        assert.match(built.stderr, /^#\d+ fetch http:\S+\/moved$/m);
        assert.equal(await printed(scene, 'web'), 'Dockerfile\nOut\nbusybox\nword\n5:6');

        const layout = join(directory, 'layout');
        mkdirSync(layout);
        await scene.ok('image', 'save', '-o', join(directory, 'saved.tar'), image);
        execFileSync('tar', ['-C', layout, '-xf', join(directory, 'saved.tar')]);
        await scene.ok('image', 'rm', '-f', image);
        const contexts = (tag: string) => `{ base: "oci-layout://${layout}:${tag}", further: "${root}/shop.tar.gz" }`;
        write(`{ context: "${root}/plain", additional_contexts: ${contexts('1')} }`);
        await scene.ok('build');
        assert.equal(await printed(scene, 'web'), 'packed\nshop.tar.gz');
        const id = await scene.ok('image', 'build', '-q', '--build-context', `base=oci-layout://${layout}`, source);
        assert.match(id, /^sha256:/);

        write(`{ context: "${root}/plain", additional_contexts: ${contexts('2')} }`);
        await scene.fails(17, /plain:1:6: there is no image 2 in .*its images: 1\n$/s, 'build');
        write('{ context: source, additional_contexts: { base: "oci-layout:///none" } }');
        await scene.fails(14, /compose\.yaml:2:\d+.*the image layout \/none does not exist/s, 'build');
        write(`{ context: "${root}/none" }`);
        await scene.fails(17, /compose\.yaml:2:\d+.*cannot fetch \S+\/none: the server answers 404/s, 'build');
        write(`{ context: "${root}/junk" }`);
        await scene.fails(17, /junk is neither an archive nor a Dockerfile/, 'build');
        write(`{ context: "${root}/shop.tar.gz", dockerfile: Out }`);
        await scene.fails(14, /the Dockerfile http:\S+\/shop\.tar\.gz\/etc\/passwd does not exist/, 'build');
        assert.deepEqual(readdirSync(join(scene.stateDirectory, 'lib/builds')), []);
      } finally {
        server.close();
      }
    },
  );

  scenario(
    'keys in files are used through an agent, and a secret belongs to whom the file says',
    {
      compose: `services:
  web:
    build:
      context: .
      ssh: [default=./key]
      secrets: [{ source: token, uid: "12", gid: "13", mode: 0440 }]
secrets: { token: { environment: TOKEN } }
`,
      environment: { TOKEN: 'of the test' },
    },
    async (scene, context) => {
      require(context, existsSync(busybox), 'busybox-static');
      require(context, spawnSync('ssh-agent', ['-k']).error === undefined, 'openssh-client');
      const directory = dirname(scene.composeFile);
      copyFileSync(busybox, join(directory, 'busybox'));
      const shell = (command: string) =>
        execFileSync('sh', ['-ec', command], { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      shell('ssh-keygen -q -t ed25519 -N "" -C for-the-build -f key; ssh-keygen -q -t ed25519 -N secret -f locked');
      const libraries = shell('ldd "$(command -v ssh-add)"').match(/\/\S+/g) ?? [];
      const program = shell('command -v ssh-add').trim();
      for (const path of [program, ...libraries]) {
        mkdirSync(dirname(join(directory, 'root', path)), { recursive: true });
        copyFileSync(path, join(directory, 'root', path));
      }
      const dockerfile = `${base}COPY root /
RUN --mount=type=ssh ${program} -l | cut -d' ' -f3 > /out
RUN --mount=type=secret,id=token stat -c '%u:%g %a' /run/secrets/token >> /out; cat /run/secrets/token >> /out
RUN --mount=type=secret,id=token,uid=1,mode=0400 stat -c '%u:%g %a' /run/secrets/token > /mount-says
CMD ["cat", "/out", "/mount-says"]
`;
      writeFileSync(join(directory, 'Dockerfile'), dockerfile);
      await scene.ok('build');
      assert.equal(await printed(scene, 'web'), 'for-the-build\n12:13 440\nof the test1:13 400');
      const secret = readFileSync(join(directory, 'key'), 'utf8').split('\n')[2] ?? '';
      assert.notEqual(secret, '');
      const kept = globSync('{lib/{build-cache,images,builds},run/builds}/**', {
        cwd: scene.stateDirectory,
        withFileTypes: true,
      })
        .filter((entry) => entry.isFile())
        .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(secret));
      assert.deepEqual(kept, []);
      const compose = readFileSync(scene.composeFile, 'utf8');
      writeFileSync(scene.composeFile, compose.replace('./key', './locked'));
      await scene.fails(17, /Dockerfile:5:1: the key \S+\/locked cannot be used: /, 'build', '--no-cache');
      writeFileSync(scene.composeFile, compose.replace('./key', './none'));
      await scene.fails(14, /compose\.yaml:5:.*ssh default: \S+\/none does not exist/s, 'build');
      writeFileSync(scene.composeFile, compose.replace('"12"', 'root'));
      await scene.fails(1, /compose\.yaml:6:.*uid "root" is no number/s, 'build');
    },
  );
});
