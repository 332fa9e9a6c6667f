import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Instruction, InstructionOf } from '../../../src/build/dockerfile/instruction.ts';
import { parseDockerfile, parseTrigger } from '../../../src/build/dockerfile/parse.ts';
import { SourceError } from '../../../src/util/diagnostic.ts';
import { complaints, parse, source } from './support.ts';

function only<K extends Instruction['kind']>(kind: K, text: string): InstructionOf<K> {
  const found = parse(`FROM scratch\n${text}`).instructions.find((each) => each.kind === kind);
  assert.ok(found);
  return found as InstructionOf<K>;
}

const texts = (list: readonly { readonly value: string }[]) => list.map(({ value }) => value);

describe('Dockerfile: lines', () => {
  it('a continuation joins lines; comments and empty lines within do not end it', () => {
    const { command } = only('run', 'RUN one \\\n  # a comment\n\n  two \\\n  three\nENV A=1');
    assert.deepEqual(command, { form: 'shell', line: 'one   two   three' });
  });

  it('blanks behind the continuation character do not count', () => {
    assert.deepEqual(only('run', 'RUN a \\  \n b').command, { form: 'shell', line: 'a  b' });
  });

  it('a doubled continuation character is none', () => {
    const { instructions } = parse('FROM scratch\nRUN echo a \\\\\nENV A=1');
    assert.deepEqual(
      instructions.map(({ kind }) => kind),
      ['from', 'run', 'env'],
    );
  });

  it('the escape directive makes the backtick continue lines, and backslashes are themselves', () => {
    const { instructions, directives } = parse('# escape=`\nFROM scratch\nCOPY a `\n  C:\\x\\');
    assert.equal(directives.escapeChar, '`');
    const copy = instructions[1] as InstructionOf<'copy'>;
    assert.deepEqual([texts(copy.sources), copy.destination.value], [['a'], 'C:\\x\\']);
  });

  it('directives stand only at the top', () => {
    assert.equal(parse('# a comment\n# escape=`\nFROM scratch').directives.escapeChar, '\\');
    assert.equal(parse('#syntax=docker/dockerfile:1\n# Escape = `\nFROM scratch').directives.escapeChar, '`');
    assert.equal(
      parse('# syntax=docker/dockerfile:1.7-labs\nFROM scratch').directives.syntax,
      'docker/dockerfile:1.7-labs',
    );
    assert.equal(parse('# check=skip=all\nFROM scratch').directives.check, 'skip=all');
  });

  it('a directive that is unknown is a comment and ends nothing', () => {
    assert.equal(parse('# whatever=1\n# escape=`\nFROM scratch').directives.escapeChar, '`');
  });

  it('byte order mark and carriage returns are nothing', () => {
    const { files } = only('copy', 'COPY <<EOF /x\r\na\r\nEOF\r\n');
    assert.equal(files[0]?.content, 'a\r\n');
    assert.equal(only('run', 'RUN <<EOF\r\na\r\nEOF\r\n').heredocs[0]?.content, 'a\n');
    const { instructions } = parse('\uFEFFFROM scratch\r\nRUN a \\\r\n b\r\n');
    assert.equal(instructions.length, 2);
    assert.deepEqual((instructions[1] as InstructionOf<'run'>).command, { form: 'shell', line: 'a  b' });
  });

  it('instructions are read whatever their case', () => {
    assert.deepEqual(
      parse('from scratch\nEnV A=1').instructions.map(({ kind }) => kind),
      ['from', 'env'],
    );
  });
});

describe('Dockerfile: here-documents', () => {
  it('RUN has their content', () => {
    const { heredocs, command } = only('run', 'RUN <<EOF\necho a\n  echo $b\nEOF');
    assert.equal(command.form === 'shell' && command.line, '<<EOF');
    assert.equal(heredocs[0]?.content, 'echo a\n  echo $b\n');
  });

  it('<<- takes leading tabs away, and from the end too', () => {
    assert.equal(only('run', 'RUN <<-EOF\n\t\techo a\n\tEOF').heredocs[0]?.content, 'echo a\n');
  });

  it('quotes around the name forbid expansion', () => {
    const { files } = only('copy', 'COPY <<"A" <<B /x/\n$a\nA\n$b\nB');
    assert.deepEqual(
      files.map(({ name, content, isExpanded }) => ({ name, content, isExpanded })),
      [
        { name: 'A', content: '$a\n', isExpanded: false },
        { name: 'B', content: '$b\n', isExpanded: true },
      ],
    );
  });

  it('a shift in shell code is none', () => {
    assert.deepEqual(only('run', 'RUN echo $((1 << 2))').heredocs, []);
    assert.deepEqual(only('run', 'RUN ["sh", "-c", "cat <<EOF"]').heredocs, []);
    assert.deepEqual(only('run', 'RUN cat <<<word').heredocs, []);
  });

  it('one without an end is told where it begins', () => {
    assert.deepEqual(
      complaints(() => parse('FROM scratch\nRUN x <<END\na\n')),
      ['2:7 the here-document END has no end'],
    );
  });
});

