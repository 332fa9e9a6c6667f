/**
 * Takes back what was half done when `error` came: every step, in order, whatever becomes of the others. Answers what to throw:
 * the error, at the head of what could not be taken back if there is any.
 */
export async function undone(error: unknown, steps: readonly (() => Promise<void> | void)[]): Promise<unknown> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length === 0) return error;
  return new AggregateError([error, ...failures], error instanceof Error ? error.message : String(error));
}
