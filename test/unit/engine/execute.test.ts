import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Effects, errorData, execute } from '../../../src/engine/execute.ts';
import { PlanBuilder } from '../../../src/plan/plan.ts';

/**
 * Carries out one operation per entry of `after`, each after those that it names (from 1). None ends before `expected` run, nor
 * before whatever else may begin has. Answers how many ran at once at most.
 */
async function busiest(after: readonly (readonly number[])[], parallel: number | null, expected: number) {
  const builder = new PlanBuilder();
  for (const nodes of after) {
    const common = { kind: 'volume', resource: 'v', service: null, cause: 'test', changes: [], name: 'v' } as const;
    builder.add({ type: 'removeVolume', ...common }, nodes);
  }
  const plan = builder.build();
  let running = 0;
  let most = 0;
  let done = 0;
  const removeVolume = async () => {
    most = Math.max(most, ++running);
    while (most < expected) await nextTurn();
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    running--;
    done++;
    return undefined;
  };
  await execute(plan, { removeVolume } as Partial<Effects> as Effects, {
    signal: new AbortController().signal,
    emit: () => {},
    clock: () => new Date(0),
    parallel,
    describeError: (error) => errorData(error),
  });
  assert.equal(done, plan.nodes.length);
  return most;
}

describe('execute', () => {
  const independent = Array.from({ length: 9 }, () => []);

  it('does what is independent together', async () => {
    assert.equal(await busiest(independent, null, 9), 9);
  });

  it('does no more at once than --parallel says, and still everything', async () => {
    assert.equal(await busiest(independent, 3, 3), 3);
    assert.equal(await busiest(independent, 1, 1), 1);
    assert.equal(await busiest([[], [], [1, 2], [3], []], 1, 1), 1);
  });

  it('a failed step skips the rest of its group when that is how it is judged, and nothing else', async () => {
    const builder = new PlanBuilder();
    const add = (name: string, after: readonly number[], group: string | null) =>
      builder.add(
        { type: 'removeVolume', kind: 'volume', resource: name, service: null, cause: 'test', changes: [], name },
        after,
        group,
      );
    const first = add('fails', [], 'one');
    const second = add('skipped', [first], 'one');
    add('other', [second], 'two');
    const told: string[] = [];
    const carryOut = (judge: () => 'stop' | 'skip') =>
      execute(
        builder.build(),
        {
          removeVolume: async ({ name }) => {
            if (name === 'fails') throw new Error('no');
            return undefined;
          },
        },
        {
          signal: new AbortController().signal,
          emit: (event) => {
            if (event.type === 'step' && event.status !== 'started') told.push(`${event.resource} ${event.status}`);
          },
          clock: () => new Date(0),
          parallel: null,
          describeError: (error) => errorData(error),
          judge,
        },
      );
    await carryOut(() => 'skip');
    assert.deepEqual(told, ['fails failed', 'skipped skipped', 'other done']);
    told.length = 0;
    await assert.rejects(carryOut(() => 'stop'));
    assert.deepEqual(told, ['fails failed']);
  });
});
