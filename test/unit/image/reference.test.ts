import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatReference, parseReference, withDefaultTag } from '../../../src/image/reference.ts';
import { isLoopback } from '../../../src/image/registry/endpoint.ts';
import { ComposeError } from '../../../src/util/errors.ts';

const digest = `sha256:${'0a'.repeat(32)}`;
const whole = (text: string) => formatReference(withDefaultTag(parseReference(text)));

describe('references of images', () => {
  it('are completed as Docker does', () => {
    assert.equal(whole('redis'), 'docker.io/library/redis:latest');
    assert.equal(whole('redis:7'), 'docker.io/library/redis:7');
    assert.equal(whole('me/redis'), 'docker.io/me/redis:latest');
    assert.equal(whole('index.docker.io/redis'), 'docker.io/library/redis:latest');
    assert.equal(whole('localhost/redis'), 'localhost/redis:latest');
    assert.equal(whole('localhost:5000/a/b:1.0'), 'localhost:5000/a/b:1.0');
    assert.equal(whole('example.org/a__b/c--d.e_f'), 'example.org/a__b/c--d.e_f:latest');
    assert.equal(whole('[::1]:5000/x'), '[::1]:5000/x:latest');
    assert.equal(whole(`redis@${digest}`), `docker.io/library/redis@${digest}`);
    assert.equal(whole(`redis:7@${digest}`), `docker.io/library/redis:7@${digest}`);
  });

  it('are refused with the part that is wrong', () => {
    const refused: readonly (readonly [text: string, reason: RegExp])[] = [
      ['', /"" cannot be a name/],
      ['Redis', /"library\/Redis" must be in lower case/],
      ['a b', /cannot be a name/],
      ['a:', /"" cannot be a tag/],
      [`a:${'t'.repeat(129)}`, /cannot be a tag/],
      ['a@sha256:12', /"sha256:12" is no digest/],
      ['a..b', /cannot be a name/],
      ['a/../b', /cannot be a name/],
      ['-x.org/a', /"-x.org" cannot be a registry/],
      ['example.org/', /"" cannot be a name/],
      ['https://example.org/a', /"https:" cannot be a registry/],
      ['ab'.repeat(32), /looks like the id of an image/],
      ['a/'.repeat(5000), /longer than/],
    ];
    for (const [text, reason] of refused) {
      assert.throws(
        () => parseReference(text),
        (error) => error instanceof ComposeError && error.code === 'INVALID' && reason.test(error.message),
        text,
      );
    }
  });

  const part = fc.stringMatching(/^[a-z0-9]{1,5}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/);
  const reference = fc
    .record({
      domain: fc.oneof(
        fc.constantFrom('docker.io', 'localhost', 'localhost:5000', '[::1]:80', '127.0.0.1:5000'),
        fc.stringMatching(/^[a-z0-9]{1,5}(?:\.[a-z0-9]{1,5}){1,2}(?::[0-9]{1,5})?$/),
      ),
      path: fc.array(part, { minLength: 2, maxLength: 4 }),
      tag: fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/)),
      digest: fc.option(fc.constant(digest)),
    })
    .map(({ path, ...rest }) => ({ ...rest, repository: path.join('/') }));

  it('come back as they were written', () => {
    fc.assert(fc.property(reference, (each) => assert.deepEqual(parseReference(formatReference(each)), each)));
  });

  it('parse to the same again, or are refused with our error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ0.:/@-_ é$[]') }), (text) => {
        let parsed: ReturnType<typeof parseReference>;
        try {
          parsed = parseReference(text);
        } catch (error) {
          assert.ok(error instanceof ComposeError && error.code === 'INVALID');
          return;
        }
        assert.deepEqual(parseReference(formatReference(parsed)), parsed);
      }),
    );
  });
});

describe('plain HTTP', () => {
  it('is for this machine only', () => {
    for (const domain of ['localhost', 'localhost:5000', '127.0.0.1', '127.9.9.9:80', '[::1]:5000', '[::1]']) {
      assert.ok(isLoopback(domain), domain);
    }
    for (const domain of ['127.0.0.1.example.org', 'localhost.example.org', '10.0.0.1:5000', '[::2]:80', 'docker.io']) {
      assert.ok(!isLoopback(domain), domain);
    }
  });
});
