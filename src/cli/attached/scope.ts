import { lastingName, logName, type NameSeparator } from '../../model/names.ts';
import type { Project } from '../../model/project.ts';
import type { ContainerRecord } from '../../model/records.ts';
import type { ApplySettings } from '../../model/settings.ts';
import { withDependencies } from '../../plan/graph.ts';
import type { Session } from '../session.ts';

export interface AttachSettings {
  readonly only: readonly string[];
  readonly except: readonly string[];
  readonly dependencies: 'shown' | 'hidden';
  readonly abortOn: 'exit' | 'failure' | 'never';
  readonly exitCodeFrom: string | null;
  readonly color: 'auto' | 'never';
  readonly prefix: 'name' | 'none';
  readonly timestamps: 'shown' | 'hidden';
  readonly menu: 'shown' | 'hidden';
  readonly watch: 'on' | 'off';
  /** While it watches: whether the files that the project is made of are watched too. */
  readonly projectFiles: 'watched' | 'left';
}

/** The services whose logs `up` shows. */
export function attachedServices(
  project: Project,
  settings: Pick<ApplySettings, 'services' | 'dependencies'>,
  attach: Pick<AttachSettings, 'only' | 'except' | 'dependencies'>,
): Set<string> {
  const { services: named } = settings;
  const isShown = (name: string) => named.includes(name) || project.services[name]?.attach !== false;
  const chosen =
    attach.only.length > 0
      ? attach.only
      : named.length === 0
        ? Object.keys(project.services)
        : attach.dependencies === 'shown'
          ? withDependencies(project.services, named)
          : named;
  return new Set([...chosen].filter((name) => isShown(name) && !attach.except.includes(name)));
}

/** What an attached `up` is about: its project, as read last, and which services of that. */
export class AttachedScope {
  readonly settings: ApplySettings;
  readonly attach: AttachSettings;
  readonly #separator: NameSeparator;
  #session: Session<Project>;
  #shown: ReadonlySet<string>;

  constructor(session: Session<Project>, settings: ApplySettings, attach: AttachSettings, separator: NameSeparator) {
    this.settings = settings;
    this.attach = attach;
    this.#separator = separator;
    this.#session = session;
    this.#shown = attachedServices(session.project, settings, attach);
  }

  get session(): Session<Project> {
    return this.#session;
  }

  /** The project was read anew. */
  adopt(session: Session<Project>): void {
    this.#session = session;
    this.#shown = attachedServices(session.project, this.settings, this.attach);
  }

  isShown(record: Pick<ContainerRecord, 'oneOff' | 'service'>): boolean {
    return !record.oneOff && this.showsService(record.service);
  }

  showsService(service: string): boolean {
    return this.#shown.has(service);
  }

  /** Whether the end of a service's container may be the end of all. */
  isMonitored(service: string): boolean {
    const { services } = this.settings;
    return services.length > 0 ? services.includes(service) : this.showsService(service);
  }

  /** Everything that this `up` was about; empty: all that there is. */
  get reach(): readonly string[] {
    const { services, dependencies } = this.settings;
    if (services.length === 0) return [];
    return dependencies === 'include' ? [...withDependencies(this.#session.project.services, services)] : services;
  }

  /** How a container is called before its lines. */
  logName(name: string): string {
    return logName(this.#session.projectName, lastingName(name), this.#separator);
  }
}
