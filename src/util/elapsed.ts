/** Milliseconds of a clock that never jumps (CLOCK_MONOTONIC). `performance` would load a millisecond of modules. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
