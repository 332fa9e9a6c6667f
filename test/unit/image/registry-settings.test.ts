import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorWords } from '../../../src/image/registry/errors.ts';
import { retryAfterMs } from '../../../src/image/registry/patience.ts';
import { readRegistrySettings, registrySettingsPaths } from '../../../src/image/registry/settings.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('settings of registries', () => {
  const directory = temporaryDirectory('tscompose-registries-');

  function settingsOf(...contents: readonly unknown[]) {
    const paths = contents.map((content, index) => {
      const path = join(directory, `${index}.json`);
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    });
    return readRegistrySettings(paths);
  }

  it('name registries without TLS by name, port and range of addresses', () => {
    const { isInsecure } = settingsOf({ insecure: ['plain.example', 'box:5000', '10.0.0.0/8', 'fd00::/8'] });
    const insecure = ['plain.example', 'plain.example:80', 'box:5000', '10.1.2.3', '10.1.2.3:5000', '[fd00::1]:5000'];
    for (const domain of insecure) assert.ok(isInsecure(domain), domain);
    const secure = ['box', 'box:5001', 'example', 'x.plain.example', '11.0.0.1', '[fe00::1]', '10.0.0.0.example'];
    for (const domain of secure) assert.ok(!isInsecure(domain), domain);
  });

  it("are the user's before the machine's, and none where there is no file", () => {
    const { mirrors, isInsecure } = settingsOf(
      { mirrors: { 'docker.io': ['https://mine.example/prefix'] } },
      { mirrors: { 'docker.io': ['https://theirs.example'], 'a.example': ['http://b.example'] }, insecure: ['c'] },
    );
    assert.deepEqual(mirrors('docker.io').map(String), ['https://mine.example/prefix']);
    assert.deepEqual(mirrors('a.example').map(String), ['http://b.example/']);
    assert.deepEqual(mirrors('d.example'), []);
    assert.ok(isInsecure('c'));
    assert.ok(!readRegistrySettings([join(directory, 'missing.json')]).isInsecure('c'));
    assert.deepEqual(registrySettingsPaths({ HOME: '/home/me' }), [
      '/home/me/.config/tscompose/registries.json',
      '/etc/tscompose/registries.json',
    ]);
    assert.deepEqual(registrySettingsPaths({ HOME: '/x', TSCOMPOSE_REGISTRIES: '/given' }), ['/given']);
  });

  it('are refused with the part that is wrong', () => {
    const refused: readonly (readonly [unknown, RegExp])[] = [
      ['{', /it is not JSON/],
      [[], /it is no object/],
      [{ insecure: 'x' }, /"insecure" is no list of texts/],
      [{ insecured: [] }, /"insecured" is no setting/],
      [{ mirrors: { a: 'https://b' } }, /"mirrors" of a are no list/],
      [{ mirrors: { a: ['ftp://b'] } }, /mirror "ftp:\/\/b" is no address/],
    ];
    for (const [content, reason] of refused) {
      assert.throws(
        () => settingsOf(content),
        (error) => error instanceof ComposeError && error.code === 'INVALID' && reason.test(error.message),
      );
    }
  });
});

describe('answers of registries in trouble', () => {
  it('say in seconds or by date when to come again', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    assert.equal(retryAfterMs('3', now), 3000);
    assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:00:07 GMT', now), 7000);
    for (const header of [null, '', 'soon', '-1', 'Wed, 31 Dec 2025 00:00:00 GMT']) {
      assert.equal(retryAfterMs(header, now), 0, String(header));
    }
  });

  it('give their reason as words, and nothing else of them is repeated', () => {
    const body = { errors: [{ code: 'DENIED', message: 'x' }, { code: 'DENIED' }, { code: 'a secret' }, null, {}] };
    assert.deepEqual(errorWords(JSON.stringify(body)), ['DENIED']);
    for (const text of ['', 'null', '{}', '<html>', '{"errors":5}']) assert.deepEqual(errorWords(text), []);
  });
});
