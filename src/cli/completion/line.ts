/** The words of a line that is being typed in a shell; the last one may be unfinished, or empty. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? '';
    if (quote !== "'" && letter === '\\') {
      word = (word ?? '') + (line[++at] ?? '');
    } else if (letter === quote) {
      quote = '';
    } else if (quote !== '') {
      word = (word ?? '') + letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (/\s/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + letter;
    }
  }
  return [...words, word ?? ''];
}
