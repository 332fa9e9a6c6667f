import assert from 'node:assert/strict';
import { checkLogging, parseFacility, parseLogSize, parseSyslogAddress } from '../../../src/container/log-options.ts';
import { monitorLog } from '../../../src/container/logging.ts';
import type { Service } from '../../../src/model/service.ts';
import { ComposeError } from '../../../src/util/errors.ts';

const service = (driver: string, options: Record<string, string> = {}) =>
  ({ logging: { driver, options } }) as unknown as Service;

function complaint(driver: string, options?: Record<string, string>): string {
  try {
    checkLogging(service(driver, options));
    return '';
  } catch (error) {
    assert.ok(error instanceof ComposeError);
    return `${error.attribute?.join('.')}: ${error.message}`;
  }
}

const log = (driver: string, options: Record<string, string> = {}) =>
  monitorLog(
    {
      id: 'f'.repeat(64),
      name: 'shop-web-1',
      service: service(driver, options),
      image: { reference: 'web:1', digest: `sha256:${'ab'.repeat(32)}` } as never,
      labels: { team: 'core', 'my.label': 'x', other: 'y' },
      environment: ['ZONE=eu', 'SECRET=s'],
      command: ['serve', 'all'],
    },
    '/log',
    '/helper',
  );

describe('logging options', () => {
  const wrong: [string, string, Record<string, string>, RegExp][] = [
    ['an unknown driver', 'gelf', {}, /^logging\.driver: there is no logging driver "gelf"$/],
    ['an unknown option', 'local', { tag: 'x' }, /^logging\.options\.tag: logging driver local has no option "tag"$/],
    ['an option of another driver', 'json-file', { 'syslog-address': 'x' }, /has no option "syslog-address"$/],
    ['a size', 'json-file', { 'max-size': 'ten' }, /^logging\.options\.max-size: "ten" is no size$/],
    ['a number of files', 'json-file', { 'max-file': '0' }, /"0" is no number of files$/],
    ['compression without rotation', 'json-file', { compress: 'true' }, /compress: nothing would be compressed$/],
    ['a mode', 'json-file', { mode: 'fast' }, /mode: "fast" is no value here$/],
    ['a buffer that is not used', 'syslog', { 'max-buffer-size': '1m' }, /needs mode: non-blocking$/],
    ['an address', 'syslog', { 'syslog-address': 'ftp://x' }, /"ftp:\/\/x" is no address of a syslog server$/],
    ['a socket', 'syslog', { 'syslog-address': 'unix:///nowhere' }, /is no socket that is there$/],
    ['a facility', 'syslog', { 'syslog-facility': 'deamon' }, /"deamon" is no syslog facility$/],
    ['a format', 'syslog', { 'syslog-format': 'rfc1' }, /syslog-format: "rfc1" is no value here$/],
    ['half a key pair', 'syslog', { 'syslog-tls-cert': '/etc/hosts' }, /a client certificate is a pair of files$/],
    ['a template', 'json-file', { tag: '{{.Nmae}}' }, /tag: "\{\{\.Nmae\}\}" is no template$/],
    ['a template that does not end', 'json-file', { tag: '{{.Name' }, /is no template$/],
    ['a regular expression', 'json-file', { 'env-regex': '(' }, /env-regex: "\(" is no regular expression$/],
  ];
  for (const [title, driver, options, message] of wrong) {
    it(`refuses ${title}`, () => assert.match(complaint(driver, options), message));
  }

  it('takes Docker’s options', () => {
    assert.equal(
      complaint('json-file', { 'max-size': '10m', 'max-file': '3', compress: 'true', labels: 'a', tag: '{{.Name}}' }),
      '',
    );
    assert.equal(complaint('local', { 'max-size': '-1' }), '');
    assert.equal(complaint('none', { whatever: 'x' }), '');
    assert.equal(
      complaint('syslog', { 'syslog-address': 'tcp+tls://logs:6514', mode: 'non-blocking', 'max-buffer-size': '4m' }),
      '',
    );
  });

  it('reads sizes, facilities and addresses', () => {
    assert.deepEqual(['10m', '1.5k', '7', '-1', '2gb', 'x'].map(parseLogSize), [
      10_000_000,
      1500,
      7,
      -1,
      2_000_000_000,
      undefined,
    ]);
    assert.deepEqual(['kern', 'local7', '16'].map(parseFacility), [0, 23, 16]);
    assert.deepEqual(parseSyslogAddress('udp://logs'), { network: 'udp', address: 'logs', port: '514' });
    assert.deepEqual(parseSyslogAddress('tcp://[::1]:601'), { network: 'tcp', address: '::1', port: '601' });
    assert.deepEqual(parseSyslogAddress('unixgram:///dev/log'), { network: 'unixgram', address: '/dev/log', port: '' });
    assert.equal(parseSyslogAddress('')?.network, 'local');
    assert.equal(parseSyslogAddress('tcp://logs:70000'), undefined);
  });
});

describe('what the monitor is told of a log', () => {
  it('json-file writes without limit, local keeps a hundred megabytes, none nothing', () => {
    assert.partialDeepStrictEqual(log('json-file'), { path: '/log', maxSizeBytes: 0, maxFiles: 1, compress: false });
    assert.partialDeepStrictEqual(log('local'), { maxSizeBytes: 20_000_000, maxFiles: 5, compress: true });
    assert.equal(log('none').path, null);
    assert.equal(log('json-file').attributes, undefined);
  });

  it('labels, variables and the tag stand in every line', () => {
    const { attributes } = log('json-file', { labels: 'team', 'labels-regex': '^my', env: 'ZONE', tag: '{{.Name}}' });
    assert.deepEqual(attributes, { team: 'core', 'my.label': 'x', ZONE: 'eu', tag: 'shop-web-1' });
  });

  it('what goes to a server is kept here too, unless that is not wanted', () => {
    assert.partialDeepStrictEqual(log('journald'), { path: '/log', maxSizeBytes: 20_000_000, maxFiles: 5 });
    assert.equal(log('syslog', { 'cache-disabled': 'true' }).path, null);
    assert.partialDeepStrictEqual(log('syslog', { 'cache-max-size': '1k', 'cache-max-file': '1' }), {
      maxSizeBytes: 1000,
      maxFiles: 1,
      compress: false,
    });
  });

  it('the journal gets Docker’s fields and names that it takes', () => {
    const { journal } = log('journald', { 'labels-regex': '.', tag: '{{.ImageName}}/{{upper .Name}}/{{.ImageID}}' });
    assert.deepEqual(journal?.fields, {
      TEAM: 'core',
      MY_LABEL: 'x',
      OTHER: 'y',
      CONTAINER_ID: 'f'.repeat(12),
      CONTAINER_ID_FULL: 'f'.repeat(64),
      CONTAINER_NAME: 'shop-web-1',
      CONTAINER_TAG: 'web:1/SHOP-WEB-1/abababababab',
      IMAGE_NAME: 'web:1',
      SYSLOG_IDENTIFIER: 'web:1/SHOP-WEB-1/abababababab',
    });
  });

  it('syslog has its address, facility and tag', () => {
    const { syslog } = log('syslog', { 'syslog-address': 'udp://h:1', 'syslog-facility': 'local0' });
    assert.partialDeepStrictEqual(syslog, {
      network: 'udp',
      address: 'h',
      port: '1',
      facility: 16,
      tag: 'f'.repeat(12),
      trustsAnybody: false,
    });
  });
});
