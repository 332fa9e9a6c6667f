// Mocha's spec output, and the results as one JSON file for scripts/lanes.ts (TSCOMPOSE_TEST_RESULT).
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const result = { passed: [], failures: [], skipped: [], unable: [] };
    runner.on(EVENT_TEST_PASS, (test) => result.passed.push(test.fullTitle()));
    // A failing hook arrives here too: it is a failure of its own.
    runner.on(EVENT_TEST_FAIL, (test) => result.failures.push(test.fullTitle()));
    runner.on(EVENT_TEST_PENDING, (test) => {
      // Left by requireKernel (requirements.ts).
      if (test.kernelLacks) result.unable.push({ title: test.fullTitle(), lacks: test.kernelLacks });
      else result.skipped.push(test.fullTitle());
    });
    runner.once(EVENT_RUN_END, () => {
      const path = process.env.TSCOMPOSE_TEST_RESULT;
      if (path) writeFileSync(path, JSON.stringify(result));
    });
  }
}
