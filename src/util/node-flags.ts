/**
 * With what our programs start Node, as bin/tscompose and addon/launcher do.
 *
 * - One thread collects garbage: that others help costs more than they take over while both processors are busy, a tenth of
 *   the processor time of an `up` of 30 services.
 * - The young generation begins with what a command needs, and is not copied three times on the way there.
 */
export const nodeFlags: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  '--single-threaded-gc',
  '--min-semi-space-size=4',
];
