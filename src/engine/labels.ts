import type { ProjectOrigin } from '../model/origin.ts';
import type { Service } from '../model/service.ts';

const prefix = 'com.docker.compose';

/** Docker Compose's labels, which people's scripts look for (semantics.md section 2), under the service's own. */
export function containerLabels(options: {
  readonly project: string;
  readonly serviceName: string;
  readonly service: Service;
  readonly number: number;
  readonly slug: string | null;
  readonly configHash: string;
  readonly imageDigest: string;
  readonly imageLabels: Readonly<Record<string, string>>;
  readonly origin: ProjectOrigin;
  readonly version: string;
}): Record<string, string> {
  const { service, origin, slug } = options;
  const dependsOn = Object.entries(service.depends_on ?? {})
    .map(([name, terms]) => `${name}:${terms.condition}:${terms.restart ?? false}`)
    .sort()
    .join(',');
  return {
    ...options.imageLabels,
    ...service.labels,
    [`${prefix}.project`]: options.project,
    [`${prefix}.service`]: options.serviceName,
    [`${prefix}.config-hash`]: options.configHash,
    [`${prefix}.oneoff`]: slug === null ? 'False' : 'True',
    ...(slug === null ? { [`${prefix}.container-number`]: String(options.number) } : { [`${prefix}.slug`]: slug }),
    [`${prefix}.image`]: options.imageDigest,
    [`${prefix}.depends_on`]: dependsOn,
    [`${prefix}.project.working_dir`]: origin.workingDirectory,
    [`${prefix}.project.config_files`]: origin.configFiles.join(','),
    ...(origin.environmentFiles.length === 0
      ? {}
      : { [`${prefix}.project.environment_file`]: origin.environmentFiles.join(',') }),
    [`${prefix}.version`]: options.version,
  };
}

/** Labels of a network or volume. */
export function resourceLabels(options: {
  readonly kind: 'network' | 'volume';
  readonly project: string;
  readonly key: string;
  readonly configHash: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
}): Record<string, string> {
  return {
    ...options.labels,
    [`${prefix}.project`]: options.project,
    [`${prefix}.${options.kind}`]: options.key,
    [`${prefix}.version`]: options.version,
    [`${prefix}.config-hash`]: options.configHash,
  };
}
