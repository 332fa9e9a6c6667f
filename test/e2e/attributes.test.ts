/** What docs/compatibility.md calls honoured is seen to be so: test/unit/compose/honoured.test.ts holds the table against this file. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type AttributeCase, attributeCases } from '../support/attribute-cases.ts';
import { isUnifiedCgroup, requireKernel } from '../support/requirements.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

const nameOf = (index: number) => `c${String(index).padStart(2, '0')}`;

function composeOf(cases: readonly AttributeCase[]): string {
  const services = cases.map(({ service, script }, index) => [
    nameOf(index),
    {
      image: 'rootfs:/',
      ...(script === undefined ? {} : { command: ['sh', '-c', script.replaceAll('$', '$$$$')] }),
      ...service,
    },
  ]);
  const top: Record<string, object> = {};
  for (const each of cases) {
    for (const [kind, resources] of Object.entries(each.top ?? {})) top[kind] = { ...top[kind], ...resources };
  }
  return JSON.stringify({ services: Object.fromEntries(services), ...top });
}

const inside = async (scene: Scenario, service: string, script: string) =>
  (await scene.ok('exec', '-T', service, 'sh', '-c', script)).trim();

const stays = 'image: "rootfs:/", init: true, command: [sleep, "1000"]';
/** The same below a service. */
const staying = 'image: rootfs:/\n    init: true\n    command: [sleep, "1000"]';

describe('e2e: attributes', () => {
  scenario(
    'that a process can see are seen by it',
    {
      compose: composeOf(attributeCases),
      files: Object.assign({}, ...attributeCases.map(({ files }) => files ?? {})),
      environment: { GIVEN: 'from a variable' },
    },
    async (scene) => {
      // What a mount passes on depends on whether its source does: this one does.
      const shared = join(dirname(scene.composeFile), 'shared');
      mkdirSync(shared);
      execFileSync('mount', ['--bind', shared, shared]);
      try {
        execFileSync('mount', ['--make-shared', shared]);
        await scene.ok('up', '-d');
        await scene.run('wait', ...attributeCases.map((_, index) => nameOf(index)));
        const lines = (await scene.ok('logs', '--no-color')).split('\n');
        const wrong = attributeCases.flatMap(({ shows, prints }, index) => {
          const said = lines
            .filter((line) => line.startsWith(`${nameOf(index)}-1 `))
            .map((line) => line.slice(line.indexOf('|') + 2))
            .join('\n');
          const isRight = typeof prints === 'string' ? said === prints : prints.test(said);
          return isRight ? [] : [{ shows: shows.join(' '), said, prints: String(prints) }];
        });
        assert.deepEqual(wrong, []);
      } finally {
        await scene.run('down', '-t', '0');
        execFileSync('umount', [shared]);
      }
    },
  );

  const disk = ['vda', 'sda', 'nvme0n1', 'loop0'].find((name) => existsSync(`/sys/block/${name}`));
  const block = ({ v1, v2 }: { v1: string; v2: string }) =>
    isUnifiedCgroup ? `cat /sys/fs/cgroup/${v2}` : `cat /sys/fs/cgroup/blkio/${v1}`;
  scenario(
    'of block devices: weights and rates',
    {
      compose: `
services:
  a:
    ${staying}
    blkio_config:
      weight: 300
      device_read_bps: [{ path: /dev/${disk}, rate: 1mb }]
      device_read_iops: [{ path: /dev/${disk}, rate: 101 }]
      device_write_bps: [{ path: /dev/${disk}, rate: 2mb }]
      device_write_iops: [{ path: /dev/${disk}, rate: 202 }]
`,
    },
    async (scene, context) => {
      requireKernel(context, disk !== undefined, 'a disk');
      await scene.ok('up', '-d');
      const seen = await inside(
        scene,
        'a',
        ['read_bps', 'read_iops', 'write_bps', 'write_iops']
          .map((key) => block({ v1: `blkio.throttle.${key}_device`, v2: 'io.max' }))
          .concat(block({ v1: 'blkio.bfq.weight', v2: 'io.bfq.weight' }))
          .join('; '),
      );
      for (const number of ['1048576', '101', '2097152', '202', '300'])
        assert.match(seen, new RegExp(`\\b${number}\\b`));
    },
  );

  const loop = '/sys/block/loop7/queue/scheduler';
  scenario(
    'of single block devices: weights, with the scheduler bfq',
    {
      compose: `services:\n  a: { ${stays}, blkio_config: { weight_device: [{ path: /dev/loop7, weight: 400 }] } }\n`,
    },
    async (scene, context) => {
      requireKernel(
        context,
        !isUnifiedCgroup && existsSync(loop) && readFileSync(loop, 'utf8').includes('bfq'),
        'the scheduler bfq',
      );
      const before = /\[(.*)\]/.exec(readFileSync(loop, 'utf8'))?.[1] ?? 'none';
      await scene.fails(1, /compose\.yaml:2:\d+: service a: \/dev\/loop7 takes no weights/, 'up', '-d');
      writeFileSync(loop, 'bfq');
      try {
        await scene.ok('up', '-d');
        const seen = await inside(scene, 'a', block({ v1: 'blkio.bfq.weight_device', v2: 'io.bfq.weight' }));
        assert.match(seen, /^7:7 400$/m);
      } finally {
        await scene.run('down', '-t', '0');
        writeFileSync(loop, before);
      }
    },
  );

  scenario(
    'of cgroup v1: swappiness, the OOM killer, real-time shares',
    {
      compose: `
services:
  a:
    ${staying}
    mem_swappiness: 7
    oom_kill_disable: true
    mem_limit: 64m
  rt:
    ${staying}
    cpu_rt_runtime: 1000
    cpu_rt_period: 100000
`,
    },
    async (scene, context) => {
      requireKernel(context, !isUnifiedCgroup, 'cgroup v1');
      const time = '/sys/fs/cgroup/cpu/cpu.rt_runtime_us';
      await scene.ok('up', '-d', 'a');
      assert.equal(
        await inside(scene, 'a', 'cd /sys/fs/cgroup/memory; cat memory.swappiness memory.oom_control | head -n 2'),
        '7\noom_kill_disable 1',
      );
      requireKernel(
        context,
        existsSync(time) && Number(readFileSync(time, 'utf8')) > 0,
        'real-time groups with time to give',
      );
      await scene.ok('up', '-d', 'rt');
      assert.equal(
        await inside(scene, 'rt', 'cd /sys/fs/cgroup/cpu; cat cpu.rt_runtime_us cpu.rt_period_us'),
        '1000\n100000',
      );
    },
  );
});
