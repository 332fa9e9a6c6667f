import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HubEvent } from '../../../src/engine/hub.ts';
import type { NetworkChange, NetworkObservation } from '../../../src/network/contract.ts';
import { ChangeQueue } from '../../../src/supervisor/change-queue.ts';
import { Healer } from '../../../src/supervisor/healer.ts';
import type { Supervisor } from '../../../src/supervisor/supervisor.ts';

const untouched: NetworkObservation = { bridges: new Set(), endpoints: new Set(), firewall: 'intact' };

/** A project without containers whose networks are looked at, and drift, when the test says so. */
class FakeProject {
  readonly changes = new ChangeQueue();
  readonly looks: PromiseWithResolvers<NetworkObservation>[] = [];
  /** Tells the healer what a monitor said. */
  tell: (event: HubEvent) => void = () => assert.fail('nobody listens');
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
      container: () => null,
      containers: () => [],
      networks: () => [],
      volumes: () => [],
    };
    const hub = {
      onEvent: (listener: (event: HubEvent) => void) => {
        fake.tell = listener;
      },
    };
    const releasePorts = () => Promise.reject(new Error('the records cannot be read'));
    const worldChanged = () => {};
    const context = { projectName: 'shop', paths: {}, native: {}, hub, database, networks, releasePorts, worldChanged };
    return { context, changes: this.changes, emit: () => {}, touch: () => {} } as unknown as Supervisor;
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

  it('looks after a container that has gone, also when its ports cannot be released', async () => {
    const project = new FakeProject();
    const healer = new Healer(project.asSupervisor());
    healer.start();
    const told = mock.method(console, 'error', () => {});
    project.tell({ containerId: 'c1', event: { event: 'gone', exitCode: 0 } });
    await pass();
    told.mock.restore();
    assert.match(String(told.mock.calls[0]?.arguments[0]), /cannot release the ports of container c1/);
    assert.equal(project.looks.length, 1);
    project.looks[0]?.resolve(untouched);
    await turns();
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
