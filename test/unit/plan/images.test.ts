import assert from 'node:assert/strict';
import { parsePullPolicy } from '../../../src/model/pull-policy.ts';
import { type ImageNeed, planPulls } from '../../../src/plan/images.ts';
import { formatPlan, inSequence } from '../../../src/plan/plan.ts';
import { ComposeError } from '../../../src/util/errors.ts';

const now = Date.parse('2026-01-10T00:00:00Z');
const need = (policy: string | undefined, found: ImageNeed['found'], rest: Partial<ImageNeed> = {}): ImageNeed => ({
  reference: 'redis',
  service: 'cache',
  platform: null,
  policy: parsePullPolicy(policy),
  isBuildable: false,
  found,
  ...rest,
});
const tagged = (taggedAt: string) => ({ isPinned: false, taggedAt });
const plan = (...needs: ImageNeed[]) => formatPlan(planPulls(needs, now));
const today = tagged('2026-01-09T12:00:00Z');

describe('plan of pulls', () => {
  it('a missing image is pulled, unless its policy is never or build', () => {
    assert.equal(plan(need(undefined, null)), '#1 image redis: pullImage, not on this machine');
    assert.equal(plan(need('if_not_present', null)), '#1 image redis: pullImage, not on this machine');
    assert.equal(plan(need('never', null), need('build', null)), '');
  });

  it('one that is here is pulled always, or when its name was looked up long enough ago', () => {
    assert.equal(plan(need('missing', today)), '');
    assert.equal(plan(need('always', today)), '#1 image redis: pullImage, pull_policy is always');
    assert.equal(plan(need('daily', today)), '');
    const stale = '#1 image redis: pullImage, last pulled too long ago for its pull_policy';
    assert.equal(plan(need('daily', tagged('2026-01-08T12:00:00Z'))), stale);
    assert.equal(plan(need('weekly', tagged('2026-01-08T12:00:00Z'))), '');
    assert.equal(plan(need('every_1h30m', today)), stale);
    assert.equal(plan(need('every_1w', today)), '');
    const refresh = (after?: string) => plan({ ...need('always', today), policy: parsePullPolicy('refresh', after) });
    assert.equal(refresh('1h'), stale);
    assert.equal(refresh('1d'), '');
    assert.throws(() => refresh(), /pull_policy is refresh, and pull_refresh_after is not given/);
    assert.throws(() => refresh('soon'), /pull_refresh_after "soon" is no duration/);
  });

  it('what a digest names never changes', () => {
    assert.equal(plan(need('always', { isPinned: true, taggedAt: null })), '');
  });

  it('an image that several services are made of is pulled once, for each platform', () => {
    const needs = [need('always', null), need('missing', null), need('missing', null, { platform: 'linux/arm64' })];
    assert.deepEqual(
      planPulls(needs, now).nodes.map(({ id }) => id),
      [1, 2],
    );
  });

  it('a pull may fail where everybody who wants the image can build it', () => {
    const isOptional = (...needs: ImageNeed[]) =>
      planPulls(needs, now).nodes.map(({ operation }) => operation.type === 'pullImage' && operation.isOptional);
    assert.deepEqual(isOptional(need('missing', null, { isBuildable: true })), [true]);
    assert.deepEqual(isOptional(need('missing', null, { isBuildable: true }), need('missing', null)), [false]);
  });

  it('comes before everything else when both are shown', () => {
    const pulls = planPulls([need('missing', null)], now);
    const after = inSequence(pulls, planPulls([need('always', null, { reference: 'nginx' })], now));
    assert.equal(
      formatPlan(after),
      '#1 image redis: pullImage, not on this machine\n#2 image nginx: pullImage, not on this machine [1]',
    );
  });

  it('refuses policies that are none', () => {
    for (const policy of ['sometimes', 'every_', 'every_0s', 'every_-1h', 'Always']) {
      assert.throws(() => parsePullPolicy(policy), ComposeError, policy);
    }
  });
});
