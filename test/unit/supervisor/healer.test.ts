import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NetworkChange, NetworkObservation } from '../../../src/network/contract.ts';
import { ChangeQueue } from '../../../src/supervisor/change-queue.ts';
import { Healer } from '../../../src/supervisor/healer.ts';
import type { Supervisor } from '../../../src/supervisor/supervisor.ts';

const untouched: NetworkObservation = { bridges: new Set(), endpoints: new Set(), firewallIntact: true };

/** A project without containers whose networks are looked at, and drift, when the test says so. */
class FakeProject {
  readonly changes = new ChangeQueue();
  readonly looks: PromiseWithResolvers<NetworkObservation>[] = [];
  #drifted = Promise.withResolvers<void>();

  /** A link goes, and whoever watches has heard of it afterwards. */
  async drift(): Promise<void> {
    this.#drifted.resolve();
    await turns();
  }

  asSupervisor(): Supervisor {
    const fake = this;
    const networks = {
      observe() {
        const look = Promise.withResolvers<NetworkObservation>();
        fake.looks.push(look);
        return look.promise;
      },
      async *watch(signal: AbortSignal): AsyncGenerator<NetworkChange> {
        while (!signal.aborted) {
          await fake.#drifted.promise;
          fake.#drifted = Promise.withResolvers();
          yield { kind: 'link-removed', name: 'veth' };
        }
      },
    };
    const database = {
      project: () => null,
      containers: () => [],
      networks: () => [],
      volumes: () => [],
    };
    const context = { projectName: 'shop', paths: {}, native: {}, hub: { onEvent: () => {} }, database, networks };
    return { context, changes: this.changes, emit: () => {} } as unknown as Supervisor;
  }
}

/** Lets everything happen that waits for nothing. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await nextTurn();
}

describe('the healer', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  /** Lets the time pass within which notifications of one cause arrive. */
  async function pass(): Promise<void> {
    mock.timers.tick(100);
    await turns();
  }

  it('looks once at what is told several times', async () => {
    const project = new FakeProject();
    const healer = new Healer(project.asSupervisor());
    healer.start();
    await project.drift();
    await project.drift();
    await pass();
    assert.equal(project.looks.length, 1);
    project.looks[0]?.resolve(untouched);
    await turns();
    await pass();
    assert.equal(project.looks.length, 1);
    healer.stop();
  });

  it('looks again at what drifts while it looks', async () => {
    const project = new FakeProject();
    const healer = new Healer(project.asSupervisor());
    healer.start();
    healer.look();
    await pass();
    assert.equal(project.looks.length, 1);
    // It has looked there already.
    await project.drift();
    project.looks[0]?.resolve(untouched);
    await turns();
    await pass();
    assert.equal(project.looks.length, 2);
    project.looks[1]?.resolve(untouched);
    await turns();
    await pass();
    assert.equal(project.looks.length, 2, 'once');
    healer.stop();
  });

  it('takes what a change does for no drift, and looks after it', async () => {
    const project = new FakeProject();
    const healer = new Healer(project.asSupervisor());
    healer.start();
    const change = Promise.withResolvers<void>();
    const changing = project.changes.run(() => change.promise, new AbortController().signal);
    await project.drift();
    await pass();
    assert.equal(project.looks.length, 0);
    change.resolve();
    await changing;
    healer.look();
    await pass();
    assert.equal(project.looks.length, 1);
    project.looks[0]?.resolve(untouched);
    await turns();
    await pass();
    assert.equal(project.looks.length, 1, 'what the change did is not looked at twice');
    healer.stop();
  });
});
