/** What cannot work says so once, with the exit code that is documented, and leaves nothing half made. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  globSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { MonitorClient } from '../../src/container/monitor-client.ts';
import { eventually } from '../support/eventually.ts';
import { describeOn } from '../support/requirements.ts';
import { type Scenario, scenario, tscompose } from '../support/scenario.ts';

const service = (attributes: string, command = '[sleep, "1000"]') =>
  `services:\n  web: { image: "rootfs:/", init: true, command: ${command}, ${attributes} }\n`;

interface Case {
  readonly title: string;
  readonly compose: string;
  readonly message: RegExp;
  readonly code: number;
  /** What may be there afterwards, as with Compose: what was made before a container could not start or be made. */
  readonly leaves?: 'created containers' | 'networks and volumes';
}

/** `file:line:column: ` in front, and the line below it. */
const at = (place: string, message: string) =>
  new RegExp(`^compose\\.yaml:${place}: .*${message}.*\\n +${place.split(':')[0]} \\| `, 'm');

const cases: readonly Case[] = [
  { title: 'an unknown key', compose: service('comand: x'), message: at('2:67', '"comand"'), code: 15 },
  { title: 'a wrong type', compose: service('ports: 80'), message: at('2:74', 'expected a list'), code: 15 },
  {
    title: 'a cycle',
    compose: 'services:\n  a: { image: "rootfs:/", depends_on: [b] }\n  b: { image: "rootfs:/", depends_on: [a] }\n',
    message: at('3:40', 'cycle detected: a -> b -> a'),
    code: 15,
  },
  {
    title: 'an unknown capability',
    compose: service('cap_add: [NET_RAW, NO_SUCH]'),
    message: at('2:86', 'service web: there is no capability NO_SUCH'),
    code: 1,
  },
  {
    title: 'container_name with replicas',
    compose: service('container_name: one, scale: 2'),
    message: at('2:83', '2 containers cannot have a container_name'),
    code: 15,
  },
  {
    title: 'an image that is not there',
    compose: 'services:\n  web: { image: "no-such-image:1", pull_policy: never }\n',
    message: at('2:17', 'service web: image no-such-image:1'),
    code: 1,
  },
  {
    title: 'an image of a registry that is not there',
    // Port 1 of this machine.
    compose: 'services:\n  web: { image: "127.0.0.1:1/none:1" }\n',
    message:
      /^ Image 127\.0\.0\.1:1\/none:1 {2}Pulling\n Image 127\.0\.0\.1:1\/none:1 {2}Error\ncompose\.yaml:2:17: cannot reach registry 127\.0\.0\.1:1.*\n +2 \| /,
    code: 1,
  },
  {
    title: 'a root file system that is not there',
    compose: 'services:\n  web: { image: "rootfs:./no-such-directory", command: ["true"] }\n',
    message: at('2:17', 'service web: .*no-such-directory does not exist'),
    code: 1,
  },
  {
    title: 'an address outside its subnet',
    compose: `${service('networks: { default: { ipv4_address: 10.213.9.9 } }')}networks: { default: { ipam: { config: [{ subnet: 10.213.1.0/24 }] } } }\n`,
    message: at('2:104', 'service web: address 10\\.213\\.9\\.9 is not in subnet 10\\.213\\.1\\.0/24'),
    code: 1,
  },
  {
    title: 'an address of a network whose subnet nobody has named',
    compose: service('networks: { default: { ipv4_address: 10.213.9.9 } }'),
    message: at('2:104', 'service web: address 10\\.213\\.9\\.9 needs a subnet that is certain'),
    code: 1,
  },
  {
    title: 'one address for two replicas',
    compose: `${service('scale: 2, networks: { default: { ipv4_address: 10.213.1.9 } }')}networks: { default: { ipam: { config: [{ subnet: 10.213.1.0/24 }] } } }\n`,
    message: at('2:114', 'service web has address 10\\.213\\.1\\.9 and cannot run 2 replicas'),
    code: 1,
  },
  {
    title: 'one address for two services',
    compose: `services:
  a: { image: "rootfs:/", networks: { default: { ipv6_address: "fd00:213::9" } } }
  b: { image: "rootfs:/", networks: { default: { ipv6_address: "fd00:213:0::9" } } }
networks: { default: { enable_ipv6: true, ipam: { config: [{ subnet: "fd00:213::/64" }] } } }
`,
    message: at('3:64', 'service b: address fd00:213:0::9 is that of service a'),
    code: 1,
  },
  {
    title: 'the network of a container that does not exist',
    compose: service('network_mode: "container:no-such-container"'),
    message: at('2:81', 'service web: container no-such-container does not exist'),
    code: 1,
  },
  {
    title: 'a working directory that is a file',
    compose: service('working_dir: /etc/passwd/'),
    message: at('2:80', 'cannot start container .*-web-1: working directory /etc/passwd/ is not a directory'),
    code: 128,
  },
  {
    title: 'a file mounted over a directory',
    compose: service('volumes: ["/etc/passwd:/usr/bin"]'),
    message: at(
      '2:77',
      'cannot start container .*-web-1: cannot mount the file /etc/passwd over the directory /usr/bin',
    ),
    code: 128,
  },
  {
    title: 'a mount at a path that is not absolute',
    compose: `${service('volumes: ["d:/data"]')}volumes: { d: }\n`,
    message: at('2:77', 'service web: mount target "d:/data" is not an absolute path'),
    code: 1,
  },
  {
    title: 'a volume of a file system that the kernel does not have',
    compose: `${service('volumes: ["data:/data"]')}volumes: { data: { driver_opts: { type: no-such-fs, device: none } } }\n`,
    message: at('3:41', 'cannot mount volume .*_data: this kernel has no file system no-such-fs'),
    code: 1,
    leaves: 'networks and volumes',
  },
  {
    title: 'a sysctl that the kernel does not have',
    compose: service('sysctls: { net.no_such.key: 1 }'),
    message: at('2:95', 'service web: this kernel has no sysctl net.no_such.key'),
    code: 1,
  },
  {
    title: 'an external network that is not there',
    compose: `${service('networks: [elsewhere]')}networks: { elsewhere: { external: true } }\n`,
    message: at('3:13', 'network elsewhere declared as external, but could not be found'),
    code: 1,
  },
  {
    title: 'an external volume that is not there',
    compose: `${service('volumes: ["elsewhere:/data"]')}volumes: { elsewhere: { external: true } }\n`,
    message: at('3:12', 'external volume "elsewhere" not found'),
    code: 1,
  },
  {
    title: 'a seccomp profile that is not there',
    compose: service('security_opt: ["seccomp:./no-such.json"]'),
    message: at('2:82', 'service web: seccomp profile .*/p/no-such\\.json does not exist'),
    code: 14,
  },
  {
    title: 'a device that does not exist',
    compose: service('devices: ["/dev/no-such:/dev/x"]'),
    message: at('2:77', 'service web: device /dev/no-such does not exist'),
    code: 1,
  },
  {
    title: 'a processor that this machine does not have',
    compose: service('cpuset: "7000-8000,9999"'),
    message: at('2:75', 'service web: cpuset 7000-8000,9999: this machine has no processor 7000-8000,9999'),
    code: 1,
  },
  {
    title: 'memory in which nothing can run',
    compose: service('mem_limit: 1k'),
    message: at('2:78', 'service web: a memory limit of 1024 bytes is too small'),
    code: 1,
  },
  {
    title: 'a build without its directory',
    compose: 'services:\n  web:\n    build: ./none\n',
    message: at('3:12', 'service web: the build context .*/none does not exist'),
    code: 14,
  },
  {
    title: 'a network mode that does not exist',
    compose: service('network_mode: hosts'),
    message: at('2:81', 'service web: there is no network_mode "hosts"'),
    code: 1,
  },
  {
    title: 'a driver for networks that does not exist',
    compose: `${service('networks: [n]')}networks: { n: { driver: macvlan } }\n`,
    message: at('3:26', 'network .*_n: there is no driver macvlan'),
    code: 1,
  },
  {
    title: 'a driver for volumes that does not exist',
    compose: `${service('volumes: ["data:/data"]')}volumes: { data: { driver: rexray } }\n`,
    message: at('3:28', 'volume .*_data: there is no driver rexray'),
    code: 1,
  },
  {
    title: 'two networks of one subnet',
    compose: `${service('networks: [one, two]')}networks:
  one: { ipam: { config: [{ subnet: 10.213.8.0/23 }] } }
  two: { ipam: { config: [{ subnet: 10.213.9.0/24 }] } }
`,
    message: at('5:37', 'subnet 10.213.9.0/24 overlaps 10.213.8.0/23'),
    code: 1,
  },
  {
    title: 'a gateway outside its subnet',
    compose: `${service('networks: [n]')}networks: { n: { ipam: { config: [{ subnet: 10.213.5.0/24, gateway: 10.213.6.1 }] } } }\n`,
    message: at('3:69', 'network .*_n: gateway 10\\.213\\.6\\.1 is not in subnet'),
    code: 1,
  },
  {
    title: 'a sysctl of the host',
    compose: service('sysctls: { vm.swappiness: 1 }'),
    message: at('2:93', "service web: sysctl vm.swappiness is the host's"),
    code: 1,
  },
  {
    title: 'a secret whose variable is not set',
    compose: `${service('secrets: [s]')}secrets: { s: { environment: TSCOMPOSE_NOT_SET } }\n`,
    message: at('3:30', 'service web: environment variable "TSCOMPOSE_NOT_SET" required by secret s is not set'),
    code: 1,
  },
  {
    title: 'a secret whose file is not there',
    compose: `${service('secrets: [s]')}secrets: { s: { file: ./none } }\n`,
    message: at('3:23', 'service web: file .*/p/none of secret s does not exist'),
    code: 14,
  },
  {
    title: 'waiting for the health of a service that has no check',
    compose:
      'services:\n  a: { image: "rootfs:/", depends_on: { b: { condition: service_healthy } } }\n  b: { image: "rootfs:/" }\n',
    message: at('2:57', 'service a waits for b to be healthy, which has no healthcheck'),
    code: 1,
  },
  {
    title: 'several mistakes, in the order of the file, of merged lists and expanded forms',
    compose: service('cap_add: [NO_SUCH], ports: ["8000-8001:8000-8001", "9001/sctp"], stop_signal: SIGTREM'),
    message: new RegExp(
      [
        '^compose\\.yaml:2:77: .*NO_SUCH',
        'compose\\.yaml:2:118: .*SCTP port 9001 needs a host port',
        'compose\\.yaml:2:145: .*SIGTREM[^]*did you mean SIGTERM\\?',
      ].join('[^]*\\n'),
    ),
    code: 1,
  },
  {
    title: 'more containers than the network has addresses',
    compose: `${service('scale: 40')}networks: { default: { ipam: { config: [{ subnet: 10.213.2.0/28 }] } } }\n`,
    message: /10\.213\.2\.0\/28 holds 13 containers, and there would be 40/,
    code: 1,
  },
  {
    title: 'more containers than a bridge holds',
    compose: service('scale: 1100'),
    message: /holds 1023 containers|cannot hold 1100 more containers/,
    code: 1,
  },
  {
    title: 'a user whom the image does not know',
    compose: service('user: no-such-user'),
    message: at('2:73', 'cannot start container .*-web-1: .*user no-such-user'),
    code: 125,
  },
  {
    title: 'a command that does not exist',
    compose: service('restart: "no"', '[no-such-command]'),
    message: at('2:50', '.*"no-such-command": executable file not found'),
    code: 127,
  },
  {
    title: 'a command that is no program',
    compose: service('restart: "no"', '[/etc/hostname]'),
    message: at('2:50', '.*"/etc/hostname": permission denied'),
    code: 126,
    leaves: 'created containers',
  },
];

