import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
