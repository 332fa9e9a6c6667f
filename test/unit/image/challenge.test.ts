import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseChallenges } from '../../../src/image/registry/challenge.ts';

const parsed = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('the header WWW-Authenticate', () => {
  it('is read as registries write it', () => {
    assert.deepEqual(parsed('Basic realm="Registry Realm"'), [['basic', { realm: 'Registry Realm' }]]);
    assert.deepEqual(
      parsed(
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      ),
      [
        [
          'bearer',
          { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' },
        ],
      ],
    );
    assert.deepEqual(parsed('bearer Realm=https://a/t , SERVICE = x'), [
      ['bearer', { realm: 'https://a/t', service: 'x' }],
    ]);
  });

  it('may hold several challenges, and one without parameters', () => {
    assert.deepEqual(parsed('Negotiate, Basic realm="a, b", Bearer realm="c\\"d",error="e"'), [
      ['negotiate', {}],
      ['basic', { realm: 'a, b' }],
      ['bearer', { realm: 'c"d', error: 'e' }],
    ]);
    assert.deepEqual(parsed('Basic'), [['basic', {}]]);
    assert.deepEqual(parsed(', Basic realm=x,, Digest qop=auth'), [
      ['basic', { realm: 'x' }],
      ['digest', { qop: 'auth' }],
    ]);
  });

  it('counts the first of a parameter that comes twice', () => {
    assert.deepEqual(parsed('Bearer realm="a",realm="b"'), [['bearer', { realm: 'a' }]]);
  });

  it('ends where it cannot be read, whatever it is', () => {
    assert.deepEqual(parsed(''), []);
    assert.deepEqual(parsed('Basic realm="open'), [['basic', {}]]);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aB=", \\;é\t') }), (header) => {
        for (const { scheme } of parseChallenges(header)) assert.match(scheme, /^[a-z]+$/);
      }),
    );
  });
});
