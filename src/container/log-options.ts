/** What `logging` of a service may say: drivers, their options, and what each option's value looks like. */
import { existsSync } from 'node:fs';
import type { Service } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';
import { didYouMean } from '../util/nearest.ts';

const LOGGING_DRIVERS = ['json-file', 'local', 'none', 'syslog', 'journald'] as const;
export type LoggingDriver = (typeof LOGGING_DRIVERS)[number];

export const DEFAULT_LOGGING_DRIVER: LoggingDriver = 'json-file';
export const JOURNAL_SOCKET = '/run/systemd/journal/socket';
const SYSLOG_FORMATS = ['rfc3164', 'rfc5424', 'rfc5424micro'] as const;

/** By number (RFC 5424, section 6.2.1). */
const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['', '', '', '', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];

/** Throws what is wrong with the value, as a sentence's end. */
type Check = (value: string) => void;

const anything: Check = () => {};
const ROTATION = { 'max-size': logSize, 'max-file': fileCount, compress: truth };
const DELIVERY = { mode: deliveryMode, 'max-buffer-size': bufferSize };
/** What is told of the container beside its output. */
const DETAILS = { labels: anything, 'labels-regex': pattern, env: anything, 'env-regex': pattern, tag };
/** Of the copy that is kept here of what goes to a server, so that `logs` works. */
const CACHE = {
  'cache-disabled': truth,
  'cache-max-size': logSize,
  'cache-max-file': fileCount,
  'cache-compress': truth,
};

/** The options of each driver; null: whatever is written means nothing. */
const OPTIONS: Readonly<Record<LoggingDriver, Readonly<Record<string, Check>> | null>> = {
  'json-file': { ...ROTATION, ...DELIVERY, ...DETAILS },
  local: { ...ROTATION, ...DELIVERY },
  none: null,
  syslog: {
    'syslog-address': syslogAddress,
    'syslog-facility': (value) => void parseFacility(value),
    'syslog-format': oneOf(SYSLOG_FORMATS),
    'syslog-tls-ca-cert': file,
    'syslog-tls-cert': file,
    'syslog-tls-key': file,
    'syslog-tls-skip-verify': anything,
    ...DELIVERY,
    ...DETAILS,
    ...CACHE,
  },
  journald: { ...DELIVERY, ...DETAILS, ...CACHE },
};

/** Throws INVALID or UNSUPPORTED with the attribute that is wrong. */
export function checkLogging({ logging }: Service): void {
  const driver = logging?.driver || DEFAULT_LOGGING_DRIVER;
  if (!isLoggingDriver(driver)) {
    throw new ComposeError('UNSUPPORTED', `there is no logging driver ${JSON.stringify(driver)}`, {
      attribute: ['logging', 'driver'],
      hint: didYouMean(driver, LOGGING_DRIVERS) ?? `there are ${LOGGING_DRIVERS.join(', ')}`,
    });
  }
  const known = OPTIONS[driver];
  const options = logging?.options ?? {};
  for (const [name, value] of Object.entries(options)) {
    if (known === null) continue;
    const check = Object.hasOwn(known, name) ? known[name] : undefined;
    const attribute = ['logging', 'options', name];
    if (check === undefined) {
      throw new ComposeError('INVALID', `logging driver ${driver} has no option ${JSON.stringify(name)}`, {
        attribute,
        hint: didYouMean(name, Object.keys(known)) ?? `it has ${Object.keys(known).join(', ')}`,
      });
    }
    try {
      check(value);
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      throw new ComposeError('INVALID', `${JSON.stringify(value)} is no ${error.message}`, {
        attribute,
        hint: error.hint,
      });
    }
  }
  checkTogether(driver, options);
}

/** Whether `logs` has something to read. */
export function keepsLog({ logging }: Pick<Service, 'logging'>): boolean {
  return logging?.driver !== 'none' && parseTruth(logging?.options?.['cache-disabled'] ?? '') !== true;
}

function isLoggingDriver(text: string): text is LoggingDriver {
  return (LOGGING_DRIVERS as readonly string[]).includes(text);
}

/** What Go takes for a truth value, as Docker reads options; undefined for anything else. */
export function parseTruth(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined;
}

/** Bytes of a size, whose units are decimal as in Docker's logging options: `10m` is 10 000 000. -1: without limit. */
export function parseLogSize(text: string): number | undefined {
  if (text === '-1') return -1;
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text) ?? [];
  if (digits === '') return undefined;
  return Math.floor(Number(digits) * 1000 ** ' kmgtp'.indexOf(unit.toLowerCase() || ' '));
}

export interface SyslogAddress {
  /** `local`: wherever the machine's own server listens. */
  readonly network: 'udp' | 'tcp' | 'tcp+tls' | 'unix' | 'unixgram' | 'local';
  /** A host or a path. */
  readonly address: string;
  readonly port: string;
}

