import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { MonitorLauncher } from '../../../src/container/monitor-launcher.ts';
import type { ForkServer } from '../../../src/native/binding.ts';

/** Servers that answer as `forks` says, in the order in which they are opened, and what became of them. */
function serving(...forks: readonly (ForkServer['fork'] | Error)[]) {
  const steps: string[] = [];
  const native = {
    openForkServer: async (_file: string, args: readonly string[]): Promise<ForkServer> => {
      const fork = forks[steps.filter((step) => step.startsWith('open')).length];
      const number = steps.push(`open ${args.join(' ')}`);
      if (fork === undefined || fork instanceof Error) throw fork ?? new Error('one server too many');
      return { fork, close: () => steps.push(`close ${number}`) };
    },
  };
  return { steps, launcher: new MonitorLauncher(native, '/monitor') };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const opened = 'open --fork-server {fd}';

describe('the monitor launcher', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  it('has one server for all launches, and lets it go when none has come for a while', async () => {
    const { steps, launcher } = serving(
      async (args) => args.join(' '),
      async () => 'again',
    );
    launcher.prepare();
    assert.deepEqual(await Promise.all([launcher.launch(['a', 'b']), launcher.launch(['c'])]), ['a b', 'c']);
    mock.timers.tick(1_999);
    assert.equal(await launcher.launch(['d']), 'd');
    mock.timers.tick(1_999);
    await settled();
    assert.deepEqual(steps, [opened]);
    mock.timers.tick(1);
    await settled();
    assert.deepEqual(steps, [opened, 'close 1']);
    assert.equal(await launcher.launch(['e']), 'again');
  });

  it('keeps the server for a launch that takes long', async () => {
    const answer = Promise.withResolvers<string>();
    const { steps, launcher } = serving(() => answer.promise);
    const launched = launcher.launch([]);
    await settled();
    mock.timers.tick(60_000);
    answer.resolve('late');
    assert.equal(await launched, 'late');
    assert.deepEqual(steps, [opened]);
  });

  it('asks another server once when the first went before it forked, for all that it was asked', async () => {
    const { steps, launcher } = serving(
      async () => '',
      async (args) => args.join(' '),
    );
    assert.deepEqual(await Promise.all([launcher.launch(['a']), launcher.launch(['b'])]), ['a', 'b']);
    assert.deepEqual(
      steps.filter((step) => step.startsWith('open')),
      [opened, opened],
    );
    assert.ok(!steps.some((step) => step === 'close 2'));
  });

  it('gives up when the second one went too', async () => {
    const { launcher } = serving(
      async () => '',
      async () => '',
    );
    assert.equal(await launcher.launch([]), '');
  });

  it('tells why no server could be opened, and tries again at the next launch', async () => {
    const { launcher } = serving(new Error('first'), new Error('second'), async () => 'third');
    launcher.prepare();
    await settled();
    await assert.rejects(launcher.launch([]), /second/);
    assert.equal(await launcher.launch([]), 'third');
  });

  it('lets go of a server that is only being opened', async () => {
    const { steps, launcher } = serving(async () => 'x');
    launcher.prepare();
    launcher[Symbol.dispose]();
    await settled();
    assert.deepEqual(steps, [opened, 'close 1']);
  });
});
