import assert from 'node:assert/strict';
import { serviceViews } from '../../../src/cli/ui/service-views.ts';
import type { ContainerState } from '../../../src/model/container-state.ts';
import type { ContainerRecord } from '../../../src/model/records.ts';
import type { Observed, ObservedContainer } from '../../../src/plan/observed.ts';
import { state } from '../../support/plan.ts';

function container(record: Partial<ContainerRecord>, change: Partial<ContainerState> = {}): ObservedContainer {
  const whole = { id: record.name, oneOff: false, ports: [], ...record } as unknown as ContainerRecord;
  return { record: whole, state: state(change), isPlugged: true, hasCgroup: true };
}

const service = { command: null, entrypoint: null };

const observed = (...containers: ObservedContainer[]): Observed => ({
  project: 'shop',
  containers,
  networks: [],
  volumes: [],
  externalNetworks: [],
  firewall: 'intact',
});

describe('the services of the full-screen view', () => {
  it('stand by service and number, and those without a container among them', () => {
    const views = serviceViews(
      observed(
        container({ name: 'shop-web-10', service: 'web' }),
        container({ name: 'shop-web-2', service: 'web' }),
        container({ name: '0123456789ab_shop-api-1', service: 'api' }, { status: 'exited', exitCode: 3 }),
      ),
      { name: 'shop', services: { db: service, web: service, api: service } },
      '-',
    );
    assert.deepEqual(
      views.map(({ name, state: word, tone }) => [name, word, tone]),
      [
        ['api-1', 'exited (3)', 'bad'],
        ['db', 'not created', 'quiet'],
        ['web-2', 'running', 'good'],
        ['web-10', 'running', 'good'],
      ],
    );
  });

  it('leaves out one-off containers that have ended', () => {
    const oneOff = { name: 'shop-web-run-1', service: 'web', oneOff: true };
    assert.equal(serviceViews(observed(container(oneOff, { status: 'exited' })), null, '-').length, 0);
    assert.equal(serviceViews(observed(container(oneOff)), null, '-').length, 1);
  });

  it('knows where a browser finds published ports', () => {
    const port = (hostIp: string, hostPort: number, containerPort: number, protocol: 'tcp' | 'udp' = 'tcp') => ({
      hostIp,
      hostPort,
      containerPort,
      protocol,
    });
    const ports = [
      port('0.0.0.0', 8080, 80),
      port('::', 8080, 80),
      port('::1', 8443, 443),
      port('127.0.0.1', 80, 3000),
      port('0.0.0.0', 53, 53, 'udp'),
    ];
    const [view] = serviceViews(observed(container({ name: 'shop-web-1', service: 'web', ports })), null, '-');
    assert.deepEqual(view?.urls, ['http://127.0.0.1', 'http://localhost:8080', 'https://[::1]:8443']);
    assert.match(view?.ports ?? '', /^8080→80 /);
  });
});
