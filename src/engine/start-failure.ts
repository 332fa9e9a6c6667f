import type { ContainerRecord } from '../model/records.ts';
import type { Service } from '../model/service.ts';
import { about, type ComposeError, type ErrorPath } from '../util/errors.ts';

/** An error of a start, with the container and the attribute that it is about. */
export function nameFailure(
  record: Pick<ContainerRecord, 'name' | 'service' | 'config'>,
  error: ComposeError,
): ComposeError {
  const attribute = error.attribute ?? blamed(error, record.config);
  const path = attribute === undefined ? error.path : ['services', record.service, ...attribute];
  return about(error, { path, attribute: undefined }, `cannot start container ${record.name}: ${error.message}`);
}

/** The attribute that names what is not there. */
function blamed({ code }: ComposeError, { command, entrypoint, logging }: Service): ErrorPath | undefined {
  switch (code) {
    case 'LOG_SERVER':
      return [
        'logging',
        ...(logging?.options?.['syslog-address'] === undefined ? ['driver'] : ['options', 'syslog-address']),
      ];
    case 'USER_NOT_FOUND':
      return ['user'];
    case 'COMMAND_NOT_FOUND':
    case 'COMMAND_NOT_EXECUTABLE':
      return entrypoint?.length ? ['entrypoint'] : command === null ? undefined : ['command'];
    default:
      return undefined;
  }
}