describe('Dockerfile: instructions', () => {
  it('FROM', () => {
    const { image, platform, name } = parseFrom('FROM --platform=$X a:1 AS Build');
    assert.deepEqual([image.value, platform?.value, name], ['a:1', '$X', 'build']);
  });

  it('commands in exec form and in shell form', () => {
    assert.deepEqual(only('cmd', 'CMD ["a", "b c"]').command, { form: 'exec', args: ['a', 'b c'] });
    assert.deepEqual(only('cmd', 'CMD [a, b]').command, { form: 'shell', line: '[a, b]' });
    assert.deepEqual(only('entrypoint', "ENTRYPOINT ['a']").command, { form: 'shell', line: "['a']" });
    assert.deepEqual(only('cmd', 'CMD []').command, { form: 'exec', args: [] });
  });

  it('an array of other things than strings is a mistake', () => {
    assert.deepEqual(
      complaints(() => parse('FROM scratch\nCMD ["a", 1]')),
      ['2:5 an array here holds strings only'],
    );
  });

  it('ENV in its two forms', () => {
    const pairs = (text: string) => only('env', text).pairs.map(({ name, value }) => [name.value, value.value]);
    assert.deepEqual(pairs('ENV A=1 B="x y" C=a\\ b'), [
      ['A', '1'],
      ['B', '"x y"'],
      ['C', 'a\\ b'],
    ]);
    assert.deepEqual(pairs('ENV A  all of  it = this'), [['A', 'all of  it = this']]);
  });

  it('ARG with several, with and without default', () => {
    assert.deepEqual(
      only('arg', 'ARG A B=2 C="x y"').args.map(({ name, value }) => [name, value?.value ?? null]),
      [
        ['A', null],
        ['B', '2'],
        ['C', '"x y"'],
      ],
    );
  });

  it('COPY in both forms, with all its flags', () => {
    const copy = only(
      'copy',
      'COPY --from=b --chown=1:2 --chmod=u+x --link --parents --exclude=*.o --exclude=x ["a b", "/c"]',
    );
    const { flags } = copy;
    assert.deepEqual([texts(copy.sources), copy.destination.value], [['a b'], '/c']);
    assert.deepEqual(
      [
        flags.from?.value,
        flags.chown?.value,
        flags.chmod?.value,
        flags.isLinked,
        flags.hasParents,
        texts(flags.excludes),
      ],
      ['b', '1:2', 'u+x', true, true, ['*.o', 'x']],
    );
    assert.equal(only('copy', 'COPY --link=false a b').flags.isLinked, false);
  });

  it('RUN with mounts', () => {
    const { mounts, network, security } = only(
      'run',
      'RUN --mount=type=cache,target=/c,sharing=locked,mode=0700,uid=5 --mount=from=b,src=/x,dst=/y,rw --network=none --security=insecure make',
    );
    assert.deepEqual([network, security], ['none', 'insecure']);
    assert.deepEqual(
      mounts.map(({ type, target, source: from, sharing, mode, uid, isReadOnly }) => ({
        type,
        target,
        from,
        sharing,
        mode,
        uid,
        isReadOnly,
      })),
      [
        { type: 'cache', target: '/c', from: null, sharing: 'locked', mode: 0o700, uid: 5, isReadOnly: null },
        { type: 'bind', target: '/y', from: '/x', sharing: 'shared', mode: null, uid: null, isReadOnly: false },
      ],
    );
  });

  it('HEALTHCHECK', () => {
    const check = only(
      'healthcheck',
      'HEALTHCHECK --interval=5s --timeout=1m --start-period=2s --start-interval=1s --retries=4 CMD curl x',
    );
    assert.deepEqual(
      [check.intervalNs, check.timeoutNs, check.startPeriodNs, check.startIntervalNs, check.retries],
      [5_000_000_000n, 60_000_000_000n, 2_000_000_000n, 1_000_000_000n, 4],
    );
    assert.deepEqual(check.command, { form: 'shell', line: 'curl x' });
    assert.equal(only('healthcheck', 'HEALTHCHECK none').command, null);
  });

  it('ONBUILD keeps its instruction as it is written', () => {
    assert.equal(only('onbuild', 'ONBUILD COPY . /app').trigger, 'COPY . /app');
    assert.equal(only('onbuild', 'ONBUILD RUN <<E\nx\nE').trigger, 'RUN <<E\nx\nE');
    assert.equal(parseTrigger('RUN <<E\nx\nE', 'base').kind, 'run');
  });
});

