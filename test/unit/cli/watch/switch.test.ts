import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WatchSwitch } from '../../../../src/cli/watch/switch.ts';
import type { WatchEvent } from '../../../../src/model/watch.ts';

describe('the switch of a watch', () => {
  it('turns it on and off, and waits for its end', async () => {
    const ends: unknown[] = [];
    let isOver = false;
    const watch = async (signal: AbortSignal) => {
      await once(signal, 'abort');
      await Promise.resolve();
      isOver = true;
    };
    const own = new WatchSwitch({ watch, tell() {}, ended: (error) => ends.push(error) });
    assert.equal(own.isOn, false);
    own.toggle();
    assert.equal(own.isOn, true);
    await own.stop();
    assert.deepEqual([isOver, own.isOn, ends], [true, false, [null]]);
    await own.stop();
  });

  it('knows when containers end because of it', () => {
    let tell: (event: WatchEvent) => void = () => {};
    const own = new WatchSwitch({
      watch: (_signal, given) => {
        tell = given;
        return Promise.withResolvers<void>().promise;
      },
      tell() {},
      ended() {},
    });
    own.toggle();
    const seen = (event: WatchEvent) => {
      tell(event);
      return own.isWorking;
    };
    const services = ['web'];
    assert.equal(seen({ type: 'restarting', services }), true);
    assert.equal(seen({ type: 'failed', doing: 'sync', services, error: null }), true);
    assert.equal(seen({ type: 'restarted', services }), false);
    assert.equal(seen({ type: 'rebuilding', services }), true);
    assert.equal(seen({ type: 'failed', doing: 'rebuild', services, error: null }), false);
  });

  it('says why it is over', async () => {
    const ends: unknown[] = [];
    const failure = new Error('no');
    const own = new WatchSwitch({
      watch: () => Promise.reject(failure),
      tell() {},
      ended: (error) => ends.push(error),
    });
    own.toggle();
    await own.stop();
    assert.deepEqual(ends, [failure]);
  });
});
