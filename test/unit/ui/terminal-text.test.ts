import assert from 'node:assert/strict';
import { printableLine } from '../../../src/ui/terminal-text.ts';

describe('a line of a program above a view', () => {
  const cases: readonly [title: string, line: string, shown: string][] = [
    ['stays as it is', 'plain 漢字 ✅ é\ttab', 'plain 漢字 ✅ é\ttab'],
    ['keeps its colours, and closes them', '\x1b[31mred', '\x1b[31mred\x1b[0m'],
    ['closes none that are closed', '\x1b[1;38;5;208mx\x1b[0m y', '\x1b[1;38;5;208mx\x1b[0m y'],
    ['moves no cursor', 'a\x1b[2J\x1b[5;5Hb\x1b[?25lc\x1b7d\x1bMe', 'abcde'],
    ['sets no title and asks for nothing', '\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1bP$q\x1b\\c', 'abc'],
    ['rings no bell and steps not back', 'a\x07\x08b\x7f\x9b31mc', 'ab31mc'],
    ['shows what was written last over itself', ' 10%\r 50%\r100%\r', '100%'],
    ['in the colour that was set before', '\x1b[32m10%\r20%', '\x1b[32m20%\x1b[0m'],
    ['leaves out what was cut off', 'a\x1b[3', 'a'],
    ['leaves out a character set', '\x1b(0lqk\x1b(B', 'lqk'],
  ];
  for (const [title, line, shown] of cases) it(title, () => assert.equal(printableLine(line), shown));
});
