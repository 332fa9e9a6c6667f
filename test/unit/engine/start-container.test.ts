import assert from 'node:assert/strict';
import type { EngineContext } from '../../../src/engine/context.ts';
import type { EffectInput } from '../../../src/engine/effect-input.ts';
import { startContainer } from '../../../src/engine/start-container.ts';
import type { ContainerRecord } from '../../../src/model/records.ts';
import { pathsUnder } from '../../../src/state/paths.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { container, service } from '../../support/plan.ts';

const { record } = container('web', 1, service());

/** A machine on which the ports of the container are taken, and what a start left cannot be taken away. */
function failing(destroyLeftovers: () => Promise<void>) {
  const released: string[] = [];
  const noted: ContainerRecord[] = [];
  const context = {
    paths: pathsUnder('/nowhere/lib', '/nowhere/run'),
    native: { processAlive: () => false, bootId: () => 'boot' },
    containers: { isNew: () => true, destroyLeftovers },
    database: { saveContainer: () => {}, noteContainer: (each: ContainerRecord) => noted.push(each) },
    reservePorts: () => Promise.reject(new ComposeError('PORT_TAKEN', 'host port 80/tcp is already in use')),
    releasePorts: async (id: string) => void released.push(id),
  } as unknown as EngineContext;
  const start = () => startContainer(context, record, {} as EffectInput, new AbortController().signal);
  return { start, released, noted };
}

describe('a start that fails', () => {
  it('leaves the container written down and without ports', async () => {
    const { start, released, noted } = failing(async () => {});
    await assert.rejects(start(), {
      code: 'PORT_TAKEN',
      message: 'cannot start container shop-web-1: host port 80/tcp is already in use',
    });
    assert.deepEqual(released, [record.id]);
    assert.deepEqual(noted, [record]);
  });

  it('says why, and then what could not be taken back', async () => {
    const { start, released, noted } = failing(() => Promise.reject(new Error('the cgroup is busy')));
    await assert.rejects(start(), (error: unknown) => {
      assert.ok(error instanceof AggregateError);
      assert.deepEqual(
        error.errors.map(({ message }: Error) => message),
        ['cannot start container shop-web-1: host port 80/tcp is already in use', 'the cgroup is busy'],
      );
      return true;
    });
    assert.deepEqual(released, [record.id]);
    assert.deepEqual(noted, [record]);
  });
});
