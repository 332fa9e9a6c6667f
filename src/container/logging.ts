/** A service's `logging` as the monitor needs it. */
import { hostname } from 'node:os';
import type { ResolvedImage } from '../model/image.ts';
import type { Service } from '../model/service.ts';
import {
  DEFAULT_LOGGING_DRIVER,
  JOURNAL_SOCKET,
  parseFacility,
  parseLogSize,
  parseSyslogAddress,
  parseTruth,
  renderTag,
} from './log-options.ts';
import type { MonitorLog } from './monitor-spec.ts';

export interface LoggedContainer {
  readonly id: string;
  readonly name: string;
  readonly service: Service;
  readonly image: ResolvedImage;
  readonly labels: Readonly<Record<string, string>>;
  /** `NAME=VALUE`. */
  readonly environment: readonly string[];
  readonly command: readonly string[];
}

type Options = Readonly<Record<string, string>>;

/** What is kept of the output when nothing is said about it, and always of what goes to a server: Docker's figures. */
const KEPT = { maxSizeBytes: 20_000_000, maxFiles: 5, compress: true };

/** Expects options that `checkLogging` found right. `path` is the log's file, `helper` tscompose-logger. */
export function monitorLog(container: LoggedContainer, path: string, helper: string): MonitorLog {
  const { logging } = container.service;
  const driver = logging?.driver || DEFAULT_LOGGING_DRIVER;
  const options = logging?.options ?? {};
  const delivery = {
    helper,
    mode: options.mode === 'non-blocking' ? ('non-blocking' as const) : ('blocking' as const),
    maxBufferBytes: parseLogSize(options['max-buffer-size'] ?? '') ?? 1_000_000,
  };
  switch (driver) {
    case 'none':
      return { ...delivery, driver, path: null, maxSizeBytes: 0, maxFiles: 1, compress: false };
    case 'local':
      return { ...delivery, driver, path, ...rotation(options, '', KEPT) };
    case 'syslog':
      return { ...delivery, driver, ...cache(options, path), syslog: syslogOf(container, options) };
    case 'journald':
      return {
        ...delivery,
        driver,
        ...cache(options, path),
        journal: { socket: JOURNAL_SOCKET, fields: journalFields(container, options) },
      };
    default: {
      const attributes = {
        ...details(container, options),
        ...(options.tag === undefined ? {} : { tag: tagOf(container, options) }),
      };
      return {
        ...delivery,
        driver: 'json-file',
        path,
        ...rotation(options, '', { maxSizeBytes: 0, maxFiles: 1, compress: false }),
        ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      };
    }
  }
}

type Rotation = Required<Pick<MonitorLog, 'maxSizeBytes' | 'maxFiles' | 'compress'>>;

function rotation(options: Options, prefix: '' | 'cache-', defaults: Rotation): Rotation {
  const size = parseLogSize(options[`${prefix}max-size`] ?? '');
  const maxSizeBytes = size === undefined ? defaults.maxSizeBytes : Math.max(size, 0);
  const maxFiles = Number(options[`${prefix}max-file`] ?? defaults.maxFiles);
  const compress = parseTruth(options[`${prefix}compress`] ?? '') ?? defaults.compress;
  return { maxSizeBytes, maxFiles, compress: compress && maxFiles > 1 && maxSizeBytes > 0 };
}

/** Without it `logs` could not show what went to a server. */
function cache(options: Options, path: string): Rotation & Pick<MonitorLog, 'path'> {
  const isDisabled = parseTruth(options['cache-disabled'] ?? '') ?? false;
  return { path: isDisabled ? null : path, ...rotation(options, 'cache-', KEPT) };
}

function syslogOf(container: LoggedContainer, options: Options): NonNullable<MonitorLog['syslog']> {
  const address = parseSyslogAddress(options['syslog-address']);
  if (address === undefined) throw new Error('the address was not checked');
  return {
    ...address,
    facility: parseFacility(options['syslog-facility'] || 'daemon'),
    format: options['syslog-format'] ?? '',
    tag: tagOf(container, options),
    hostname: hostname(),
    caCertificate: options['syslog-tls-ca-cert'] ?? '',
    certificate: options['syslog-tls-cert'] ?? '',
    key: options['syslog-tls-key'] ?? '',
    // Docker looks whether it is written, not at what is.
    trustsAnybody: options['syslog-tls-skip-verify'] !== undefined,
  };
}

/** Docker's fields, by which `journalctl CONTAINER_NAME=…` is asked. */
function journalFields(container: LoggedContainer, options: Options): Record<string, string> {
  const tag = tagOf(container, options);
  const extra = Object.entries(details(container, options)).map(([name, value]): [string, string] => [
    name
      .toUpperCase()
      .replaceAll(/[^A-Z0-9_]/g, '_')
      .replace(/^[_\d]+/, ''),
    value,
  ]);
  return {
    ...Object.fromEntries(extra.filter(([name]) => name !== '')),
    CONTAINER_ID: container.id.slice(0, 12),
    CONTAINER_ID_FULL: container.id,
    CONTAINER_NAME: container.name,
    CONTAINER_TAG: tag,
    IMAGE_NAME: container.image.reference,
    SYSLOG_IDENTIFIER: tag,
  };
}

/** The labels and variables that the options ask for. */
function details({ labels, environment }: LoggedContainer, options: Options): Record<string, string> {
  const variables = Object.fromEntries(
    environment.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  return {
    ...select(labels, options.labels, options['labels-regex']),
    ...select(variables, options.env, options['env-regex']),
  };
}

function select(
  from: Readonly<Record<string, string>>,
  names: string | undefined,
  pattern: string | undefined,
): Record<string, string> {
  const wanted = new Set(names?.split(',').map((name) => name.trim()));
  const expression = pattern ? new RegExp(pattern) : undefined;
  return Object.fromEntries(
    Object.entries(from).filter(([name]) => wanted.has(name) || (expression?.test(name) ?? false)),
  );
}

function tagOf({ id, name, image, command }: LoggedContainer, options: Options): string {
  const imageId = image.digest.replace(/^sha256:/, '');
  return renderTag(options.tag || '{{.ID}}', {
    ID: id.slice(0, 12),
    FullID: id,
    Name: name,
    ImageID: imageId.slice(0, 12),
    ImageFullID: image.digest,
    ImageName: image.reference,
    DaemonName: 'tscompose',
    Command: command.join(' '),
    Hostname: hostname(),
  });
}
