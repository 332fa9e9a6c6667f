import assert from 'node:assert/strict';
import { LineAssembler, normalizeTime, parseLogLine } from '../../../src/logs/record.ts';
import { parseLogTime } from '../../../src/logs/time.ts';

describe('a line of the log', () => {
  it('gives text without its newline, stream and time with nine digits', () => {
    const line = '{"log":"a \\"b\\"\\n","stream":"stderr","time":"2026-01-02T03:04:05.5Z"}';
    assert.deepEqual(parseLogLine(line), {
      time: '2026-01-02T03:04:05.500000000Z',
      stream: 'stderr',
      text: 'a "b"',
      isPartial: false,
    });
  });

  it('is nothing when it was torn', () => {
    for (const torn of ['', '{"log":"a', 'null', '{"log":1,"time":"x"}', '\0\0\0']) {
      assert.equal(parseLogLine(torn), undefined);
    }
  });

  it('keeps the order of times as texts', () => {
    const times = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.1Z', '2026-01-01T00:00:00.12Z', '2026-01-01T00:00:01Z'];
    const normalized = times.map(normalizeTime);
    assert.deepEqual([...normalized].sort(), normalized);
  });

  it('is put together from parts, each stream by itself', () => {
    const assembler = new LineAssembler();
    const part = (stream: 'stdout' | 'stderr', text: string, isPartial: boolean, time: string) =>
      assembler.push({ stream, text, isPartial, time });
    assert.equal(part('stdout', 'aa', true, '1'), undefined);
    assert.deepEqual(part('stderr', 'e', false, '2'), { stream: 'stderr', text: 'e', time: '2' });
    assert.deepEqual(part('stdout', 'bb', false, '3'), { stream: 'stdout', text: 'aabb', time: '1' });
    part('stdout', 'no newline', true, '4');
    assert.deepEqual(assembler.flush(), [{ stream: 'stdout', text: 'no newline', time: '4' }]);
    assert.deepEqual(assembler.flush(), []);
  });
});

describe('--since and --until', () => {
  const now = new Date('2026-05-06T12:00:00Z');
  const cases: readonly (readonly [string, string])[] = [
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000000000Z'],
    ['2026-01-31T12:00:00.25+02:00', '2026-01-31T10:00:00.250000000Z'],
    ['1767225600.5', '2026-01-01T00:00:00.500000000Z'],
    ['42m', '2026-05-06T11:18:00.000000000Z'],
    ['1h30m', '2026-05-06T10:30:00.000000000Z'],
  ];
  for (const [text, expected] of cases) {
    it(`${text} is ${expected}`, () => assert.equal(parseLogTime('--since', text, now), expected));
  }

  it('refuses what is no time', () => {
    for (const text of ['', 'yesterday', '2026-13-01', '42x']) {
      assert.throws(() => parseLogTime('--since', text, now), { code: 'USAGE' });
    }
  });
});
