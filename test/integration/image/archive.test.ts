import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tscompose } from '../../support/command.ts';
import { writeLayout } from '../../support/docker-registry.ts';
import { slowness } from '../../support/eventually.ts';
import { require } from '../../support/requirements.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('image save, load, import and export', function () {
  this.timeout(60_000 * slowness);
  const root = temporaryDirectory('tscompose-archive-');
  const name = '127.0.0.1:5000/team/app:1';
  const own = join(root, 'own');
  let count = 0;
  let id = '';
  const path = (file: string) => join(root, file);

  /** Runs the command on a state directory; it must succeed. */
  async function run(state: string, args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await tscompose(['--state-dir', state, 'image', ...args], {}, input);
    assert.equal(code, 0, stderr);
    return stdout;
  }
  const fresh = () => path(`state-${count++}`);

  /** Path, mode, owner, target and content of everything in an image's file system. */
  async function treeOf(state: string, image: string): Promise<string> {
    const archive = path(`tree-${count++}.tar`);
    await run(state, ['export', '-o', archive, image]);
    const listed = execFileSync('tar', ['-tvf', archive, '--numeric-owner', '--full-time'], { encoding: 'utf8' });
    return `${listed}${sha256(readFileSync(archive))}`;
  }

  before(async function () {
    require(this, process.getuid?.() === 0, 'root');
    require(this, spawnSync('skopeo', ['--version']).status === 0, 'skopeo');
    const context = path('context');
    mkdirSync(join(context, 'sub'), { recursive: true });
    writeFileSync(join(context, 'sub/file'), 'content', { mode: 0o640 });
    writeFileSync(
      join(context, 'Dockerfile'),
      'FROM scratch\nCOPY sub /sub\nCOPY --chown=12:34 --chmod=4755 sub/file /bin/tool\nENV A=1\nCMD ["/bin/tool"]\n',
    );
    id = (await run(own, ['build', '-q', '-t', name, context])).trim();
  });

  it('give an archive that is loaded as it was saved, in every form, from a file, a pipe, or compressed', async () => {
    const tree = await treeOf(own, name);
    const archives: string[] = [];
    for (const form of ['docker-archive', 'oci-archive', 'oci-dir']) {
      archives.push(path(form));
      await run(own, ['save', '--format', form, '-o', path(form), name]);
    }
    writeFileSync(path('compressed'), gzipSync(readFileSync(path('docker-archive'))));
    for (const archive of [...archives, path('compressed')]) {
      const state = fresh();
      assert.equal(await run(state, ['load', '-i', archive]), `Loaded image: ${name}\n`);
      assert.equal(await run(state, ['ls', '-q', '--no-trunc']), `${id}\n`);
      assert.equal(await treeOf(state, name), tree);
    }
    const state = fresh();
    const command = `"$0" --disable-warning=ExperimentalWarning "$1" --state-dir "$2" image`;
    const main = new URL('../../../dist/cli.js', import.meta.url).pathname;
    const shell = (script: string) =>
      execFileSync('sh', ['-c', script, process.execPath, main, state], { encoding: 'utf8' });
    const loaded = `Loaded image: ${name}\n`;
    assert.equal(shell(`cat ${path('compressed')} | ${command} load -q`), loaded);
    assert.equal(shell(`${command} load -q <${path('docker-archive')}`), loaded);
    assert.equal(shell(`${command} save ${name} | ${command} load -q`), loaded);
  });

  it('keep all variants of an image for several platforms that are here, or those that are named', async () => {
    const layout = path('both-layout');
    const { many } = writeLayout(layout);
    const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
      manifests: { digest: string; annotations: Record<string, string> }[];
    };
    const both = '127.0.0.1:5000/team/both:1';
    index.manifests = index.manifests.filter(({ digest }) => digest === many);
    for (const { annotations } of index.manifests) annotations['io.containerd.image.name'] = both;
    writeFileSync(join(layout, 'index.json'), JSON.stringify(index));
    const state = fresh();
    await run(state, ['load', '-i', layout]);
    const platforms = (archive: string) => {
      const raw = execFileSync('skopeo', ['inspect', '--raw', `oci-archive:${archive}`], { encoding: 'utf8' });
      const { manifests } = JSON.parse(raw) as { manifests?: { platform: { architecture: string } }[] };
      return manifests?.map(({ platform }) => platform.architecture);
    };
    for (const form of ['docker-archive', 'oci-archive']) {
      const archive = path(`both-${form}`);
      await run(state, ['save', '--format', form, '-o', archive, both]);
      assert.deepEqual(platforms(archive), ['amd64', 'arm64']);
      const again = fresh();
      assert.equal(await run(again, ['load', '-i', archive]), `Loaded image: ${both}\n`);
      await run(again, ['save', '-o', path('again'), both]);
      assert.deepEqual(readFileSync(path('again')), readFileSync(path('both-docker-archive')));
    }
    await run(state, ['save', '--platform', 'linux/arm64', '-o', path('one-of-both'), both]);
    assert.equal(platforms(path('one-of-both')), undefined);
    const { stderr, code } = await tscompose([
      ...['--state-dir', state, 'image', 'save', '--platform', 'linux/s390x', '-o', path('none'), both],
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /has no variant for linux\/s390x: it is made for linux\/amd64, linux\/arm64/);
  });

  it('are the same whenever they are written', async () => {
    await run(own, ['save', '-o', path('first'), name]);
    await run(own, ['save', '-o', path('second'), name]);
    assert.equal(sha256(readFileSync(path('first'))), sha256(readFileSync(path('second'))));
  });

  it('go through skopeo and back, in both formats', async () => {
    const tree = await treeOf(own, name);
    await run(own, ['save', '-o', path('a.tar'), name]);
    await run(own, ['save', '--format', 'oci-archive', '-o', path('b.tar'), name]);
    const copies: readonly (readonly [from: string, to: string])[] = [
      [`docker-archive:${path('a.tar')}`, `docker-archive:${path('c.tar')}:${name}`],
      [`oci-archive:${path('b.tar')}`, `oci-archive:${path('d.tar')}:${name}`],
      [`oci-archive:${path('a.tar')}`, `oci:${path('e')}:${name}`],
    ];
    for (const [from, to] of copies) {
      execFileSync('skopeo', ['copy', '--quiet', from, to], { stdio: 'ignore' });
      const state = fresh();
      assert.equal(await run(state, ['load', '-i', to.split(':')[1] ?? '']), `Loaded image: ${name}\n`, to);
      assert.equal(await treeOf(state, name), tree, to);
    }
  });

  it('keep several images and names in one archive, and say which have none', async () => {
    await run(own, ['export', '-o', path('tree.tar'), name]);
    const other = (await run(own, ['import', '-m', 'made by hand', path('tree.tar'), 'other'])).trim();
    await run(own, ['tag', name, 'again:2']);
    await run(own, ['save', '-o', path('many'), name, 'again:2', other]);
    const state = fresh();
    const lines = (await run(state, ['load', '-i', path('many')])).trim().split('\n').sort();
    assert.deepEqual(lines, [`Loaded image ID: ${other}`, `Loaded image: ${name}`, 'Loaded image: again:2'].sort());
  });

  it('make an image of any file system, with the configuration that is asked for', async () => {
    const tree = await treeOf(own, name);
    const archive = path('root.tar');
    await run(own, ['export', '-o', archive, name]);
    writeFileSync(path('root.tar.gz'), gzipSync(readFileSync(archive)));
    const changes = ['CMD ["/bin/tool", "x"]', 'ENV B=2', 'WORKDIR /sub', 'LABEL a.b="c d"', 'EXPOSE 80'];
    for (const file of [archive, path('root.tar.gz')]) {
      const state = fresh();
      await run(state, ['import', ...changes.flatMap((change) => ['-c', change]), file, 'made:1']);
      assert.equal(await treeOf(state, 'made:1'), tree);
      await run(state, ['save', '-o', path('made.tar'), 'made:1']);
      const inspected = execFileSync('skopeo', ['inspect', '--config', `docker-archive:${path('made.tar')}`]);
      const { config } = JSON.parse(inspected.toString());
      assert.deepEqual([config.Cmd, config.WorkingDir, config.Labels], [['/bin/tool', 'x'], '/sub', { 'a.b': 'c d' }]);
      assert.ok(config.Env.includes('B=2') && '80/tcp' in config.ExposedPorts);
    }
    const { code, stderr } = await tscompose(['--state-dir', own, 'image', 'import', '-c', 'RUN x', archive]);
    assert.notEqual(code, 0);
    assert.match(stderr, /RUN changes no configuration/);
  });

  it('refuse what is broken, say what it is, and keep nothing of it', async () => {
    const layout = path('layout');
    await run(own, ['save', '--format', 'oci-dir', '-o', layout, name]);
    const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
    const manifestPath = join(layout, 'blobs/sha256', index.manifests[0].digest.slice(7));
    const [layer] = JSON.parse(readFileSync(manifestPath, 'utf8')).layers;
    const damage: Readonly<Record<string, readonly [change: (copy: string) => void, message: RegExp]>> = {
      layer: [
        (copy) => {
          const file = join(copy, 'blobs/sha256', layer.digest.slice(7));
          const bytes = readFileSync(file);
          bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 255, bytes.length - 9);
          writeFileSync(file, bytes);
        },
        /sha256:|layer/,
      ],
      manifest: [
        (copy) => {
          const file = join(copy, 'blobs/sha256', index.manifests[0].digest.slice(7));
          writeFileSync(file, `${readFileSync(file, 'utf8')} `);
        },
        /is not what it should be/,
      ],
      index: [(copy) => writeFileSync(join(copy, 'index.json'), '{'), /index\.json cannot be read: it is not JSON/],
      empty: [
        (copy) => writeFileSync(join(copy, 'index.json'), '{"schemaVersion":2,"manifests":[]}'),
        /there is no image for linux\/\w+ in it/,
      ],
      link: [
        (copy) => {
          execFileSync('rm', [join(copy, 'index.json')]);
          symlinkSync('/etc/passwd', join(copy, 'index.json'));
        },
        /it has neither index\.json nor manifest\.json/,
      ],
      escape: [
        (copy) => {
          writeFileSync(join(copy, 'manifest.json'), '[{"Config":"../../etc/passwd","Layers":[]}]');
          writeFileSync(join(copy, 'index.json'), '');
          execFileSync('rm', [join(copy, 'index.json')]);
        },
        /it has no "\.\.\/\.\.\/etc\/passwd"/,
      ],
    };
    for (const [what, [change, message]] of Object.entries(damage)) {
      const copy = path(`damaged-${what}`);
      cpSync(layout, copy, { recursive: true });
      change(copy);
      const state = fresh();
      const { code, stderr } = await tscompose(['--state-dir', state, 'image', 'load', '-i', copy]);
      assert.equal(code, 1, what);
      assert.match(stderr, message, what);
      assert.equal(await run(state, ['ls', '-q']), '', what);
    }
    await run(own, ['save', '-o', path('whole.tar'), name]);
    const tar = readFileSync(path('whole.tar'));
    writeFileSync(path('short.tar'), tar.subarray(0, 1636));
    const short = await tscompose(['--state-dir', fresh(), 'image', 'load', '-i', path('short.tar')]);
    assert.match(short.stderr, /it is cut short|has no/);
    const missing = await tscompose(['--state-dir', fresh(), 'image', 'load', '-i', path('none')]);
    assert.match(missing.stderr, /there is no file \S+none/);
    const unknown = await tscompose(['--state-dir', own, 'image', 'save', '-o', path('x'), 'unknown']);
    assert.match(unknown.stderr, /image unknown is not on this machine/);
    assert.ok(!readdirSync(root).some((file) => file.endsWith('.part')));
    const again = await tscompose(['--state-dir', own, 'image', 'save', '--format', 'oci-dir', '-o', layout, name]);
    assert.match(again.stderr, /it is not empty/);
  });

  it('say so when the disk is full, and leave the store as it was', async () => {
    mkdirSync(path('large'));
    writeFileSync(path('large/file'), randomBytes(12 * 1024 * 1024));
    execFileSync('tar', ['-cf', path('large.tar'), '-C', path('large'), '.']);
    const id = (await run(own, ['import', path('large.tar'), 'large:1'])).trim();
    await run(own, ['save', '-o', path('large.image'), 'large:1']);
    const small = path('small');
    await using _ = mountTmpfs(small, '8m');
    const cases: readonly (readonly [args: string, message: RegExp])[] = [
      [`load -i ${path('large.image')}`, /no space is left for blob|leaves less/],
      [`load <&3`, /no space is left to read standard input/],
      [`import ${path('large.tar')}`, /no space is left to read/],
    ];
    for (const [args, message] of cases) {
      const script = `cat "$0" | { exec 3<&0; "$1" --disable-warning=ExperimentalWarning "$2" --state-dir ${small} image ${args}; }`;
      const main = new URL('../../../dist/cli.js', import.meta.url).pathname;
      const { status, stderr } = spawnSync('sh', ['-c', script, path('large.image'), process.execPath, main], {
        encoding: 'utf8',
      });
      assert.equal(status, 1, stderr);
      assert.match(stderr, message);
      assert.equal(await run(small, ['ls', '-q']), '');
      await run(small, ['prune', '-f']);
    }
    for (const args of [
      ['save', '-o', path('small/out'), id],
      ['export', '-o', path('small/out'), id],
    ]) {
      const { code, stderr } = await tscompose(['--state-dir', own, 'image', ...args]);
      assert.equal(code, 1);
      assert.match(stderr, /no space is left/);
    }
    assert.deepEqual(
      readdirSync(small).filter((file) => file.startsWith('out')),
      [],
    );
  });

  it('are listed, named and removed when not a byte is left', async () => {
    const disk = path('full');
    await using _ = mountTmpfs(disk, '80m');
    const built = (await run(disk, ['build', '-q', '-t', name, path('context')])).trim();
    const { status } = spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'fill')}`, 'bs=4k'], { stdio: 'ignore' });
    assert.notEqual(status, 0, 'dd fills the disk');
    assert.equal(await run(disk, ['ls', '-q', '--no-trunc']), `${built}\n`);
    await run(disk, ['tag', name, '127.0.0.1:5000/other:1']);
    assert.equal(await run(disk, ['rm', name]), `Untagged: ${name}\n`);
    assert.match(await run(disk, ['prune', '--all', '--force']), new RegExp(`Deleted: ${built}`));
    assert.equal(await run(disk, ['ls', '-q']), '');
  });
});
