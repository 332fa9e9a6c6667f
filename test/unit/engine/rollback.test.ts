import assert from 'node:assert/strict';
import { withRollbackConfig } from '../../../src/engine/update-failures.ts';
import { service } from '../../support/plan.ts';

const deploy = { resources: {}, placement: {} };

describe('rolling back', () => {
  const before = service({ environment: { A: '1' } });

  it('the specification before comes back as rollback_config says', () => {
    const rollback_config = { order: 'stop-first', parallelism: 2, delay: '1s', monitor: '2s', max_failure_ratio: 0.5 };
    const now = service({ deploy: { ...deploy, update_config: { order: 'start-first' }, rollback_config } });
    const back = withRollbackConfig(before, now);
    assert.deepEqual(back.environment, { A: '1' });
    assert.deepEqual(back.deploy?.update_config, { ...rollback_config, failure_action: 'pause' });
    const going = { ...rollback_config, failure_action: 'continue' };
    const other = withRollbackConfig(before, service({ deploy: { ...deploy, rollback_config: going } }));
    assert.equal(other.deploy?.update_config?.failure_action, 'continue');
  });

  it('without it as the update went, and a rollback is not rolled back', () => {
    const update_config = { order: 'start-first', failure_action: 'rollback' };
    const back = withRollbackConfig(before, service({ deploy: { ...deploy, update_config } }));
    assert.deepEqual(back.deploy?.update_config, { order: 'start-first', failure_action: 'pause' });
    assert.equal(withRollbackConfig(before, service()), before);
  });
});