/** One message, and no trace of our own code in it. */
function assertPlain(stderr: string): void {
  assert.doesNotMatch(stderr, /\n\s+at |internal error|defect of tscompose/);
}

/** Neither records nor files of anything. */
async function assertUntouched(scene: Scenario): Promise<void> {
  assert.equal((await scene.ok('ps', '-a', '-q')).trim(), '');
  assert.deepEqual(
    globSync('{lib/containers,lib/volumes,run/netns,run/containers}/*', { cwd: scene.stateDirectory }),
    [],
  );
  assert.deepEqual(
    scene.newLinks().filter((name) => name !== 'lo'),
    [],
  );
}

describe('e2e: bad input', () => {
  for (const { title, compose, message, code, leaves } of cases) {
    scenario(`${title}: one message, exit code ${code}, nothing half made`, { compose }, async (scene) => {
      const { code: ended, stderr } = await scene.run('up', '-d');
      assert.match(stderr, message);
      assert.equal(ended, code, stderr);
      assertPlain(stderr);
      if (leaves === undefined) await assertUntouched(scene);
      else
        assert.match(await scene.ok('ps', '-a'), leaves === 'created containers' ? /-web-1 .*Created/ : /^NAME.*\n$/);
    });
  }

  scenario(
    'a taken port is named with its holder, and the container is as it was before',
    { compose: service('ports: ["127.0.0.1:$TAKEN:80"]') },
    async (scene) => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      assert.ok(address !== null && typeof address === 'object');
      writeFileSync(join(dirname(scene.composeFile), '.env'), `TAKEN=${address.port}\n`);
      const { code, stderr } = await scene.run('up', '-d');
      assert.match(
        stderr,
        new RegExp(
          `-web-1: host port 127\\.0\\.0\\.1:${address.port}/tcp is already in use by \\S+ \\(pid ${process.pid}\\)`,
        ),
      );
      assert.equal(code, 1);
      assertPlain(stderr);
      server.close();
      await scene.ok('up', '-d');
      assert.match(await scene.ok('ps'), /-web-1 .*Up /);
    },
  );

  scenario(
    'what would fail at the start of several services comes at once, and nothing is made',
    {
      compose: `
services:
  a: { image: "rootfs:/", command: [sleep, "1000"], ports: ["127.0.0.1:$TAKEN:80"] }
  b: { image: "rootfs:/", command: [sleep, "1000"], ports: ["127.0.0.1:$TAKEN:81"], user: no-such-user }
  c: { image: "rootfs:/", command: [no-such-command] }
  d: { image: "rootfs:/", entrypoint: [/etc/passwd] }
  e: { image: "rootfs:/", command: [/no/such], user: "0:no-such-group" }
  fine: { image: "rootfs:/", command: [mine, and, more], environment: { PATH: /opt/mine }, volumes: ["./mine:/opt/mine"] }
`,
      files: { 'mine/mine': '#!/bin/sh\nexec /bin/sleep 1000\n' },
    },
    async (scene) => {
      chmodSync(join(dirname(scene.composeFile), 'mine/mine'), 0o755);
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      assert.ok(address !== null && typeof address === 'object');
      writeFileSync(join(dirname(scene.composeFile), '.env'), `TAKEN=${address.port}\n`);
      const { code, stderr } = await scene.run('up', '-d');
      server.close();
      const messages = stderr.match(/^compose\.yaml:\d+:\d+: .*$/gm) ?? [];
      const told = messages.map((line) =>
        line.replace(/: cannot start container \S+-(\w)-1/, ' $1').replace(/ in use.*/, ' in use'),
      );
      const port = `host port 127.0.0.1:${address.port}/tcp is already in use`;
      assert.deepEqual(told.sort(), [
        `compose.yaml:3:61 a: ${port}`,
        `compose.yaml:4:61 b: ${port}`,
        'compose.yaml:4:91 b: unable to find user no-such-user: no matching entries in passwd file',
        'compose.yaml:5:36 c: exec: "no-such-command": executable file not found in $PATH',
        'compose.yaml:6:39 d: exec: "/etc/passwd": permission denied',
        'compose.yaml:7:36 e: exec: "/no/such": no such file or directory',
        'compose.yaml:7:54 e: unable to find group no-such-group: no matching entries in group file',
      ]);
      assert.ok([1, 125, 126, 127].includes(code ?? 0), `${code}`);
      assertPlain(stderr);
      assert.equal((await scene.ok('ps', '-a', '-q')).trim(), '');
      await scene.ok('up', '-d', 'fine');
      assert.match(await scene.ok('ps'), /-fine-1 .*Up /);
    },
  );

  scenario(
    'what run was told on the command line is not blamed on the file',
    { compose: service('user: "0"') },
    async (scene) => {
      for (const [code, ...words] of [
        [127, 'web', 'no-such-command'],
        [125, '--user', 'no-such-user', 'web', 'true'],
        [127, '--entrypoint', '/no/such', 'web'],
      ] as const) {
        const { code: actual, stderr } = await scene.run('run', '--rm', '-T', ...words);
        assert.match(stderr, /^cannot start container \S+: (?:exec: "[^"]*no.such|unable to find user no-such-user)/m);
        assert.doesNotMatch(stderr, /compose\.yaml/);
        assert.equal(actual, code, stderr);
      }
    },
  );

  scenario(
    'a subnet that another project has is refused, and that project goes on',
    {
      compose: `${service('restart: "no"')}networks: { default: { ipam: { config: [{ subnet: 10.213.3.0/24 }] } } }\n`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      const other = ['-p', `${scene.project}-other`];
      await scene.fails(1, /subnet 10\.213\.3\.0\/24 overlaps 10\.213\.3\.0\/24/, ...other, 'up', '-d');
      assert.equal((await scene.ok(...other, 'ps', '-a', '-q')).trim(), '');
      assert.match(await scene.ok('ps'), /-web-1 .*Up /);
      await scene.ok(...other, 'down');
    },
  );

  scenario(
    'an answer that finds no room is told of; a reader who has had enough is nobody’s error',
    { compose: service('tty: false') },
    async (scene) => {
      for (const args of [['config'], ['--help'], ['up', '--help']]) {
        const full = openSync('/dev/full', 'w');
        const { status, stderr } = spawnSync(tscompose, ['-f', scene.composeFile, ...args], {
          stdio: ['ignore', full, 'pipe'],
          encoding: 'utf8',
        });
        closeSync(full);
        assert.equal(stderr, 'cannot write standard output: no space is left\n', args.join(' '));
        assert.equal(status, 1);
      }
      await scene.ok('create');
      for (const args of [
        ['export', 'web'],
        ['cp', 'web:/bin', '-'],
      ]) {
        const child = scene.start(...args);
        let said = '';
        child.stderr?.on('data', (text: Buffer) => {
          said += String(text);
        });
        child.stdout?.once('data', () => child.stdout?.destroy());
        const [code] = (await once(child, 'close')) as [number | null];
        assert.doesNotMatch(said, /rror/, args.join(' '));
        assert.equal(code, 0);
      }
    },
  );

  scenario(
    'nobody is told that root is needed, and leaves no trace',
    { compose: service('tty: false') },
    async (scene) => {
      const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
      execFileSync('chmod', ['-R', 'a+rX', scene.directory]);
      for (const args of [
        ['up', '-d'],
        ['run', '--rm', 'web', 'true'],
        ['image', 'build', '/nonexistent'],
      ]) {
        const { status, stderr } = spawnSync(
          'setpriv',
          [...nobody, '--', tscompose, '-f', scene.composeFile, ...args],
          {
            encoding: 'utf8',
            env: { ...process.env, TSCOMPOSE_STATE_DIR: scene.stateDirectory, HOME: '/nonexistent' },
          },
        );
        assert.match(stderr, /(?:containers|builds) need root/);
        assert.equal(status, 1, stderr);
        assertPlain(stderr);
      }
      assert.throws(() => statSync(scene.stateDirectory), { code: 'ENOENT' });
      await scene.ok('create');
      await scene.ok('down');
      await eventually(() => assert.deepEqual(scene.supervisors(), []));
      execFileSync('chmod', ['a+rX', scene.stateDirectory]);
      for (const args of [['ps'], ['images']]) {
        const { status, stderr } = spawnSync(
          'setpriv',
          [...nobody, '--', tscompose, '-f', scene.composeFile, ...args],
          {
            encoding: 'utf8',
            env: { ...process.env, TSCOMPOSE_STATE_DIR: scene.stateDirectory, HOME: '/nonexistent' },
          },
        );
        assert.match(stderr, /^cannot use the (?:records|image store): /);
        assert.equal(status, 1, stderr);
        assertPlain(stderr);
      }
    },
  );
});

