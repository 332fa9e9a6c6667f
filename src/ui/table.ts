/** Columns of text as Docker lays them out: at least `minWidth` wide, three blanks between, none after the last. */
export function formatTable(
  header: readonly string[] | null,
  rows: readonly (readonly string[])[],
  options: { readonly minWidth?: number } = {},
): string {
  const { minWidth = 10 } = options;
  const lines = header === null ? rows : [header, ...rows];
  const columns = Math.max(0, ...lines.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_value, column) =>
    Math.max(minWidth, ...lines.map((line) => textWidth(line[column] ?? '') + 3)),
  );
  return lines
    .map((line) => {
      const cells = line.map((cell, column) => (column === line.length - 1 ? cell : pad(cell, widths[column] ?? 0)));
      return `${cells.join('')}\n`;
    })
    .join('');
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

function textWidth(text: string): number {
  return [...text].length;
}
