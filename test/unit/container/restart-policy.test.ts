import assert from 'node:assert/strict';
import { restartPolicyOf } from '../../../src/container/bundle.ts';
import { service } from '../../support/plan.ts';

const policyOf = (restart_policy: object) =>
  restartPolicyOf(service({ deploy: { resources: {}, placement: {}, restart_policy } }));

describe('restart policy', () => {
  it('of deploy waits as it says between any two attempts, and counts anew after a run that lasted', () => {
    assert.deepEqual(policyOf({ condition: 'any', delay: '2s', max_attempts: 3, window: '1m' }), {
      ...{ policy: 'always', maxRetries: 3, delayMs: 2000, maxDelayMs: 2000, windowMs: 60_000 },
      resetsAttempts: true,
    });
    const usual = { maxRetries: 0, delayMs: 100, maxDelayMs: 60_000, windowMs: 10_000 };
    assert.deepEqual(policyOf({ condition: 'on-failure' }), { policy: 'on-failure', ...usual });
    assert.deepEqual(policyOf({ condition: 'none', delay: '0s' }), { policy: 'no', ...usual });
    assert.deepEqual(policyOf({}), { policy: 'always', ...usual });
  });

  it('of deploy comes before that of the service itself', () => {
    const own = service({ restart: 'on-failure:2' });
    const { policy, maxRetries } = restartPolicyOf(own);
    assert.deepEqual({ policy, maxRetries }, { policy: 'on-failure', maxRetries: 2 });
    const deploy = { resources: {}, placement: {}, restart_policy: { condition: 'none' } };
    assert.equal(restartPolicyOf({ ...own, deploy }).policy, 'no');
    assert.equal(restartPolicyOf(service()).policy, 'no');
  });
});