// The unified tree cannot be without one that the kernel has.
describeOn('v1', 'e2e: a cgroup controller that is missing', () => {
  scenario('a limit that needs it is refused by its name', { compose: service('pids_limit: 10') }, async (scene) => {
    // In a mount namespace of its own, so that the machine keeps the controller; there the project must also go.
    const command = `"$0" -f "$1"`;
    const unmount = '! [ -e /sys/fs/cgroup/pids/cgroup.procs ] || umount /sys/fs/cgroup/pids';
    const script = `{ ${unmount}; } && ${command} up -d; code=$?; ${command} down -v && exit $code`;
    const { status, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script, tscompose, scene.composeFile], {
      encoding: 'utf8',
      env: { ...process.env, TSCOMPOSE_STATE_DIR: scene.stateDirectory, COMPOSE_PROJECT_NAME: scene.project },
    });
    assert.match(stderr, /compose\.yaml:2:79: service web: pids_limit needs the cgroup controller pids, which/);
    assert.equal(status, 125, stderr);
    assertPlain(stderr);
    await eventually(() => assert.deepEqual(scene.supervisors(), []));
  });
});

describe('e2e: a full disk', () => {
  /** Runs `body` while the state directory is a file system of its own, so small that it can be filled. */
  const small = (title: string, compose: string, body: (scene: Scenario) => Promise<void>) =>
    scenario(title, { compose }, async (scene) => {
      mkdirSync(scene.stateDirectory);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', scene.stateDirectory]);
      try {
        await body(scene);
      } finally {
        await scene.run('down', '--volumes', '--timeout', '0');
        await eventually(() => assert.deepEqual(scene.supervisors(), []));
        execFileSync('umount', ['-l', scene.stateDirectory]);
      }
    });
  const fill = (scene: Scenario) => {
    const path = join(scene.stateDirectory, 'fill');
    try {
      for (const bytes of [65_536, 1024]) for (;;) appendFileSync(path, Buffer.alloc(bytes));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
    return path;
  };

  /** Settles when the only container has printed a line that its log did not take: a line is written there first. */
  const lineThatIsMissing = async (scene: Scenario, log: string) => {
    const [socket] = globSync(join(scene.stateDirectory, 'run/containers/*/monitor.sock'));
    using stream = await new MonitorClient(socket ?? '').attach({ stdin: false, replayBytes: 0 });
    stream.stderr.resume();
    for await (const line of createInterface({ input: stream.stdout })) {
      if (!readFileSync(log, 'utf8').includes(`{"log":"${line}\\n"`)) return;
    }
    assert.fail('the container ended');
  };

  small(
    'a container goes on while its log cannot be written, and what was lost is told when there is space',
    service('restart: "no"', '["sh", "-c", "i=0; while :; do echo $$i; i=$$((i+1)); sleep 0.001; done"]'),
    async (scene) => {
      await scene.ok('up', '-d');
      const [before] = scene.states();
      assert.ok(before);
      const path = fill(scene);
      const [log] = globSync(join(scene.stateDirectory, 'lib/containers/*/container.log'));
      assert.ok(log);
      await lineThatIsMissing(scene, log);
      const [full] = scene.states();
      assert.equal(full?.pid, before.pid);
      rmSync(path);
      await eventually(() =>
        assert.match(readFileSync(log, 'utf8'), /\d+ bytes of output are missing here: the disk was full/),
      );
      const lines = (await scene.ok('logs', '--no-log-prefix')).split('\n').slice(0, -1);
      assert.deepEqual(
        lines.filter((line) => !/^\d+$/.test(line)).map((line) => line.replace(/\d+/, 'N')),
        ['tscompose: N bytes of output are missing here: the disk was full'],
      );
    },
  );

  small('containers are not begun, and the command says why', service('restart: "no"'), async (scene) => {
    await scene.ok('up', '-d');
    await scene.ok('down');
    await eventually(() => assert.deepEqual(scene.supervisors(), []));
    const path = fill(scene);
    const { code, stderr } = await scene.run('up', '-d');
    assert.match(stderr, /no space left|disk is full|disk I\/O error/i);
    assert.match(stderr, /free some space/);
    assert.equal(code, 1, stderr);
    assertPlain(stderr);
    rmSync(path);
    await scene.ok('down');
    assert.deepEqual(readdirSync(join(scene.stateDirectory, 'lib/containers')), []);
    await scene.ok('up', '-d');
  });

  small(
    'what frees space needs none: down goes, stop stops and says what is not written down',
    service('restart: always'),
    async (scene) => {
      await scene.ok('up', '-d');
      const path = fill(scene);
      await scene.ok('ps');
      await scene.ok('logs');
      await scene.fails(1, /cannot use the records: .* is full[\s\S]*free some space/, 'stop', '--timeout', '0');
      assert.match(await scene.ok('ps', '-a'), /-web-1 .*Exited/);
      await scene.fails(1, /cannot use the records: .* is full/, 'up', '-d');
      rmSync(path);
      await scene.ok('up', '-d');
      assert.match(await scene.ok('ps'), /-web-1 .*Up/);
      fill(scene);
      await scene.ok('down', '--timeout', '0');
      assert.deepEqual(readdirSync(join(scene.stateDirectory, 'lib/containers')), []);
    },
  );

  small(
    'the records are read where nothing can be written',
    service('restart: "no"', '[echo, said]'),
    async (scene) => {
      await scene.ok('up');
      await eventually(() => assert.deepEqual(scene.supervisors(), []));
      const path = fill(scene);
      assert.match(await scene.ok('ps', '-a'), /-web-1 .*Exited \(0\)/);
      assert.match(await scene.ok('logs'), /said/);
      await scene.fails(1, /cannot use the records: [\s\S]*free some space/, 'down');
      rmSync(path);
    },
  );
});
