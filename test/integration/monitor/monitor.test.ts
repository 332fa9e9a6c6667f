import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { native } from '../../../src/native/binding.ts';
import { eventually, slowness } from '../../support/eventually.ts';
import { require, tellsExitOfStrangers } from '../../support/requirements.ts';
import { type BenchOptions, childrenInside, eventsUntil, isAlive, MonitorBench, untilTold } from './monitor-bench.ts';

describe('monitor', function () {
  this.timeout(30_000 * slowness);
  let bench: MonitorBench;

  const make = (options: BenchOptions) => (bench = new MonitorBench(options));

  before(function () {
    require(this, process.getuid?.() === 0, 'root');
  });
  afterEach(async () => await bench.close());

  it('records exit code and output of a container, and leaves nothing but files', async () => {
    make({ script: 'echo hello; printf "%s\\n" \'q"uo\\te\' >&2; printf "no newline"; exit 3' });
    await bench.start();
    await bench.gone();
    const record = bench.exitRecord();
    assert.deepEqual([record.status, record.exitCode, record.signal, record.pid], ['exited', 3, null, 0]);
    assert.deepEqual(
      bench
        .log()
        .map(({ log, stream }) => [log, stream])
        .sort(),
      [
        ['hello\n', 'stdout'],
        ['no newline', 'stdout'],
        ['q"uo\\te\n', 'stderr'],
      ],
    );
    assert.deepEqual(bench.leftovers(), []);
  });

  it('names the signal that ended a container', async () => {
    make({ script: 'exec sleep 60' });
    await bench.start();
    await bench.client.request('kill', { signal: 'KILL' });
    await bench.gone();
    assert.deepEqual([bench.exitRecord().exitCode, bench.exitRecord().signal], [137, 'SIGKILL']);
  });

  it('says why a container could not start, and leaves nothing', async () => {
    make({ script: '', args: ['/no/such/program'] });
    const line = await bench.launch('--spec');
    assert.ok(!line.ok);
    assert.deepEqual([line.code, line.exitCode], ['COMMAND_NOT_FOUND', 127]);
    assert.ok(!existsSync(join(bench.runDir, 'monitor.sock')));
    await eventually(() => assert.deepEqual(bench.leftovers(), []));
  });

  it('stops with the signal, then kills what ignores it', async () => {
    make({ script: 'trap "" TERM; echo ready; while :; do sleep 0.05; done' });
    await bench.start();
    await eventually(() => assert.equal(bench.logText(), 'ready\n'));
    const begin = Date.now();
    assert.equal((await bench.client.request('stop', { timeoutMs: 300 })).exitCode, 137);
    assert.ok(Date.now() - begin >= 290, 'the grace period was cut short');
    await eventually(() => assert.deepEqual(bench.leftovers(), []));
  });

  it('lets a container that obeys end by itself', async () => {
    make({ script: 'trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.05; done' });
    await bench.start();
    await eventually(() => assert.equal(bench.logText(), 'ready\n'));
    const waiting = bench.client.request('wait', {});
    assert.equal((await bench.client.request('stop', {})).exitCode, 7);
    assert.equal((await waiting).exitCode, 7);
    assert.equal(bench.logText(), 'ready\nbye\n');
  });

  it('starts a failing container again, later each time, until the limit', async () => {
    make({
      script: `${untilTold('go')}; exit 1`,
      monitor: { restart: { policy: 'on-failure', maxRetries: 3, delayMs: 20, maxDelayMs: 50, windowMs: 10_000 } },
    });
    await bench.start();
    const subscription = await bench.client.subscribe();
    await bench.tell('go');
    const events = await eventsUntil(subscription, (event) => event.event === 'gone');
    const delays = events.flatMap((event) => (event.event === 'restarting' ? [event.delayMs] : []));
    assert.deepEqual(delays, [20, 40, 50]);
    assert.equal(bench.exitRecord().restartCount, 3);
  });

  const single = { policy: 'always', maxRetries: 1, delayMs: 10, maxDelayMs: 10, windowMs: 10_000 } as const;

  it('counts attempts whatever the condition', async () => {
    make({ script: 'exit 0', monitor: { restart: single } });
    await bench.start();
    await bench.gone();
    assert.equal(bench.exitRecord().restartCount, 1);
  });

  it('counts attempts anew after a run that lasted', async () => {
    make({ script: 'sleep 0.2', monitor: { restart: { ...single, windowMs: 100, resetsAttempts: true } } });
    await bench.start();
    await eventually(() => assert.ok(bench.state().restartCount >= 3));
    await bench.client.request('stop', { timeoutMs: 0 });
    await bench.gone();
  });

  it('a stop ends the restarts of an always container', async () => {
    make({
      script: 'exit 0',
      monitor: { restart: { policy: 'always', maxRetries: 0, delayMs: 60_000, maxDelayMs: 60_000, windowMs: 1 } },
    });
    await bench.start();
    await eventually(() => assert.equal(bench.state().status, 'restarting'));
    await bench.client.request('stop', {});
    await bench.gone();
    assert.equal(bench.exitRecord().status, 'exited');
  });

  it('restarts on request in the same monitor', async () => {
    make({ script: 'echo run; exec sleep 60' });
    const first = await bench.start();
    const monitor = bench.state().monitorPid;
    await eventually(() => assert.equal(bench.logText(), 'run\n'));
    const { pid } = await bench.client.request('restart', { timeoutMs: 0 });
    assert.notEqual(pid, first);
    assert.equal(bench.state().monitorPid, monitor);
    await eventually(() => assert.equal(bench.logText(), 'run\nrun\n'));
  });

  it('pauses and resumes', async () => {
    make({ script: 'trap "exit 143" TERM; while :; do echo x; sleep 0.01; done' });
    await bench.start();
    await eventually(() => assert.ok(bench.log().length > 2));
    await bench.client.request('pause', {});
    // Between two answers the monitor looks at everything once, so what was printed before is in the log.
    for (let turn = 0; turn < 2; turn++) assert.equal((await bench.client.state()).status, 'paused');
    const before = bench.log().length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(bench.log().length, before);
    await bench.client.request('resume', {});
    await eventually(() => assert.ok(bench.log().length > before));
    await bench.client.request('pause', {});
    assert.equal((await bench.client.request('stop', {})).exitCode, 143);
  });

  it('runs health checks and tells when the answer changes', async () => {
    const health = { intervalMs: 50, timeoutMs: 20_000, retries: 2, startPeriodMs: 0, startIntervalMs: 50 };
    make({
      script: 'exec sleep 60',
      monitor: {
        health: { args: ['/bin/sh', '-c', `${untilTold('go')}; echo probe; test -e /tmp/ok`], ...health },
      },
    });
    await bench.start();
    const subscription = await bench.client.subscribe();
    assert.equal(subscription.state.health?.status, 'starting');
    await bench.tell('go');
    await eventsUntil(subscription, (event) => event.event === 'health' && event.status === 'unhealthy');
    const again = await bench.client.subscribe();
    await bench.tell('ok');
    await eventsUntil(again, (event) => event.event === 'health' && event.status === 'healthy');
    const state = (await bench.client.state()).health;
    assert.deepEqual([state?.failingStreak, state?.log.at(-1)?.output], [0, 'probe\n']);
    assert.ok((state?.log.length ?? 9) <= 5);
  });

  it('kills a health check that takes too long', async () => {
    const health = { intervalMs: 30, timeoutMs: 60, retries: 1, startPeriodMs: 0, startIntervalMs: 50 };
    make({ script: 'exec sleep 60', monitor: { health: { args: ['sleep', '50'], ...health } } });
    await bench.start();
    await eventually(async () => {
      const { health } = await bench.client.state();
      assert.match(JSON.stringify(health), /"exitCode":-1,"output":"health check exceeded its timeout/);
    });
  });

  it('kills all that a health check has started when it takes too long', async () => {
    const once = 'test -e /tmp/once && exit 0; touch /tmp/once';
    // In its process group, in a session of its own, and adopted by another.
    const lingering = 'sleep 171 & setsid sleep 172 & (setsid sh -c "sleep 173; true" &); sleep 174';
    const health = { intervalMs: 30, timeoutMs: 2000 * slowness, retries: 1, startPeriodMs: 0, startIntervalMs: 50 };
    make({
      script: 'exec sleep 170',
      monitor: { health: { args: ['/bin/sh', '-c', `${once}; ${lingering}`], ...health } },
    });
    await bench.start();
    const subscription = await bench.client.subscribe();
    const sleepers = () => bench.commands().filter((command) => /^sleep 17[1-4]$/.test(command));
    await eventually(() => assert.equal(sleepers().length, 4));
    const events = await eventsUntil(subscription, (event) => event.event === 'health');
    assert.match(JSON.stringify(events.at(-1)), /exceeded its timeout/);
    await eventually(() => assert.deepEqual(sleepers(), []));
    assert.ok(bench.commands().includes('sleep 170'));
  });

  it('cannot be overwritten by who gets hold of its executable (CVE-2019-5736)', async () => {
    make({ script: 'exec sleep 60' });
    await bench.start();
    // For a moment every process that it runs inside has this executable, too.
    const held = openSync(`/proc/${bench.state().monitorPid}/exe`, 'r');
    try {
      await bench.client.request('stop', { timeoutMs: 0 });
      await bench.gone();
      // Nobody runs it any more: it is not the use of the file that refuses (ETXTBSY, open(2)).
      assert.throws(() => openSync(`/proc/self/fd/${held}`, 'r+'), { code: 'EROFS' });
    } finally {
      closeSync(held);
    }
  });

  it('runs a process inside, with input, output and exit code', async () => {
    make({ script: 'exec sleep 60' });
    await bench.start();
    const stream = await bench.client.exec({
      process: bench.process(['/bin/sh', '-c', 'cat; echo err >&2; exit 4']),
      privileged: false,
    });
    stream.stdin.end('through\n');
    const result = await Promise.all([text(stream.stdout), text(stream.stderr), stream.exitCode]);
    assert.deepEqual(result, ['through\n', 'err\n', 4]);
    await assert.rejects(bench.client.exec({ process: bench.process(['/no/such']), privileged: false }), {
      code: 'COMMAND_NOT_FOUND',
      exitCode: 127,
    });
  });

  it('tells output and exit code also to a client that writes when the process has ended', async () => {
    make({ script: 'exec sleep 60' });
    await bench.start();
    const process = bench.process(['sh', '-c', 'sleep 0.1; echo out; exit 3']);
    const stream = await bench.client.exec({ process, privileged: false });
    // Nothing is read meanwhile, as in a process that is busy.
    execFileSync('sleep', ['0.5']);
    stream.stdin.end('too late');
    assert.deepEqual([await text(stream.stdout), await stream.exitCode], ['out\n', 3]);
  });

  it('a container that ends while a process is being started in it ends all the same', async function () {
    require(this, spawnSync('strace', ['-V']).status === 0, 'strace');
    make({ script: 'exec sleep 60' });
    const pid = await bench.start();
    const { monitorPid } = bench.state();
    // What it says is held up, so that it is there and has told nothing yet.
    const delay = ['-e', 'trace=sendmsg', '-e', 'inject=sendmsg:delay_enter=3000000'];
    const tracer = spawn('strace', ['-f', '-p', String(monitorPid), ...delay], { stdio: ['ignore', 'ignore', 'pipe'] });
    const traced = once(tracer, 'close');
    await once(tracer.stderr, 'data');
    // A machine that is slower than the delay lets it begin before the end comes.
    const begun = bench.client.exec({ process: bench.process(['sleep', '60']), privileged: false }).then(
      (stream) => stream.close(),
      () => {},
    );
    await eventually(() => assert.equal(childrenInside(monitorPid).length, 2));
    process.kill(pid, 'SIGKILL');
    await begun;
    await bench.gone();
    assert.deepEqual([bench.exitRecord().exitCode, bench.exitRecord().signal], [137, 'SIGKILL']);
    await traced;
  });

  it('a large output arrives whole, and waits for its reader', async () => {
    make({ script: 'exec sleep 60' });
    await bench.start();
    const stream = await bench.client.exec({
      process: bench.process(['/bin/sh', '-c', 'yes | head -c 20000000']),
      privileged: false,
    });
    stream.stdin.end();
    stream.stderr.resume();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await text(stream.stdout)).length, 20_000_000);
    assert.equal(await stream.exitCode, 0);
  });

  it('gives a process a terminal of the size asked for', async () => {
    make({ script: 'exec sleep 60' });
    await bench.start();
    const stream = await bench.client.exec({
      process: {
        ...bench.process(['/bin/sh', '-c', 'read line; stty size; tty']),
        terminal: true,
        consoleSize: { height: 10, width: 20 },
      },
      privileged: false,
    });
    stream.resize(33, 44);
    stream.stdin.write('go\n');
    stream.stderr.resume();
    const output = await text(stream.stdout);
    assert.match(output, /33 44\r\n\/dev\/pts\/\d/);
    assert.equal(await stream.exitCode, 0);
  });

  it('attaches to a container: replay, input, end', async () => {
    make({ script: 'echo early; read line; echo "got $line"; exit 5', monitor: { stdinOpen: true } });
    await bench.start();
    await eventually(() => assert.equal(bench.logText(), 'early\n'));
    const stream = await bench.client.attach({ stdin: true, replayBytes: 1000 });
    stream.stderr.resume();
    stream.stdin.write('this\n');
    assert.equal(await text(stream.stdout), 'early\ngot this\n');
    assert.equal(await stream.exitCode, 5);
  });

  it('an attached client that does not read is dropped, and the container goes on', async () => {
    const flood = 'yes "$(printf %01000d 0)" | head -c 6000000';
    make({ script: `${untilTold('go')}; ${flood}; echo done >&2; exec sleep 60` });
    await bench.start();
    const stuck = await bench.client.attach({ stdin: false, replayBytes: 0 });
    await bench.tell('go');
    await eventually(() => assert.equal(bench.logText('stderr'), 'done\n'));
    stuck.stdout.resume();
    stuck.stderr.resume();
    await assert.rejects(stuck.exitCode, { code: 'LIMIT' });
  });

  it('gives the container itself a terminal', async () => {
    make({ script: 'test -t 0 && test -t 1 && stty size; sleep 0.1', terminal: true });
    await bench.start();
    await bench.gone();
    assert.match(bench.logText(), /\d+ \d+\r\n/);
  });

  it('notices an out-of-memory kill', async () => {
    make({
      script: `${untilTold('go')}; x=$(yes | head -c 100000000); echo "$x"`,
      resources: { memory: { limit: 16 << 20, swap: 16 << 20 } },
    });
    await bench.start();
    const subscription = await bench.client.subscribe();
    await bench.tell('go');
    const events = await eventsUntil(subscription, (event) => event.event === 'gone');
    assert.ok(events.some((event) => event.event === 'oom'));
    assert.equal(bench.exitRecord().oomKilled, true);
  });

  it('changes limits in place and tells figures', async () => {
    make({ script: 'exec sleep 60', resources: { memory: { limit: 64 << 20 }, pids: { limit: 10 } } });
    await bench.start();
    await bench.client.request('update', { resources: { memory: { limit: 32 << 20 }, pids: { limit: 20 } } });
    const { statistics } = await bench.client.request('statistics', {});
    assert.deepEqual([statistics.memoryLimitBytes, statistics.pidsLimit, statistics.pids], [32 << 20, 20, 1]);
    assert.ok(statistics.memoryBytes > 0 && statistics.cpuNanoseconds > 0);
  });

  it('rotates the log and keeps as many files as asked', async () => {
    make({
      script: 'i=0; while [ $i -lt 300 ]; do echo "line number $i"; i=$((i+1)); done',
      monitor: { log: { maxSizeBytes: 8000, maxFiles: 3 } },
    });
    await bench.start();
    await bench.gone();
    const files = ['.2', '.1', ''].map((suffix) => bench.log(bench.logPath + suffix));
    const numbers = files.flat().map(({ log }) => Number(log.split(' ')[2]));
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, index) => 299 - numbers.length + 1 + index),
    );
    assert.ok(!existsSync(`${bench.logPath}.3`));
    for (const suffix of ['', '.1', '.2']) assert.ok(readFileSync(bench.logPath + suffix).length <= 8000);
  });

  it('a full disk does not stop the container, and the log says what is missing', async () => {
    const disk = `/tmp/tsc-monitor-disk-${process.pid}`;
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tsc-monitor-test', disk]);
    try {
      make({
        script: `yes "0123456789" | head -c 1100000; echo end; ${untilTold('go')}; echo after`,
        monitor: { log: { path: join(disk, 'container.log') } },
      });
      writeFileSync(join(disk, 'filler'), Buffer.alloc(100 << 10));
      await bench.start();
      const subscription = await bench.client.subscribe();
      // The monitor has dealt with all of it once it would replay the end.
      await eventually(async () => {
        const stream = await bench.client.attach({ stdin: false, replayBytes: 4 });
        stream.exitCode.catch(() => {});
        const [latest] = (await once(stream.stdout, 'data')) as [Buffer];
        stream.close();
        assert.equal(String(latest), 'end\n');
      });
      execFileSync('rm', [join(disk, 'filler')]);
      await bench.tell('go');
      const events = await eventsUntil(subscription, (event) => event.event === 'gone');
      const dropped = events.flatMap((event) => (event.event === 'log_dropped' ? [event.bytes] : []));
      const lines = bench.log();
      assert.equal(lines.at(-1)?.log, 'after\n');
      assert.ok(lines.some(({ log }) => /bytes of output are missing here: the disk was full/.test(log)));
      const kept = lines
        .filter(({ stream }) => stream === 'stdout')
        .slice(0, -1)
        .reduce((sum, { log }) => sum + log.length, 0);
      assert.equal(kept + dropped.reduce((sum, bytes) => sum + bytes, 0), 1_100_004);
    } finally {
      execFileSync('umount', ['-l', disk]);
      execFileSync('rmdir', [disk]);
    }
  });

  it('after kill -9 of the monitor another takes over, and no line of the log is lost', async () => {
    make({ script: 'i=0; while [ ! -e /tmp/end ]; do echo "line $i"; i=$((i+1)); sleep 0.002; done; exit 9' });
    const pid = await bench.start();
    await eventually(() => assert.ok(bench.log().length > 20));
    const first = bench.state().monitorPid;
    process.kill(first, 'SIGKILL');
    await eventually(() => assert.ok(!isAlive(first)));
    assert.ok(isAlive(pid));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(await bench.launch('--adopt'), { ok: true, pid });
    const seen = bench.log().length;
    await eventually(() => assert.ok(bench.log().length > seen + 20));
    await bench.tell('end');
    await bench.gone();
    const lines = bench.log().map(({ log }) => log);
    assert.deepEqual(
      lines,
      lines.map((_, index) => `line ${index}\n`),
    );
    assert.equal(bench.exitRecord().exitCode, tellsExitOfStrangers ? 9 : 255);
  });

  it('a container that ended while nobody watched is recorded with an unknown code', async () => {
    make({ script: 'exec sleep 60' });
    const pid = await bench.start();
    process.kill(bench.state().monitorPid, 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    await eventually(() => assert.ok(!existsSync(`/proc/${pid}`) && !isAlive(bench.state().monitorPid)));
    assert.equal((await bench.launch('--adopt')).ok, true);
    await bench.gone();
    assert.deepEqual([bench.exitRecord().status, bench.exitRecord().exitCode], ['exited', 255]);
    assert.deepEqual(bench.leftovers(), []);
  });

  describe('killed and replaced', () => {
    const replace = async () => {
      const { monitorPid } = bench.state();
      process.kill(monitorPid, 'SIGKILL');
      await eventually(() => assert.ok(!isAlive(monitorPid)));
      assert.ok((await bench.launch('--adopt')).ok);
    };

    it('a stop goes on: no restart, and the rest of its grace', async () => {
      make({
        script: 'trap "" TERM; echo ready; while :; do sleep 0.05; done',
        monitor: { restart: { policy: 'always', maxRetries: 0, delayMs: 10, maxDelayMs: 10, windowMs: 10_000 } },
      });
      await bench.start();
      await eventually(() => assert.equal(bench.logText(), 'ready\n'));
      const begin = Date.now();
      const stopped = bench.client.request('stop', { timeoutMs: 1500 }).catch(() => {});
      await eventually(() => assert.ok(bench.state().adoption.isStopping));
      await replace();
      await stopped;
      await bench.gone();
      assert.ok(Date.now() - begin >= 1490, 'the grace period was cut short');
      assert.deepEqual([bench.exitRecord().status, bench.exitRecord().restartCount], ['exited', 0]);
    });

    it('a kill by hand stays one', async () => {
      make({
        script: 'while [ ! -e /tmp/end ]; do sleep 0.01; done; exit 1',
        monitor: { restart: { policy: 'always', maxRetries: 0, delayMs: 10, maxDelayMs: 10, windowMs: 10_000 } },
      });
      await bench.start();
      // It takes no notice: what counts is that somebody asked for its end.
      await bench.client.request('kill', { signal: 'TERM', manual: true });
      await replace();
      await bench.tell('end');
      await bench.gone();
      assert.equal(bench.exitRecord().restartCount, 0);
    });

    it('a container that waits for its next start goes on waiting, and its back-off goes on', async () => {
      make({
        script: 'exit 7',
        monitor: {
          restart: {
            policy: 'on-failure',
            maxRetries: 2,
            delayMs: 1000 * slowness,
            maxDelayMs: 60_000,
            windowMs: 60_000,
          },
        },
      });
      await bench.start();
      await eventually(() => assert.equal(bench.state().status, 'restarting'));
      const before = bench.state();
      await replace();
      const { exitCode, finishedAt, nextRestartAt, restartCount, status } = bench.state();
      assert.deepEqual(
        { exitCode, finishedAt, nextRestartAt, restartCount, status },
        {
          exitCode: 7,
          finishedAt: before.finishedAt,
          nextRestartAt: before.nextRestartAt,
          restartCount: 0,
          status: 'restarting',
        },
      );
      const subscription = await bench.client.subscribe();
      const events = await eventsUntil(subscription, (event) => event.event === 'restarting');
      assert.deepEqual(events.at(-1), { event: 'restarting', delayMs: 2000 * slowness });
      assert.equal(events.filter(({ event }) => event === 'start').length, 1);
      await bench.client.request('stop', {});
      assert.equal(bench.exitRecord().restartCount, 1);
    });

    it('its health is what it was, and the start period began with the container', async () => {
      const health = {
        intervalMs: 3_600_000,
        timeoutMs: 5000,
        retries: 3,
        startPeriodMs: 3_600_000,
        startIntervalMs: 20,
      };
      const args = ['/bin/sh', '-c', 'echo probe; test -e /tmp/ok'];
      make({ script: 'exec sleep 60', monitor: { health: { args, ...health } } });
      await bench.start();
      await eventually(() => assert.ok((bench.state().health?.log.length ?? 0) >= 2));
      await bench.tell('ok');
      await eventually(() => assert.equal(bench.state().health?.status, 'healthy'));
      const before = bench.state();
      await replace();
      assert.deepEqual(bench.state().health, before.health);
      assert.deepEqual(bench.state().adoption, before.adoption);
      assert.equal(bench.state().startedAt, before.startedAt);
    });
  });

  it('an idle monitor holds less than a megabyte of its own', async () => {
    make({ script: 'exec sleep 60' });
    await bench.start();
    // Without the pages of the executable, which all monitors share and the kernel may drop.
    const status = readFileSync(`/proc/${bench.state().monitorPid}/status`, 'utf8');
    const kilobytes = Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]);
    assert.ok(kilobytes < 1024, `${kilobytes} kB`);
  });

  it('a second monitor for the same container is refused', async () => {
    make({ script: 'exec sleep 60' });
    await bench.start();
    const line = await bench.launch('--adopt');
    assert.deepEqual([line.ok, !line.ok && line.code], [false, 'NAME_TAKEN']);
    assert.equal((await bench.client.state()).status, 'running');
  });

  it('begins although somebody is just looking whether one lives', async () => {
    make({ script: 'exec sleep 60' });
    const look = await native().flock(join(bench.runDir, 'monitor.lock'), { exclusive: true, nonblocking: true });
    const starting = bench.start();
    await delay(200);
    look?.release();
    await starting;
    assert.equal((await bench.client.state()).status, 'running');
  });

  it('starts the supervisor that died, and not the one that said bye', async () => {
    make({ script: 'exec sleep 60' });
    const marker = join(bench.directory, 'respawned');
    const path = join(bench.directory, 'monitor.json');
    const supervisor = { args: ['/usr/bin/touch', marker], lock: join(bench.directory, 'respawn.lock') };
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), supervisor }));
    await bench.start();
    const polite = await bench.client.subscribe({ supervisor: true });
    await polite.bye();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(!existsSync(marker));
    (await bench.client.subscribe({ supervisor: true })).close();
    await eventually(() => assert.ok(existsSync(marker)));
  });

  it('SIGTERM to the monitor stops its container in order', async () => {
    make({ script: 'trap "exit 6" TERM; echo ready; while :; do sleep 0.05; done' });
    await bench.start();
    await eventually(() => assert.equal(bench.logText(), 'ready\n'));
    process.kill(bench.state().monitorPid, 'SIGTERM');
    await bench.gone();
    assert.equal(bench.exitRecord().exitCode, 6);
  });
});