describe('Dockerfile: mistakes', () => {
  it('all of them are told, each with its place', () => {
    const text = `FROM a
RUUN x
COPY --chwn=1 a b
HEALTHCHECK CMDD x
RUN --mount=type=cach,target=/x y
ENV a
FROM b AS 1x
EXPOSE`;
    assert.deepEqual(
      complaints(() => parse(text)),
      [
        '2:1 unknown instruction RUUN',
        '3:6 COPY has no flag --chwn',
        '4:13 HEALTHCHECK does not know "CMDD"',
        '5:5 --mount: there is no type "cach"',
        '6:5 a has no value',
        '7:11 "1x" cannot be the name of a stage',
        '8:1 EXPOSE needs arguments',
      ],
    );
  });

  it('a place in a continuation line is that line', () => {
    assert.deepEqual(
      complaints(() => parse('FROM a\nENV A=1 \\\n  B')),
      ['3:3 B has no ='],
    );
  });

  it('the text has the line, a caret and what may be meant', () => {
    assert.throws(
      () => parse('FROM a\n  RNU x'),
      (error: Error) => {
        assert.equal(
          error.message,
          'Dockerfile:2:3: unknown instruction RNU\n  2 |   RNU x\n    |   ^^^\n  did you mean RUN?',
        );
        return true;
      },
    );
  });

  const wrong: readonly (readonly [text: string, complaint: string])[] = [
    ['', '1:1 there is no stage in this file'],
    ['RUN x\nFROM a', '1:1 no stage has begun: RUN stands before the first FROM'],
    ['FROM a b', '1:8 FROM takes one argument or three'],
    ['FROM a AS x\nFROM b AS x', '2:1 there is a stage x already'],
    ['FROM a\nONBUILD FROM b', '2:9 FROM cannot be a trigger of ONBUILD'],
    ['FROM a\nONBUILD ONBUILD RUN x', '2:9 ONBUILD cannot be a trigger of ONBUILD'],
    ['FROM a\nSHELL /bin/sh', '2:7 SHELL takes a JSON array'],
    ['FROM a\nUSER a b', '2:8 exactly one argument is expected'],
    ['FROM a\nCOPY a', '2:6 at least one source and a destination are expected'],
    ['FROM a\nRUN --network=hst x', '2:5 there is no --network=hst'],
    ['FROM a\nRUN --mount=type=cache x', '2:5 --mount: a mount of type cache needs a target'],
    [
      'FROM a\nRUN --mount=type=tmpfs,target=/x,sharing=shared y',
      '2:5 --mount: a mount of type tmpfs has no "sharing"',
    ],
    ['FROM a\nRUN --mount=type=secret x', '2:5 --mount: a secret needs an id'],
    ['FROM a\nCOPY --from a b', '2:6 --from needs a value'],
    ['FROM a\nCOPY --link=yep a b', '2:6 --link is true or false, and not "yep"'],
    ['# escape=x\nFROM a', '1:1 invalid escape character "x"'],
    ['# escape=`\n# escape=`\nFROM a', '2:1 the parser directive escape is given twice'],
    ['FROM a\nENV A="x', `2:5 a " is not closed`],
    ['FROM a\nHEALTHCHECK --interval=5 CMD x', '2:13 --interval: "5" is not a duration'],
  ];
  for (const [text, complaint] of wrong) {
    it(complaint, () =>
      assert.deepEqual(
        complaints(() => parse(text)),
        [complaint],
      ),
    );
  }

  it('whatever the text, it is read or refused', () => {
    const words = [
      'FROM',
      'a',
      'RUN',
      '<<E',
      'E',
      '\\',
      '\n',
      '"',
      "'",
      '$',
      '{',
      '}',
      '--mount=',
      '[',
      ']',
      '#',
      '=',
      '`',
      ' ',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 30 }), (parts) => {
        try {
          parseDockerfile(source(parts.join('')));
        } catch (error) {
          assert.ok(error instanceof SourceError, String(error));
        }
      }),
    );
  });
});

function parseFrom(text: string): InstructionOf<'from'> {
  const [from] = parse(text).instructions;
  assert.equal(from?.kind, 'from');
  return from as InstructionOf<'from'>;
}
