import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** What differs from run to run, and what stands in the file for it. */
export type Mask = readonly [pattern: RegExp | string, replacement: string];

/**
 * Compares a whole screen with the one that was kept: a text file, rows without blanks at their ends, to be looked at by a
 * person. `path` is relative to the repository's test/. TSCOMPOSE_SCREENS_RECORD=1 keeps what is shown now.
 */
export function assertScreen(path: string, screen: readonly string[], masks: readonly Mask[] = []): void {
  const file = resolve(import.meta.dirname, '..', path);
  const rows = screen.map((row) => masks.reduce((text, [from, to]) => text.replaceAll(from, to), row).trimEnd());
  const shown = `${rows.join('\n').trimEnd()}\n`;
  if (process.env.TSCOMPOSE_SCREENS_RECORD === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, shown);
    return;
  }
  const kept = readFileSync(file, 'utf8');
  assert.equal(shown, kept, `the screen is not that of ${path}; it is now:\n${shown}`);
}
