import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually, slowness } from '../../support/eventually.ts';
import { require, requireKernel } from '../../support/requirements.ts';
import { Bundle, type Config, isAlive, isReady, runtimePath } from './bundle.ts';

describe('tscompose-runtime', function () {
  this.timeout(20_000 * slowness);
  let bundle: Bundle;

  before(function () {
    require(this, isReady, 'root, busybox, python3 or a built tscompose-runtime');
  });
  beforeEach(() => {
    bundle = new Bundle();
  });
  afterEach(() => {
    bundle?.dispose();
  });

  describe('life', () => {
    it('goes from created over running to stopped, and leaves nothing', () => {
      bundle.configure(['sleep', '60']);
      const id = bundle.id('life');
      assert.equal(bundle.quietly('create', '-b', bundle.directory, id), 0);
      assert.equal(bundle.status(id), 'created');
      assert.equal(bundle.call('start', id).code, 0);
      assert.equal(bundle.status(id), 'running');
      assert.equal(bundle.call('delete', id).code, 1);
      assert.equal(bundle.call('pause', id).code, 0);
      assert.equal(bundle.status(id), 'paused');
      assert.equal(bundle.call('resume', id).code, 0);
      assert.equal(bundle.call('exec', id, 'cat', '/proc/1/comm').stdout, 'sleep\n');
      assert.equal(bundle.call('kill', id, 'KILL').code, 0);
      assert.equal(bundle.call('delete', '--force', id).code, 0);
      assert.equal(bundle.call('state', id).code, 1);
      assert.deepEqual(JSON.parse(bundle.call('list', '-f', 'json').stdout), []);
    });

    it('hands the exit code on, and reports commands that cannot run as a shell does', () => {
      assert.equal(bundle.sh('exit 7').code, 7);
      const missing = bundle.run(['no-such-command']);
      assert.equal(missing.code, 127);
      assert.match(missing.stderr, /executable file not found in \$PATH/);
      assert.equal(bundle.run(['/etc/passwd']).code, 126);
      assert.equal(bundle.run(['/tmp']).code, 126);
    });

    it('repairs by delete --force whatever a killed create left', async function () {
      this.timeout(30_000 * slowness);
      bundle.configure(['sleep', '60']);
      for (let round = 0; round < 12; round++) {
        const id = bundle.id(`killed${round}`);
        const state = join(bundle.directory, 'state');
        const child = spawn(runtimePath, ['--root', state, 'create', '-b', bundle.directory, id], { stdio: 'ignore' });
        const ended = new Promise((resolve) => child.once('exit', resolve));
        await new Promise((resolve) => setTimeout(resolve, round));
        child.kill('SIGKILL');
        await ended;
        assert.equal(bundle.call('delete', '--force', id).code, 0);
        assert.equal(existsSync(join(state, id)), false);
      }
      const paths = readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name));
      for (const path of ['/sys/fs/cgroup', ...paths])
        assert.equal(existsSync(join(path, `tscompose-rt-${bundle.directory.slice(-6)}`)), false, path);
    });
  });

  describe('as containerd and Podman call it', () => {
    const log = () => join(bundle.directory, 'log.json');
    const engine = (...args: string[]) => bundle.call('--log', log(), '--log-format', 'json', ...args);
    const pidFile = () => join(bundle.directory, 'pid');
    const startDetached = (...args: string[]) => {
      const id = bundle.id('engine');
      assert.equal(bundle.quietly('create', '-b', bundle.directory, '--pid-file', pidFile(), ...args, id), 0);
      assert.equal(engine('start', id).code, 0);
      return id;
    };

    /** Takes the terminal that comes through the socket at `path`, then says all that is written to it (recvmsg(2)). */
    const openConsole = async (path: string) => {
      const program =
        'import array, os, socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\ns.listen()\n' +
        'print(flush=True)\n_, fds, _, _ = socket.recv_fds(s.accept()[0], 64, 1)\n' +
        'try:\n  while True: os.write(1, os.read(fds[0], 4096))\nexcept OSError: pass';
      const receiver = spawn('/usr/bin/python3', ['-ISc', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      const said = text(receiver.stdout);
      await once(receiver.stdout, 'readable');
      return async () => (await said).trimStart().replaceAll('\r', '');
    };

    it('writes a failure to the log that was asked for, one JSON object a line', () => {
      bundle.configure(['no-such-command']);
      assert.equal(engine('create', '-b', bundle.directory, bundle.id('failed')).code, 127);
      const { level, msg } = JSON.parse(readFileSync(log(), 'utf8').trim().split('\n').at(-1) ?? '') as {
        level: string;
        msg: string;
      };
      assert.equal(level, 'error');
      assert.match(msg, /executable file not found in \$PATH/);
    });

    it('hands the terminal of a container and of a process through the console socket', async () => {
      const socket = join(bundle.directory, 'console.sock');
      bundle.configure(['sh', '-c', 'tty; stty size; sleep 60'], (config) => {
        config.process.terminal = true;
        config.process.consoleSize = { height: 33, width: 77 };
      });
      const read = await openConsole(socket);
      const id = startDetached('--console-socket', socket);
      rmSync(socket);
      const readInner = await openConsole(socket);
      const processFile = join(bundle.directory, 'process.json');
      const { process } = JSON.parse(readFileSync(join(bundle.directory, 'config.json'), 'utf8')) as Config;
      writeFileSync(processFile, JSON.stringify({ ...process, args: ['tty'] }));
      assert.equal(bundle.quietly('exec', '-d', '--process', processFile, '--console-socket', socket, id), 0);
      assert.equal(await readInner(), '/dev/pts/1\n');
      assert.equal(engine('kill', '--all', id, '9').code, 0);
      assert.equal(await read(), '/dev/pts/0\n33 77\n');
    });

    it('runs a described process, and writes down the pid of each', async () => {
      bundle.configure(['sleep', '60']);
      const id = startDetached();
      assert.equal(
        Number(readFileSync(pidFile(), 'utf8')),
        (JSON.parse(engine('state', id).stdout) as { pid: number }).pid,
      );
      const processFile = join(bundle.directory, 'process.json');
      const args = ['sh', '-c', 'echo "$A $(id -u) $(pwd)" > /tmp/said; sleep 60'];
      writeFileSync(
        processFile,
        JSON.stringify({ args, env: ['PATH=/bin', 'A=b'], cwd: '/etc', user: { uid: 5, gid: 5 } }),
      );
      chmodSync(join(bundle.rootfs, 'tmp'), 0o777);
      assert.equal(bundle.quietly('exec', '-d', '--process', processFile, '--pid-file', pidFile(), id), 0);
      await eventually(() => assert.equal(readFileSync(join(bundle.rootfs, 'tmp/said'), 'utf8'), 'b 5 /etc\n'));
      const pids = JSON.parse(engine('ps', '--format', 'json', id).stdout) as number[];
      assert.ok(pids.includes(Number(readFileSync(pidFile(), 'utf8'))));
    });

    it('changes limits as they come on standard input', () => {
      bundle.configure(['sleep', '60'], (config) => {
        config.linux.resources = { ...config.linux.resources, pids: { limit: 40 } };
      });
      const id = startDetached();
      const input = JSON.stringify({ pids: { limit: 30 }, memory: { limit: 64 << 20 } });
      assert.equal(bundle.feed(input, 'update', '--resources', '-', id).code, 0);
      const read = (v1: string, v2: string) =>
        bundle.call('exec', id, 'sh', '-c', `cd /sys/fs/cgroup; cat ${v1} 2>/dev/null || cat ${v2}`).stdout;
      assert.equal(read('pids/pids.max', 'pids.max'), '30\n');
      assert.equal(read('memory/memory.limit_in_bytes', 'memory.max'), `${64 << 20}\n`);
    });

    it('takes a container that is gone for deleted when that is forced', () => {
      const { code, stderr } = engine('delete', 'never-made');
      assert.equal(code, 1);
      assert.match(stderr, /container does not exist/);
      assert.equal(engine('delete', '--force', 'never-made').code, 0);
    });
  });

  describe('sandbox', () => {
    it('gives the process exactly the capabilities asked for', () => {
      const { stdout } = bundle.sh('grep Cap /proc/self/status');
      const found = Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.split(/:\s+/) as [string, string]),
      );
      assert.deepEqual(found, {
        CapInh: '0000000000000000',
        CapPrm: '00000000a80425fb',
        CapEff: '00000000a80425fb',
        CapBnd: '00000000a80425fb',
        CapAmb: '0000000000000000',
      });
    });

    it('leaves another user no effective capabilities but ambient ones', () => {
      const asUser = (config: Config) => {
        config.process.user = { uid: 1000, gid: 1001, additionalGids: [7, 9], umask: 0o077 };
      };
      const plain = bundle.sh('id; umask; grep -E "CapEff|CapPrm" /proc/self/status', asUser);
      assert.match(plain.stdout, /^uid=1000 gid=1001 groups=(1001,)?7,9\n0077\n/);
      assert.match(plain.stdout, /CapPrm:\t0000000000000000\nCapEff:\t0000000000000000/);
      const ambient = bundle.sh('grep -E "CapEff|CapAmb" /proc/self/status', (config) => {
        asUser(config);
        const net = ['CAP_NET_BIND_SERVICE'];
        config.process.capabilities = { bounding: net, effective: net, permitted: net, inheritable: net, ambient: net };
      });
      assert.match(ambient.stdout, /CapEff:\t0000000000000400\nCapAmb:\t0000000000000400/);
    });

    it('loads the filter with and without no_new_privs', () => {
      for (const noNewPrivileges of [false, true]) {
        const { stdout, code } = bundle.sh(
          'grep -E "NoNewPrivs|Seccomp:" /proc/self/status; mkdir /tmp/x',
          (config) => {
            config.process.noNewPrivileges = noNewPrivileges;
            config.linux.seccomp = {
              defaultAction: 'SCMP_ACT_ALLOW',
              architectures: ['SCMP_ARCH_X86_64'],
              syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 }],
            };
          },
        );
        assert.equal(stdout, `NoNewPrivs:\t${noNewPrivileges ? 1 : 0}\nSeccomp:\t2\n`);
        assert.equal(code, 1);
      }
    });

    it('masks and protects paths of /proc and /sys', () => {
      const { stdout } = bundle.sh(
        'wc -c < /proc/keys; ls /sys/firmware | wc -l; echo x > /proc/sys/kernel/domainname || echo protected; ' +
          'mkdir $(ls -d /sys/fs/cgroup/cpu 2>/dev/null || echo /sys/fs/cgroup)/x 2>/dev/null || echo read-only',
      );
      assert.equal(stdout, '0\n0\nprotected\nread-only\n');
    });

    it('makes the default devices and no others usable', () => {
      const { stdout } = bundle.sh(
        'for d in null zero full random urandom tty; do test -c /dev/$d && echo -n "$d "; done; ' +
          'readlink /dev/ptmx; readlink /dev/fd; mknod /tmp/vda b 254 0 && head -c1 /tmp/vda 2>&1',
      );
      assert.match(stdout, /^null zero full random urandom tty pts\/ptmx\n\/proc\/self\/fd\n/);
      assert.match(stdout, /Operation not permitted/);
    });
  });

  describe('mounts', () => {
    const bind = (source: string, destination: string, options: string[]) => (config: Config) => {
      config.mounts.push({ destination, type: 'bind', source, options: ['rbind', ...options] });
    };

    it('binds files and directories, read-only where asked, and makes the targets', () => {
      const source = join(bundle.directory, 'data');
      mkdirSync(source);
      writeFileSync(join(source, 'file'), 'hello\n');
      assert.equal(bundle.sh('cat /new/place/file; touch /new/place/x', bind(source, '/new/place', ['rw'])).code, 0);
      assert.ok(existsSync(join(source, 'x')));
      const readOnly = bundle.sh('cat /etc/one; echo x > /etc/one', bind(join(source, 'file'), '/etc/one', ['ro']));
      assert.equal(readOnly.stdout, 'hello\n');
      assert.match(readOnly.stderr, /Read-only file system/);
    });

    it('honours tmpfs options, tmpcopyup and a read-only root', () => {
      const { stdout, stderr } = bundle.sh('cat /root/note; stat -c %a /root; touch /no', (config) => {
        config.root.readonly = true;
        writeFileSync(join(bundle.rootfs, 'root/note'), 'kept\n');
        config.mounts.push({
          destination: '/root',
          type: 'tmpfs',
          source: 'tmpfs',
          options: ['tmpcopyup', 'mode=710'],
        });
      });
      assert.equal(stdout, 'kept\n710\n');
      assert.match(stderr, /Read-only file system/);
    });

    it('stacks layers however long their paths are, and keeps what is written in the upper one', () => {
      const layers = [1, 2, 3, 4].map((number) => join(bundle.directory, `layer${number}-${'x'.repeat(120)}`));
      for (const [index, layer] of layers.entries()) {
        mkdirSync(layer);
        writeFileSync(join(layer, 'who'), `layer ${index + 1}\n`);
      }
      const upper = join(bundle.directory, 'upper');
      const work = join(bundle.directory, 'work');
      const empty = join(bundle.directory, 'empty');
      for (const directory of [upper, work, empty]) mkdirSync(directory);
      const { stdout, stderr } = bundle.sh('cat /who; echo new > /written', (config) => {
        config.root.path = 'empty';
        config.annotations['dev.tscompose.overlay'] = JSON.stringify({
          lower: [...layers, bundle.rootfs],
          upper,
          work,
        });
      });
      assert.equal(stdout, 'layer 1\n', stderr);
      assert.equal(readFileSync(join(upper, 'written'), 'utf8'), 'new\n');
      assert.deepEqual(readdirSync(empty), []);
    });

    it('follows no symlink of the image out of the root (CVE-2021-30465)', () => {
      const outside = join(bundle.directory, 'outside');
      mkdirSync(outside);
      mkdirSync(join(bundle.rootfs, outside), { recursive: true });
      symlinkSync(outside, join(bundle.rootfs, 'escape'));
      const { code } = bundle.sh('touch /escape/here/x', (config) => {
        config.mounts.push({ destination: '/escape/here', type: 'tmpfs', source: 'tmpfs', options: [] });
      });
      assert.equal(code, 0);
      assert.deepEqual(readdirSync(outside), []);
      assert.ok(existsSync(join(bundle.rootfs, outside, 'here')), 'the link was followed inside the root');
    });

    it('stays inside the root while the target is exchanged for a symlink (CVE-2021-30465)', async () => {
      const outside = join(bundle.directory, 'outside');
      const volume = join(bundle.directory, 'volume');
      for (const place of [outside, join(bundle.rootfs, outside), join(volume, 'swap')])
        mkdirSync(join(place, 'here'), { recursive: true });
      symlinkSync(outside, join(volume, 'link'));
      bundle.configure(['grep', ' / [^ ]*/here .* tmpfs marker ', '/proc/self/mountinfo'], (config) => {
        config.mounts.push(
          { destination: '/vol', type: 'bind', source: volume, options: ['rbind', 'rw'] },
          { destination: '/vol/swap/here', type: 'tmpfs', source: 'marker', options: [] },
        );
      });
      await using _attacker = await exchanging(volume);
      const seen = new Set<string>();
      for (let round = 0; round < 30; round++) {
        const { code, stdout, stderr } = bundle.call('run', '--bundle', bundle.directory, bundle.id(`raced${round}`));
        assert.equal(code, 0, `the mount went elsewhere: ${stderr}`);
        seen.add(stdout.split(' ')[4] ?? '');
      }
      // It did change under the runtime's hands, or this would show nothing.
      const inside = [...seen].filter((path) => path !== join(outside, 'here'));
      assert.ok(inside.length > 0 && inside.length < seen.size, [...seen].join(' '));
    });

    it('mounts no part of a volume that lies outside of it, while it is exchanged for a symlink', async () => {
      const outside = join(bundle.directory, 'outside');
      const volume = join(bundle.directory, 'volume');
      for (const place of [outside, join(volume, 'swap')]) mkdirSync(join(place, 'part'), { recursive: true });
      writeFileSync(join(outside, 'part', 'secret'), '');
      symlinkSync(outside, join(volume, 'link'));
      bundle.configure(['sh', '-c', '! [ -e /part/secret ] || exit 7'], (config) => {
        const options = ['rbind', `x-tscompose.beneath=${volume}`];
        config.mounts.push({ destination: '/part', type: 'bind', source: join(volume, 'swap/part'), options });
      });
      await using _attacker = await exchanging(volume);
      const seen = new Set<string>();
      for (let round = 0; round < 30; round++) {
        const { code, stderr } = bundle.call('run', '--bundle', bundle.directory, bundle.id(`part${round}`));
        assert.notEqual(code, 7, 'it saw what lies outside');
        if (code !== 0) assert.match(stderr, /mount source \S+ leads out of /);
        seen.add(code === 0 ? 'inside' : 'refused');
      }
      // It did change under the runtime's hands, or this would show nothing.
      assert.equal(seen.size, 2, [...seen].join(' '));
    });

    it('refuses a proc that a symlink would place elsewhere (CVE-2019-19921)', () => {
      const { code, stderr } = bundle.sh('true', (config) => {
        symlinkSync('/tmp', join(bundle.rootfs, 'link'));
        config.mounts.push({ destination: '/link/proc', type: 'proc', source: 'proc', options: [] });
      });
      assert.equal(code, 1);
      assert.match(stderr, /Too many levels of symbolic links/);
    });
  });

  describe('escapes', () => {
    describe('through a descriptor of the runtime or of its caller (CVE-2024-21626)', () => {
      // Beyond what the runtime opens itself; 3 is the host's root directory, which the caller leaves open.
      const numbers = Array.from({ length: 14 }, (_, index) => index + 3);
      let hostRoot: number;

      beforeEach(() => {
        hostRoot = openSync('/', 'r');
      });
      afterEach(() => {
        closeSync(hostRoot);
      });

      /** Names in the host's root directory that the container's has not. */
      const hostNames = () => {
        const own = new Set(readdirSync(bundle.rootfs));
        return readdirSync('/').filter((name) => !own.has(name));
      };
      const runLending = (args: string[], change: (config: Config) => void = () => {}) => {
        bundle.configure(args, change);
        return bundle.callLending([hostRoot], 'run', '--bundle', bundle.directory, bundle.id('lent'));
      };
      const startSleeper = () => {
        bundle.configure(['sleep', '60'], (config) => {
          config.linux.cgroupsPath += '-sleeper';
        });
        const id = bundle.id('sleeper');
        assert.equal(bundle.quietly('create', '-b', bundle.directory, id), 0);
        assert.equal(bundle.call('start', id).code, 0);
        return id;
      };

      it('a process inherits none that it was not to have', () => {
        assert.equal(runLending(['sh', '-c', 'ls /proc/self/fd | sort -n | tr "\\n" " "']).stdout, '0 1 2 3 ');
        const { stdout } = bundle.callLending([hostRoot], 'exec', startSleeper(), 'ls', '/proc/self/fd');
        assert.equal(stdout, '0\n1\n2\n3\n');
        bundle.configure(['ls', '/proc/self/fd']);
        const run = (count: string) =>
          bundle.callLending([hostRoot], 'run', '--preserve-fds', count, '-b', bundle.directory, bundle.id('kept'));
        assert.equal(run('1').stdout, '0\n1\n2\n3\n4\n');
        // The next number is one of the runtime's own.
        assert.match(run('2').stderr, /--preserve-fds 2: descriptor 4 is not open/);
      });

      it('a process starts in no directory outside the root', () => {
        const list = 'ls; ls ../../../../../../../../../..';
        const id = startSleeper();
        const outside = hostNames();
        const check = (cwd: string, ...flags: string[]) => {
          bundle.configure(['sh', '-c', list], (config) => {
            config.process.cwd = cwd;
          });
          const lent = [hostRoot];
          const first = bundle.callLending(lent, 'run', ...flags, '--bundle', bundle.directory, bundle.id('lent'));
          const later = bundle.callLending(lent, 'exec', ...flags, '--cwd', cwd, id, 'sh', '-c', list);
          for (const { stdout } of [first, later])
            assert.deepEqual(
              stdout.split('\n').filter((name) => outside.includes(name)),
              [],
              cwd,
            );
          return [first, later];
        };
        for (const fd of numbers) check(`/proc/self/fd/${fd}`);
        // One that stays open because that was asked for is no way out either.
        for (const { code, stderr } of check('/proc/self/fd/3', '--preserve-fds', '1')) {
          assert.equal(code, 1);
          assert.match(stderr, /chdir \/proc\/self\/fd\/3: Invalid cross-device link/);
        }
      });

      it('a process is no program from outside the root', () => {
        copyFileSync('/bin/busybox', join(bundle.directory, 'busybox'));
        const id = startSleeper();
        for (const fd of numbers) {
          const args = [`/proc/self/fd/${fd}${bundle.directory}/busybox`, 'echo', 'escaped'];
          assert.equal(runLending(args).stdout, '', args[0]);
          assert.equal(bundle.callLending([hostRoot], 'exec', id, ...args).stdout, '', args[0]);
        }
        assert.equal(bundle.call('exec', id, 'echo', 'still there').stdout, 'still there\n');
      });
    });

    it('cannot be overwritten through /proc/self/exe (CVE-2019-5736)', async () => {
      bundle.runtime = join(bundle.directory, 'tscompose-runtime');
      copyFileSync(runtimePath, bundle.runtime);
      const before = statSync(bundle.runtime);
      execFileSync('mkfifo', [join(bundle.rootfs, 'tmp/fifo')]);
      // Our own executable runs as a process of the container, held by a FIFO it opens as its log ...
      writeFileSync(join(bundle.rootfs, 'bin/evil'), '#!/proc/self/exe --log=/tmp/fifo\n', { mode: 0o755 });
      bundle.configure(['sleep', '60']);
      const id = bundle.id('attacker');
      assert.equal(bundle.quietly('create', '-b', bundle.directory, id), 0);
      assert.equal(bundle.call('start', id).code, 0);
      assert.equal(bundle.quietly('exec', '-d', id, '/bin/evil'), 0);
      // ... so that another can open it, let it end, and write once no process runs it any more.
      const attack =
        'for e in /proc/[0-9]*/exe; do case $(readlink $e) in */busybox|"") ;; *) exec 9< $e; echo held;; esac; done; ' +
        ': < /tmp/fifo; until (echo -n pwned >> /proc/self/fd/9) 2> /tmp/why; ! grep -q busy /tmp/why; do sleep 0.02; done; ' +
        'cat /tmp/why; echo done';
      assert.equal(bundle.quietly('exec', '-d', id, 'sh', '-c', `(${attack}) > /tmp/result 2>&1`), 0);
      const result = join(bundle.rootfs, 'tmp/result');
      await eventually(() => assert.match(readFileSync(result, 'utf8'), /done/));
      assert.match(readFileSync(result, 'utf8'), /^held\n.*Read-only file system\ndone\n$/);
      assert.equal(statSync(bundle.runtime).size, before.size);
    });
  });

  describe('namespaces', () => {
    it('maps users, and devices come from the host', () => {
      const { stdout, stderr } = bundle.sh(
        'id -u; cat /proc/self/uid_map; echo x > /dev/null; touch /tmp/own',
        (config) => {
          config.linux.namespaces.push({ type: 'user' });
          const mapping = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
          config.linux.uidMappings = mapping;
          config.linux.gidMappings = mapping;
          config.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777'] });
        },
      );
      assert.equal(stderr, '');
      assert.match(stdout, /^0\n\s+0\s+100000\s+65536\n$/);
    });

    describe('joined by path', () => {
      const mapping = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
      const kinds = {
        user: 'user',
        pid: 'pid',
        network: 'net',
        ipc: 'ipc',
        uts: 'uts',
        cgroup: 'cgroup',
        time: 'time',
      };
      type Kind = keyof typeof kinds;

      /** A container that others join, with a namespace of its own of every kind; answers its init. */
      const startOwner = (change: (config: Config) => void = () => {}): number => {
        bundle.configure(['sleep', '61'], (config) => {
          config.linux.cgroupsPath += '-owner';
          config.linux.namespaces = ['mount', ...Object.keys(kinds)].map((type) => ({ type }));
          config.linux.uidMappings = mapping;
          config.linux.gidMappings = mapping;
          change(config);
        });
        const id = bundle.id('owner');
        assert.equal(bundle.quietly('create', '-b', bundle.directory, id), 0);
        assert.equal(bundle.call('start', id).code, 0);
        return (JSON.parse(bundle.call('state', id).stdout) as { pid: number }).pid;
      };
      const join_ =
        (owner: number, types: readonly Kind[], without: readonly Kind[] = []) =>
        (config: Config) => {
          config.linux.namespaces = ['mount', 'pid', 'network', 'ipc', 'uts']
            .filter((type) => !types.includes(type as Kind) && !without.includes(type as Kind))
            .map((type) => ({ type }) as { type: string; path?: string });
          for (const type of types) config.linux.namespaces.push({ type, path: `/proc/${owner}/ns/${kinds[type]}` });
          config.hostname = '';
        };
      const identities = (types: readonly Kind[]) =>
        `for n in ${types.map((type) => kinds[type]).join(' ')}; do readlink /proc/self/ns/$n; done`;
      const ownIdentities = (pid: number, types: readonly Kind[]) =>
        types.map((type) => `${readlinkSync(`/proc/${pid}/ns/${kinds[type]}`)}\n`).join('');

      it('every kind together, in a user namespace', () => {
        const owner = startOwner();
        const types = Object.keys(kinds) as Kind[];
        const { stdout, stderr } = bundle.sh(
          `${identities(types)}; id -u; cat /proc/self/uid_map; cat /proc/1/comm; echo x > /dev/null && echo written`,
          join_(owner, types),
        );
        assert.match(stdout, /\n0\n +0 +100000 +65536\nsleep\nwritten\n$/, stderr);
        assert.ok(stdout.startsWith(ownIdentities(owner, types)), stdout);
      });

      for (const type of Object.keys(kinds) as Kind[]) {
        it(`${type} alone`, () => {
          // Joined without it, the others would belong to a user namespace that the caller has no more than this one.
          const owner = startOwner((config) => {
            if (type !== 'user')
              config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'user');
            if (type !== 'user') config.linux.uidMappings = config.linux.gidMappings = [];
          });
          const { stdout, stderr } = bundle.sh(`${identities([type])}; echo $(cat /proc/1/comm)`, join_(owner, [type]));
          assert.equal(stdout, `${ownIdentities(owner, [type])}${type === 'pid' ? 'sleep' : 'sh'}\n`, stderr);
        });
      }

      it('a pid namespace: who is killed takes its children along, and its neighbours not', async () => {
        const owner = startOwner();
        bundle.configure(['sh', '-c', 'sleep 62 & sleep 63'], join_(owner, ['user', 'pid']));
        const id = bundle.id('guest');
        assert.equal(bundle.quietly('create', '-b', bundle.directory, id), 0);
        assert.equal(bundle.call('start', id).code, 0);
        const pids = await eventually(() => {
          const found = JSON.parse(bundle.call('ps', '--format', 'json', id).stdout) as number[];
          assert.deepEqual(
            found.map((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8')),
            ['sleep\n', 'sleep\n'],
          );
          return found;
        });
        assert.equal(bundle.call('kill', id, 'KILL').code, 0);
        await eventually(() => assert.equal(bundle.status(id), 'stopped'));
        await eventually(() => assert.deepEqual(pids.filter(isAlive), []));
        assert.ok(isAlive(owner));
      });

      it('refuses what is no namespace of that kind', () => {
        const owner = startOwner();
        const wrong = (path: string) =>
          bundle.sh('true', (config) => {
            config.linux.namespaces = [{ type: 'mount' }, { type: 'pid', path }];
            config.hostname = '';
          }).stderr;
        assert.match(wrong(`/proc/${owner}/ns/net`), /is not a pid namespace/);
        assert.match(wrong('/etc/passwd'), /is not a namespace/);
        assert.match(wrong('/no/such'), /No such file or directory/);
      });
    });

    it('has clocks of its own, for what runs later inside, too', () => {
      const offset = (config: Config) => {
        config.linux.namespaces.push({ type: 'time' });
        Object.assign(config.linux, {
          timeOffsets: { boottime: { secs: 1_000_000, nanosecs: 7 }, monotonic: { secs: 60 } },
        });
      };
      const uptime = (text: string) =>
        Number.parseFloat(text) - Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
      const { stdout, stderr } = bundle.sh('cat /proc/uptime /proc/self/timens_offsets', offset);
      assert.ok(Math.abs(uptime(stdout) - 1_000_000) < 100, stdout + stderr);
      assert.match(stdout, /\nmonotonic +60 +0\nboottime +1000000 +7\n$/);
      bundle.configure(['sleep', '60'], offset);
      const id = bundle.id('clock');
      assert.equal(bundle.quietly('create', '-b', bundle.directory, id), 0);
      assert.equal(bundle.call('start', id).code, 0);
      assert.ok(Math.abs(uptime(bundle.call('exec', id, 'cat', '/proc/uptime').stdout) - 1_000_000) < 100);
      const { stderr: refusal } = bundle.sh('true', (config) => {
        offset(config);
        config.linux.namespaces.pop();
      });
      assert.match(refusal, /timeOffsets: needs a new time namespace/);
    });

    it('shows a host directory under mapped ids', function () {
      const source = join(bundle.directory, 'mapped');
      mkdirSync(source);
      const { stdout, stderr } = bundle.sh('stat -c %u:%g /data; touch /data/file', (config) => {
        config.mounts.push({
          destination: '/data',
          type: 'bind',
          source,
          options: ['bind', 'idmap'],
          uidMappings: [{ containerID: 0, hostID: 4000, size: 10 }],
          gidMappings: [{ containerID: 0, hostID: 4000, size: 10 }],
        } as Config['mounts'][number]);
      });
      requireKernel(
        this,
        !/mount_setattr .*Invalid argument/.test(stderr),
        'a file system with idmapped mounts below /tmp',
      );
      assert.match(stdout, /4000:4000/, stderr);
    });

    it('has its own host name, ipc limits and pid 1', () => {
      const { stdout } = bundle.sh('hostname; cat /proc/sys/kernel/msgmax; echo $$', (config) => {
        config.linux.sysctl = { 'kernel.msgmax': '4242' };
      });
      assert.equal(stdout, 'box\n4242\n1\n');
    });

    it('refuses a sysctl of the host', () => {
      const { code, stderr } = bundle.sh('true', (config) => {
        config.linux.sysctl = { 'vm.swappiness': '1' };
      });
      assert.equal(code, 1);
      assert.match(stderr, /vm\.swappiness is not in a separate kernel namespace/);
    });
  });

  describe('process', () => {
    it('has a terminal of the container’s own', () => {
      const { stdout } = bundle.sh('tty; stty size; test -c /dev/console && echo console', (config) => {
        config.process.terminal = true;
        config.process.consoleSize = { height: 33, width: 77 };
      });
      assert.equal(stdout.replaceAll('\r', ''), '/dev/pts/0\n33 77\nconsole\n');
    });

    it('resolves user and groups by name inside the root', () => {
      const { stdout } = bundle.sh('id -u; id -g; id -G; echo $HOME', (config) => {
        config.annotations['dev.tscompose.user'] = 'web';
        config.annotations['dev.tscompose.groups'] = '["77"]';
      });
      assert.equal(stdout, '33\n44\n44 50 77\n/srv\n');
      const { stderr } = bundle.sh('true', (config) => {
        config.annotations['dev.tscompose.user'] = 'ghost';
      });
      assert.match(stderr, /unable to find user ghost: no matching entries in passwd file/);
    });

    it('lowers limits, and says why it cannot raise one', () => {
      const limits = (hard: number) => (config: Config) => {
        config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: hard, hard }];
      };
      assert.equal(bundle.sh('ulimit -n', limits(100)).stdout, '100\n');
      const raised = bundle.sh('true', limits(1_000_000_000));
      assert.equal(raised.code, 1);
      assert.match(raised.stderr, /cannot set RLIMIT_NOFILE to 1000000000/);
    });

    it('is forwarded signals and reaped by our init', () => {
      bundle.configure(['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.05; done'], (config) => {
        config.annotations['dev.tscompose.init'] = 'true';
      });
      assert.equal(
        bundle.sh('(sleep 0.05 &); sleep 0.2; exit 3', (config) => {
          config.annotations['dev.tscompose.init'] = 'true';
        }).code,
        3,
      );
    });
  });

  describe('hooks', () => {
    it('run in order, each where the specification says', () => {
      const trace = join(bundle.directory, 'trace');
      const hook = (name: string) => [
        { path: '/bin/sh', args: ['sh', '-c', `echo ${name} >> ${trace}; cat > /dev/null`] },
      ];
      const { code, stderr } = bundle.sh('echo process', (config) => {
        for (const name of ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'])
          config.hooks[name] = hook(name);
        config.hooks.startContainer = [{ path: '/bin/sh', args: ['sh', '-c', 'hostname > /tmp/hostname'] }];
      });
      assert.equal(code, 0, stderr);
      assert.deepEqual(readFileSync(trace, 'utf8').trim().split('\n'), [
        'prestart',
        'createRuntime',
        'createContainer',
        'poststart',
        'poststop',
      ]);
      assert.equal(readFileSync(join(bundle.rootfs, 'tmp/hostname'), 'utf8'), 'box\n');
    });

    it('stop the container when they fail', () => {
      const { code, stderr } = bundle.sh('true', (config) => {
        config.hooks.createRuntime = [{ path: '/bin/sh', args: ['sh', '-c', 'echo broken >&2; exit 9'] }];
      });
      assert.equal(code, 1);
      assert.match(stderr, /createRuntime hook \/bin\/sh: exit status 9: broken/);
    });
  });
});

/** Whoever shares a volume with a container: its `link` and `swap` change places without a pause (renameat2(2)). */
async function exchanging(volume: string): Promise<AsyncDisposable> {
  const exchange =
    'import ctypes, os\nlibc = ctypes.CDLL(None)\nprint(flush=True)\n' +
    'while os.getppid() == int(os.sys.argv[1]): libc.renameat2(-100, b"swap", -100, b"link", 2)';
  const attacker = spawn('/usr/bin/python3', ['-ISc', exchange, `${process.pid}`], {
    cwd: volume,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(attacker.stdout, 'data');
  return {
    async [Symbol.asyncDispose]() {
      attacker.kill();
      await once(attacker, 'exit');
    },
  };
}
