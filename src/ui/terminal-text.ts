/** What programs print, made fit to stand above a view of ours: colours stay, whatever else moves the cursor goes. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const special = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;
const sequence =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  /\x1b\[[0-9;:]*m|\x1b\[[0-?]*[ -/]*[@-~]?|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-Z\\^-~]?|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const reset = '\x1b[0m';

/**
 * One line without control sequences but those of colours, which end with it. Of what was overwritten with carriage returns,
 * as progress bars do, the last is left.
 */
export function printableLine(line: string): string {
  if (!special.test(line)) return line;
  let isOpen = false;
  const shown = lastOverwrite(line).replace(sequence, (found) => {
    if (!setsColors(found)) return '';
    isOpen = !/^0*$/.test(found.slice(2, -1));
    return found;
  });
  return isOpen ? shown + reset : shown;
}

function setsColors(sequence: string): boolean {
  return /^\[[0-9;:]*m$/.test(sequence.slice(1));
}

/** Colours that were set before the carriage return go on after it. */
function lastOverwrite(line: string): string {
  const trimmed = line.replace(/\r+$/, '');
  const start = trimmed.lastIndexOf('\r') + 1;
  if (start === 0) return trimmed;
  const before = trimmed.slice(0, start).match(sequence) ?? [];
  return before.filter((found) => setsColors(found)).join('') + trimmed.slice(start);
}
