import { exitCodeOf } from '../../model/container-state.ts';
import { lastingName, logName, type NameSeparator } from '../../model/names.ts';
import type { Project } from '../../model/project.ts';
import type { Observed, ObservedContainer } from '../../plan/observed.ts';
import type { ServiceView, Tone } from '../../ui/full/services.ts';
import { shortPorts } from '../../ui/stack.ts';
import { publishedUrls } from '../open-in-browser.ts';

/** The containers of a project by service and number, and the services that have none. */
export function serviceViews(
  { project: projectName, containers }: Observed,
  project: Project | null,
  separator: NameSeparator,
): ServiceView[] {
  const shown = containers.filter(({ record, state }) => !record.oneOff || state.status !== 'exited');
  const there = new Set(shown.map(({ record }) => record.service));
  const absent = Object.keys(project?.services ?? {}).filter((name) => !there.has(name));
  return [
    ...shown.map((container) => containerView(container, projectName, separator)),
    ...absent.map(
      (service): ServiceView => ({
        key: `service ${service}`,
        containerId: null,
        service,
        name: service,
        state: 'not created',
        health: null,
        tone: 'quiet',
        restarts: 0,
        ports: '',
        urls: [],
      }),
    ),
  ].sort((a, b) => compare(a.service, b.service) || compareNames(a.name, b.name));
}

function containerView({ record, state }: ObservedContainer, project: string, separator: NameSeparator): ServiceView {
  const health = state.status === 'running' ? (state.health?.status ?? null) : null;
  return {
    key: record.id,
    containerId: record.id,
    service: record.service,
    name: logName(project, lastingName(record.name), separator),
    state: state.status === 'exited' ? `exited (${exitCodeOf(state)})` : state.status,
    health,
    tone: toneOf(state.status, health, exitCodeOf(state)),
    restarts: state.restartCount,
    ports: state.status === 'running' ? shortPorts(record.ports) : '',
    urls: publishedUrls([record.ports]),
  };
}

function toneOf(status: string, health: string | null, exitCode: number): Tone {
  if (status === 'running') return health === 'unhealthy' ? 'bad' : health === 'starting' ? 'busy' : 'good';
  if (status === 'restarting') return 'busy';
  return status === 'exited' && exitCode !== 0 ? 'bad' : 'quiet';
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function compareNames(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
