import assert from 'node:assert/strict';
import type { Service, UpdateConfig } from '../../../src/model/service.ts';
import { formatPlan } from '../../../src/plan/plan.ts';
import { plan } from '../../../src/plan/reconcile.ts';
import {
  container,
  desired,
  network,
  observed,
  planOf,
  planText,
  project,
  service,
  settings,
} from '../../support/plan.ts';

const ports = [{ mode: 'ingress', target: 80, published: '8080', protocol: 'tcp' }];
const deploy = (update_config: UpdateConfig, replicas = 1) => ({
  resources: {},
  placement: {},
  replicas,
  update_config,
});
const world = (...containers: Parameters<typeof container>[]) =>
  observed({ networks: [network()], containers: containers.map((args) => container(...args)) });

/** `up` of a service that says when it is ready. */
function healthyPlan(one: Service, before: ReturnType<typeof world>): string[] {
  const wanted = desired(project({ web: one }));
  const services = Object.fromEntries(
    Object.entries(wanted.services).map(([name, each]) => [name, { ...each, hasHealthCheck: true }]),
  );
  return formatPlan(plan({ ...wanted, services }, before, settings('up'))).split('\n');
}

describe('plan: updates', () => {
  const old = service({ environment: { A: '1' } });

  it('starts the new container, waits, moves traffic, lets the old one end, and removes it', () => {
    const now = service({ environment: { A: '2' }, deploy: deploy({ order: 'start-first' }) });
    const why = 'config changed: environment.A 1 → 2';
    assert.deepEqual(planText(project({ web: now }), world(['web', 1, old]), settings('up')), [
      `#1 container shop-web-1: createContainer as web1_shop-web-1, ${why}`,
      `#2 container shop-web-1: startContainer, ${why} [1]`,
      `#3 container shop-web-1: awaitReplica, ${why} [2]`,
      `#4 container shop-web-1: shiftTraffic, ${why} [3]`,
      `#5 container web1_shop-web-1: drainContainer, ${why} [4]`,
      `#6 container web1_shop-web-1: stopContainer, ${why} [5]`,
      `#7 container web1_shop-web-1: removeContainer, ${why} [6]`,
    ]);
  });

  it('who asks for start-first has it without update_config, where two containers write to nothing together', () => {
    const steps = (one: Service) =>
      planText(project({ web: one }), world(['web', 1, old]), settings('up', { replacement: 'start-first' })).map(
        (line) => line.replace(/^#\d+ container \S+: (\w+).*/, '$1'),
      );
    assert.deepEqual(steps(service({ environment: { A: '2' } })).slice(0, 4), [
      'createContainer',
      'startContainer',
      'awaitReplica',
      'shiftTraffic',
    ]);
    const volumes = [{ type: 'bind', source: '/data', target: '/data' }] as const;
    assert.equal(steps(service({ environment: { A: '2' }, volumes }))[0], 'stopContainer');
  });

  it('stop-first frees the place before the new container is made, one replica after the other', () => {
    const now = service({ environment: { A: '2' }, deploy: deploy({ order: 'stop-first' }, 2) });
    const lines = planText(project({ web: now }), world(['web', 1, old], ['web', 2, old]), settings('up'));
    const steps = lines.map((line) => line.replace(/^#\d+ container shop-web-(\d): (\w+),.*/, '$2 $1'));
    const each = ['drain', 'stop', 'remove', 'create', 'start'].map((word) => `${word}Container`);
    const wanted = [...each, 'awaitReplica', 'shiftTraffic'];
    assert.deepEqual(steps, [...wanted.map((step) => `${step} 1`), ...wanted.map((step) => `${step} 2`)]);
    assert.match(lines[7] ?? '', /\[7\]$/);
  });

  it('parallelism, delay, monitor and max_failure_ratio are those of update_config', () => {
    const update = { order: 'start-first', parallelism: 2, delay: '1s', monitor: '3s', max_failure_ratio: 0.34 };
    const now = service({ environment: { A: '2' }, deploy: deploy(update, 3) });
    const thePlan = planOf(
      project({ web: now }),
      world(['web', 1, old], ['web', 2, old], ['web', 3, old]),
      settings('up'),
    );
    assert.deepEqual(thePlan.updates, { web: { failureAction: 'pause', toleratedFailures: 1 } });
    const creations = thePlan.nodes.filter(({ operation }) => operation.type === 'createContainer');
    assert.deepEqual(
      creations.slice(0, 2).map(({ after }) => after),
      [[], []],
    );
    const delay = thePlan.nodes.find(({ operation }) => operation.type === 'delayUpdate');
    assert.ok(delay !== undefined && delay.operation.type === 'delayUpdate');
    assert.equal(delay.operation.ms, 1000);
    assert.deepEqual(creations[2]?.after, [delay.id]);
    const waits = thePlan.nodes.flatMap(({ operation }) => (operation.type === 'awaitReplica' ? operation : []));
    assert.deepEqual(
      waits.map(({ monitorMs }) => monitorMs),
      creations.map(() => 3000),
    );
  });

  it('without update_config containers are replaced as Compose does it, but for servers that say when they are ready', () => {
    const server = service({ environment: { A: '2' }, ports });
    const first = (one: Service) => healthyPlan(one, world(['web', 1, old]))[0] ?? '';
    assert.match(first(server), /createContainer as/);
    assert.match(first(service({ environment: { A: '2' } })), /stopContainer/);
    const writes = { ...server, volumes: [{ type: 'volume', source: 'data', target: '/data' }] } as const;
    assert.match(first(writes), /stopContainer/);
    assert.match(first({ ...server, networks: { default: { ipv4_address: '172.18.0.9' } } }), /stopContainer/);
    const [plain] = planText(project({ web: server }), world(['web', 1, old]), settings('up'));
    assert.match(plain ?? '', /stopContainer/);
  });

  it('goes on with an update that was interrupted, wherever that was', () => {
    const now = service({ environment: { A: '2' }, deploy: deploy({ order: 'start-first' }) });
    const why = 'its update was interrupted';
    const fresh = { id: 'fresh', name: 'web1_shop-web-1', traffic: 'held', replaces: 'web1' } as const;
    const up = (...before: Parameters<typeof container>[]) =>
      planText(project({ web: now }), world(...before), settings('up'));
    assert.deepEqual(
      up(['web', 1, old], ['web', 1, now, { record: fresh, state: { status: 'created', pid: null, monitor: 'none' } }]),
      [
        `#1 container shop-web-1: startContainer, ${why}`,
        `#2 container shop-web-1: awaitReplica, ${why} [1]`,
        `#3 container shop-web-1: shiftTraffic, ${why} [2]`,
        `#4 container web1_shop-web-1: drainContainer, ${why} [3]`,
        `#5 container web1_shop-web-1: stopContainer, ${why} [4]`,
        `#6 container web1_shop-web-1: removeContainer, ${why} [5]`,
      ],
    );
    const left = { id: 'left', name: 'left_shop-web-1', traffic: 'held' } as const;
    assert.deepEqual(up(['web', 1, now], ['web', 1, old, { record: left }]), [
      '#1 container left_shop-web-1: stopContainer, scaled down',
      '#2 container left_shop-web-1: removeContainer, scaled down [1]',
    ]);
    // What was begun is not what is wanted any more.
    const begun = service({ environment: { A: '3' } });
    const [first, ...rest] = up(['web', 1, old], ['web', 1, begun, { record: fresh }]);
    assert.match(first ?? '', /web1_shop-web-1: stopContainer/);
    assert.match(rest.find((line) => line.includes('createContainer')) ?? '', /\[2\]$/);
  });

  it('replicas that join or leave others at a port are waited for and drained', () => {
    const two = service({ ports, deploy: deploy({}, 2) });
    const three = { ...two, deploy: deploy({}, 3) };
    const up = (one: Service, count: number) =>
      planText(
        project({ web: one }),
        world(
          ...Array.from(
            { length: count },
            (_, index) => ['web', index + 1, two] satisfies Parameters<typeof container>,
          ),
        ),
        settings('up'),
      ).map((line) => line.replace(/^#\d+ container (\S+): (\w+),.*/, '$2 $1'));
    assert.deepEqual(up(three, 2), [
      'createContainer shop-web-3',
      'startContainer shop-web-3',
      'awaitReplica shop-web-3',
      'shiftTraffic shop-web-3',
    ]);
    assert.deepEqual(up(two, 3), [
      'drainContainer shop-web-3',
      'stopContainer shop-web-3',
      'removeContainer shop-web-3',
    ]);
  });

  it('a replica with a port of its own is nobody to wait for', () => {
    const withPort = (published: string) =>
      service({ ports: [{ mode: 'ingress', target: 80, published, protocol: 'tcp' }], deploy: deploy({}, 2) });
    for (const published of ['', '0', '8000-8009']) {
      const text = planText(
        project({ web: withPort(published) }),
        world(['web', 1, withPort(published)]),
        settings('up'),
      );
      assert.deepEqual(
        text.map((line) => line.replace(/^.*: (\w+),.*/, '$1')),
        ['createContainer', 'startContainer'],
      );
    }
  });
});
