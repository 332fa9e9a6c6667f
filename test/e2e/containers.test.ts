import assert from 'node:assert/strict';
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import { isUnifiedCgroup } from '../support/requirements.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

const inside = (scene: Scenario, service: string) => async (script: string) =>
  (await scene.ok('exec', '-T', service, 'sh', '-c', script)).trim();

describe('e2e: what a service asks of its container', () => {
  scenario(
    'limits arrive in the cgroup',
    {
      compose: `
services:
  old:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
    mem_limit: 64m
    mem_reservation: 32m
    memswap_limit: 96m
    cpus: 0.5
    cpu_shares: 512
    cpuset: "0"
    pids_limit: 40
    shm_size: 16m
    ulimits: { nofile: { soft: 512, hard: 1024 }, core: 0 }
  new:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
    deploy:
      resources:
        limits: { cpus: "0.25", memory: 48M, pids: 30 }
        reservations: { memory: 24M }
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      const old = inside(scene, 'old');
      const read = (v1: string, v2: string) => `cat /sys/fs/cgroup/${isUnifiedCgroup ? v2 : v1}`;
      assert.equal(await old(read('memory/memory.limit_in_bytes', 'memory.max')), String(64 * 1024 * 1024));
      assert.equal(await old(read('memory/memory.soft_limit_in_bytes', 'memory.low')), String(32 * 1024 * 1024));
      assert.equal(await old(read('pids/pids.max', 'pids.max')), '40');
      assert.equal(await old(read('cpuset/cpuset.cpus', 'cpuset.cpus')), '0');
      if (isUnifiedCgroup) {
        assert.equal(await old('cat /sys/fs/cgroup/cpu.max'), '50000 100000');
      } else {
        assert.equal(await old('cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us'), '50000');
        assert.equal(await old('cat /sys/fs/cgroup/cpu/cpu.shares'), '512');
      }
      assert.equal(await old('ulimit -Sn; ulimit -Hn; ulimit -c'), '512\n1024\n0');
      assert.match(await old('df -k /dev/shm | tail -n 1'), /\b16384\b/);
      const fresh = inside(scene, 'new');
      assert.equal(await fresh(read('memory/memory.limit_in_bytes', 'memory.max')), String(48 * 1024 * 1024));
      assert.equal(await fresh(read('pids/pids.max', 'pids.max')), '30');
    },
  );

  scenario(
    'identity, rights and file systems are what the file says',
    {
      compose: `
services:
  box:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
    hostname: box
    domainname: example.test
    user: daemon:mail
    group_add: [audio, "4242"]
    working_dir: /usr/share
    environment: { GREETING: "hello there", EMPTY: "" }
    read_only: true
    tmpfs: ["/scratch:size=1m,mode=1777"]
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    security_opt: ["no-new-privileges:true"]
    sysctls: { net.core.somaxconn: "77" }
    extra_hosts: ["pair:192.0.2.9"]
    dns_search: [example.test]
    labels: { kind: box }
    stop_signal: SIGINT
    volumes:
      - ./given:/given:ro
      - type: tmpfs
        target: /sized
        tmpfs: { size: 2m, mode: 0700 }
`,
      files: { 'given/file': 'content\n' },
    },
    async (scene) => {
      await scene.ok('up', '-d');
      const box = inside(scene, 'box');
      assert.equal(await box('hostname; cat /proc/sys/kernel/domainname'), 'box\nexample.test');
      assert.match(await box('id'), /uid=1\(daemon\) gid=8\(mail\) groups=8\(mail\),29\(audio\),4242/);
      assert.equal(await box('pwd; echo "$GREETING|$EMPTY"'), '/usr/share\nhello there|');
      // As who may write but for that: its own user may not anyway.
      const isReadOnly = (path: string) =>
        scene.fails(1, /Read-only file system/, 'exec', '-T', '-u', '0', 'box', 'touch', path);
      await isReadOnly('/new');
      assert.equal(await box('echo x > /scratch/x && cat /scratch/x'), 'x');
      assert.equal(await box('cat /given/file'), 'content');
      await isReadOnly('/given/file');
      assert.match(await box('grep CapBnd /proc/1/status'), /0000000000000400$/);
      assert.match(await box('grep NoNewPrivs /proc/1/status'), /1$/);
      assert.match(await box('grep "^Seccomp:" /proc/1/status'), /2$/);
      assert.equal(await box('cat /proc/sys/net/core/somaxconn'), '77');
      assert.match(await box('cat /etc/hosts'), /192\.0\.2\.9\s+pair/);
      assert.match(await box('cat /etc/resolv.conf'), /search example\.test/);
      assert.match(await box('grep " /sized " /proc/mounts'), /size=2048k.*mode=700|mode=700.*size=2048k/);
      assert.equal(await box('ls -a /home /root 2>/dev/null | grep -v "^\\.*$" | grep -v : | wc -l'), '0');
    },
  );

  scenario(
    'volumes: a named one is shared and survives down, an anonymous one follows its container',
    {
      compose: `
services:
  one:
    image: rootfs:/
    init: true
    command: ["sh", "-c", "echo one > /shared/one; echo mine > /own/mine; exec sleep 1000"]
    volumes: [shared:/shared, /own]
  two:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
    volumes:
      - { type: volume, source: shared, target: /data, read_only: true }
volumes: { shared: }
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      const two = inside(scene, 'two');
      await eventually(async () => assert.equal(await two('cat /data/one'), 'one'));
      await scene.fails(1, /Read-only file system/, 'exec', '-T', 'two', 'touch', '/data/x');
      await scene.ok('up', '-d', '--force-recreate');
      await eventually(async () => assert.equal(await inside(scene, 'one')('cat /own/mine | wc -l'), '1'));
      await scene.ok('down');
      await scene.ok('up', '-d', 'two');
      assert.equal(await inside(scene, 'two')('cat /data/one'), 'one');
    },
  );

  scenario(
    'a fresh named volume takes what the image holds at its target, with owner and mode',
    {
      compose: `
services:
  box:
    image: rootfs:./root
    init: true
    command: ["/busybox", "sleep", "1000"]
    volumes: [data:/srv/data, "nocopy:/srv/other"]
volumes:
  data:
  nocopy:
`,
    },
    async (scene) => {
      const root = `${scene.directory}/p/root`;
      for (const name of ['bin', 'etc', 'srv/data/sub', 'srv/other', 'proc', 'sys', 'dev', 'tmp']) {
        mkdirSync(`${root}/${name}`, { recursive: true });
      }
      copyFileSync('/bin/busybox', `${root}/busybox`);
      chmodSync(`${root}/busybox`, 0o755);
      writeFileSync(`${root}/srv/data/sub/file`, 'from the image\n', { mode: 0o640 });
      chownSync(`${root}/srv/data/sub/file`, 33, 44);
      chmodSync(`${root}/srv/data`, 0o2750);
      await scene.ok('up', '-d');
      const look = await scene.ok(
        'exec',
        '-T',
        'box',
        '/busybox',
        'stat',
        '-c',
        '%n %u:%g %a',
        '/srv/data',
        '/srv/data/sub/file',
      );
      assert.equal(look, '/srv/data 0:0 2750\n/srv/data/sub/file 33:44 640\n');
    },
  );

  scenario(
    'pause freezes, unpause thaws, and stats come without a process',
    { compose: 'services:\n  web: { image: "rootfs:/", init: true, command: [sleep, "1000"] }\n' },
    async (scene) => {
      await scene.ok('up', '-d');
      await scene.ok('pause');
      assert.match(await scene.ok('ps', '-a'), /Paused/);
      await scene.ok('unpause');
      assert.match(await scene.ok('ps'), /Up /);
      const [line] = (await scene.ok('stats', '--no-stream', '--format', 'json')).trim().split('\n');
      assert.ok(Number.parseInt(JSON.parse(line ?? '{}').PIDs, 10) >= 1, line);
    },
  );
});