/** `udp://host:514`, `unix:///dev/log`; nothing is the machine's own. Undefined for what cannot be read. */
export function parseSyslogAddress(text: string | undefined): SyslogAddress | undefined {
  if (text === undefined || text === '') return { network: 'local', address: '', port: '' };
  const [, network, path = ''] = /^(unix|unixgram):\/\/(\/.+)$/.exec(text) ?? [];
  if (network !== undefined) return { network: network as 'unix', address: path, port: '' };
  const [, protocol, bracketed, host, port = '514'] =
    /^(udp|tcp|tcp\+tls):\/\/(?:\[([\da-fA-F:.]+)\]|([^/:@?#[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? host;
  if (address === undefined || Number(port) > 65_535) return undefined;
  return { network: protocol as 'udp', address, port };
}

/** The number of a facility's name, or a number as it is. */
export function parseFacility(text: string): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : text === '' ? -1 : FACILITIES.indexOf(text);
  if (number >= 0 && number < FACILITIES.length) return number;
  throw new WrongValue('syslog facility', `write ${FACILITIES.filter(Boolean).join(', ')}, or a number up to 23`);
}

/** What a template of `tag` may name. */
const TAG_FIELDS = [
  ...['ID', 'FullID', 'Name', 'ImageID', 'ImageFullID', 'ImageName', 'DaemonName', 'Command', 'Hostname'],
] as const;

const TAG_FUNCTIONS: Readonly<Record<string, (text: string) => string>> = {
  '': (text) => text,
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  json: (text) => JSON.stringify(text),
};

/** `{{.Name}}/{{.ID}}` filled in; without fields only checked. */
export function renderTag(template: string, fields?: Readonly<Record<string, string>>): string {
  const parts = template.split(/(\{\{.*?\}\})/);
  return parts
    .map((part) => {
      if (!part.startsWith('{{')) {
        if (/\{\{|\}\}/.test(part)) throw new WrongValue('template', 'write {{.Name}}, for instance');
        return part;
      }
      const [, name = '', field = ''] = /^\{\{-?\s*(?:(\w+)\s+)?\.(\w+)\s*-?\}\}$/.exec(part) ?? [];
      const apply = Object.hasOwn(TAG_FUNCTIONS, name) ? TAG_FUNCTIONS[name] : undefined;
      if (apply === undefined || !(TAG_FIELDS as readonly string[]).includes(field)) {
        throw new WrongValue('template', `fields are ${TAG_FIELDS.join(', ')}, as in {{.Name}}`);
      }
      return apply(fields?.[field] ?? '');
    })
    .join('');
}

class WrongValue extends Error {
  readonly hint: string;

  constructor(what: string, hint: string) {
    super(what);
    this.hint = hint;
  }
}

function checkTogether(driver: LoggingDriver, options: Readonly<Record<string, string>>): void {
  const fail = (name: string, message: string, hint: string) => {
    throw new ComposeError('INVALID', message, { attribute: ['logging', 'options', name], hint });
  };
  const isRotated = driver === 'local' || (options['max-size'] !== undefined && options['max-size'] !== '-1');
  const files = Number(options['max-file'] ?? (driver === 'local' ? 5 : 1));
  if (parseTruth(options.compress ?? 'false') === true && (!isRotated || files < 2)) {
    fail('compress', 'nothing would be compressed', 'it needs max-size, and a max-file of 2 or more');
  }
  if (options['max-buffer-size'] !== undefined && options.mode !== 'non-blocking') {
    fail('max-buffer-size', 'max-buffer-size needs mode: non-blocking', 'with mode: blocking the container waits');
  }
  if ((options['syslog-tls-cert'] === undefined) !== (options['syslog-tls-key'] === undefined)) {
    const name = options['syslog-tls-cert'] === undefined ? 'syslog-tls-key' : 'syslog-tls-cert';
    fail(name, 'a client certificate is a pair of files', 'give syslog-tls-cert and syslog-tls-key');
  }
  if (driver === 'journald' && !existsSync(JOURNAL_SOCKET)) {
    throw new ComposeError('INVALID', `there is no journal on this machine: ${JOURNAL_SOCKET} does not exist`, {
      attribute: ['logging', 'driver'],
      hint: 'systemd-journald provides it',
    });
  }
}

function logSize(value: string): void {
  const bytes = parseLogSize(value);
  if (bytes === undefined || bytes === 0) throw new WrongValue('size', 'write 10m, for instance, or -1 for no limit');
}

function bufferSize(value: string): void {
  if ((parseLogSize(value) ?? 0) <= 0) throw new WrongValue('size', 'write 4m, for instance');
}

function fileCount(value: string): void {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new WrongValue('number of files', 'write a number from 1 to 9999');
}

function truth(value: string): void {
  if (parseTruth(value) === undefined) throw new WrongValue('truth value', 'write true or false');
}

function deliveryMode(value: string): void {
  oneOf(['blocking', 'non-blocking'])(value);
}

function oneOf(words: readonly string[]): Check {
  return (value) => {
    if (!words.includes(value)) throw new WrongValue('value here', `write ${words.join(' or ')}`);
  };
}

function pattern(value: string): void {
  try {
    new RegExp(value);
  } catch {
    throw new WrongValue('regular expression', 'write ^(os|customer), for instance');
  }
}

function tag(value: string): void {
  renderTag(value);
}

function syslogAddress(value: string): void {
  const address = parseSyslogAddress(value);
  if (address === undefined) {
    throw new WrongValue(
      'address of a syslog server',
      'write udp://, tcp:// or tcp+tls://HOST[:PORT], or unix:///PATH',
    );
  }
  if (address.network.startsWith('unix') && !existsSync(address.address)) {
    throw new WrongValue('socket that is there', 'start the syslog server first');
  }
}

function file(value: string): void {
  if (!existsSync(value)) throw new WrongValue('file', 'it does not exist');
}
