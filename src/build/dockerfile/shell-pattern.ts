/** `*`, `?` and `\x` as an expression; everything else stands for itself. */
export function shellPattern(
  pattern: string,
  { isGreedy, flags }: { readonly isGreedy: boolean; readonly flags: string },
): RegExp {
  let source = '';
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern[index]!;
    if (char === '*') source += isGreedy ? '.*' : '.*?';
    else if (char === '?') source += '.';
    else if (char === '\\' && index + 1 < pattern.length) source += quote(pattern[++index]!);
    else source += quote(char);
  }
  return new RegExp(source, flags);
}

function quote(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
}
