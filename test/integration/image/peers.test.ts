import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCredentials } from '../../../src/image/credentials.ts';
import { machine } from '../../../src/image/platform.ts';
import { pullImage, Slots } from '../../../src/image/pull.ts';
import { openRegistryClient } from '../../../src/image/registry/client.ts';
import { openImageStore } from '../../../src/image/store/store.ts';
import { tscompose } from '../../support/command.ts';
import { hasRegistryTools, startRegistry } from '../../support/docker-registry.ts';
import { slowness } from '../../support/eventually.ts';
import { require } from '../../support/requirements.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** `run CMD…` runs a command where Docker and Podman are, in this directory, with our loopback and our /tmp. */
const peers = process.env.TSCOMPOSE_PEERS;
const busybox = '/bin/busybox';

// Only where somebody says that they are there: nothing of ours needs them.
if (peers !== undefined) {
  describe('images between Docker, Podman and us', function () {
    this.timeout(120_000 * slowness);
    const root = temporaryDirectory('tscompose-peers-');
    const state = join(root, 'state');
    const archives = ['docker', 'podman'].map((name) => ({ name, run: (...args: string[]) => run(name, args) }));
    const made: string[] = [];

    function run(command: string, args: readonly string[]): string {
      return execFileSync(peers ?? '', ['run', command, ...args], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    }
    async function ours(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await tscompose(['--state-dir', state, 'image', ...args]);
      assert.equal(code, 0, stderr);
      return stdout.trim();
    }
    const digestOfTree = (archive: string): string =>
      execFileSync('sh', ['-c', `tar -tvf "$0" --numeric-owner | sort | grep -v '^d.* \\./$' | sha256sum`, archive], {
        encoding: 'utf8',
      });

    before(async function () {
      require(this, hasRegistryTools() && existsSync(busybox), 'docker-registry, skopeo and busybox-static');
      mkdirSync(join(root, 'context/sub'), { recursive: true });
      copyFileSync(busybox, join(root, 'context/busybox'));
      writeFileSync(join(root, 'context/sub/file'), 'text');
      const lines = [
        'FROM scratch',
        'COPY busybox /bin/busybox',
        'COPY busybox /bin/sh',
        'COPY --chown=12:34 --chmod=4711 sub /sub',
        'CMD ["/bin/sh", "-c", "read x </sub/file; echo from $x"]',
      ];
      writeFileSync(join(root, 'context/Dockerfile'), `${lines.join('\n')}\n`);
    });
    after(() => {
      for (const { name } of archives) {
        for (const image of made) {
          try {
            run(name, ['rmi', '-f', image]);
          } catch {
            // It never came so far.
          }
        }
      }
    });

    it('what we push they pull and run, and what they push we pull', async () => {
      await using registry = await startRegistry();
      const image = `${registry.domain}/team/ours:1`;
      made.push(image, `${registry.domain}/team/theirs:1`);
      const id = await ours('build', '-q', '-t', image, join(root, 'context'));
      await ours('push', image);
      run('docker', ['pull', '-q', image]);
      assert.equal(run('docker', ['image', 'inspect', '--format', '{{.Id}}', image]), id);
      assert.equal(run('docker', ['run', '--rm', '--network', 'none', image]), 'from text');
      run('podman', ['pull', '-q', '--tls-verify=false', image]);
      assert.equal(run('podman', ['image', 'inspect', '--format', '{{.Id}}', image]), id.replace('sha256:', ''));
      // crun, Podman's own choice, does without hybrid cgroups.
      assert.equal(run('podman', ['--runtime', 'runc', 'run', '--rm', '--network', 'none', image]), 'from text');

      const theirs = `${registry.domain}/team/theirs:1`;
      for (const { name, run: peer } of archives) {
        peer('tag', image, theirs);
        peer('push', ...(name === 'podman' ? ['--tls-verify=false'] : []), '-q', theirs);
        using store = openImageStore({ images: join(root, `images-${name}`) });
        const { signal } = new AbortController();
        using client = openRegistryClient({ credentials: await readCredentials({}), signal });
        const options = { store, registry: client, platform: machine(), signal, slots: new Slots(4) };
        assert.equal((await pullImage(theirs, options)).image.id, id, name);
      }
    });

    it('what we save they load, and what they save we load, with equal files', async () => {
      const image = 'tscompose.test/saved:1';
      made.push(image);
      const id = await ours('build', '-q', '-t', image, join(root, 'context'));
      await ours('export', '-o', join(root, 'ours.tar'), image);
      const tree = digestOfTree(join(root, 'ours.tar'));
      await ours('save', '-o', join(root, 'ours.archive'), image);
      await ours('save', '--format', 'oci-archive', '-o', join(root, 'oci.archive'), image);
      for (const { name, run: peer } of archives) {
        for (const archive of name === 'docker' ? ['ours.archive'] : ['oci.archive', 'ours.archive']) {
          peer('load', '-q', '-i', join(root, archive));
          const found = peer('image', 'inspect', '--format', '{{.Id}}', image);
          assert.equal(found.replace('sha256:', ''), id.replace('sha256:', ''), `${name} ${archive}`);
        }
        const forms = name === 'docker' ? [[]] : [[], ['--format', 'oci-archive'], ['--format', 'oci-dir']];
        for (const [index, form] of forms.entries()) {
          const archive = join(root, `${name}-${index}`);
          peer('save', ...form, '-o', archive, image);
          const own = join(root, `loaded-${name}-${index}`);
          const loaded = await tscompose(['--state-dir', own, 'image', 'load', '-i', archive]);
          assert.equal(loaded.stdout, `Loaded image: ${image}\n`, loaded.stderr);
          const exported = join(root, `${name}-${index}.tar`);
          await tscompose(['--state-dir', own, 'image', 'export', '-o', exported, image]);
          assert.equal(digestOfTree(exported), tree, `${name} ${form.join(' ')}`);
        }
      }
      const container = run('docker', ['create', '--network', 'none', image]);
      run('docker', ['export', '-o', join(root, 'docker.export'), container]);
      run('docker', ['rm', container]);
      const files = (archive: string) =>
        execFileSync('tar', ['-tvf', join(root, archive), '--numeric-owner', 'bin', 'sub'], { encoding: 'utf8' });
      assert.equal(files('ours.tar'), files('docker.export'));
    });
  });
}
