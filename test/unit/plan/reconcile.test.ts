import assert from 'node:assert/strict';
import type { Service } from '../../../src/model/service.ts';
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
  volume,
} from '../../support/plan.ts';

const dependsOn = (condition: 'service_started' | 'service_healthy' | 'service_completed_successfully', more = {}) => ({
  condition,
  required: true,
  ...more,
});

describe('plan: up', () => {
  it('creates the network, then each container, and starts dependents after what they need', () => {
    const shop = project({
      api: service({
        depends_on: { db: dependsOn('service_healthy'), job: dependsOn('service_completed_successfully') },
      }),
      db: service(),
      job: service(),
    });
    assert.deepEqual(planText(shop, observed(), settings('up')), [
      '#1 network shop_default: createNetwork, not found',
      '#2 container shop-db-1: createContainer, not found [1]',
      '#3 container shop-db-1: startContainer, not found [2]',
      '#4 container shop-job-1: createContainer, not found [1]',
      '#5 container shop-job-1: startContainer, not found [4]',
      '#6 container shop-api-1: createContainer, not found [1]',
      '#7 container shop-db-1: waitDependency service_healthy, others wait until it is healthy [3]',
      '#8 container shop-job-1: waitDependency service_completed_successfully, others wait until it has completed [5]',
      '#9 container shop-api-1: startContainer, not found [6,7,8]',
    ]);
  });

  it('plans nothing when everything is as wanted', () => {
    const web = service();
    const world = observed({ networks: [network()], containers: [container('web', 1, web)] });
    assert.deepEqual(planText(project({ web }), world, settings('up')), []);
  });

  it('gives the same plan character for character whatever the order of the file', () => {
    const a = service();
    const one = planText(project({ a, b: a, c: a }), observed(), settings('up'));
    const other = planText(project({ c: a, b: a, a }), observed(), settings('up'));
    assert.deepEqual(one, other);
  });

  it('says which field changed when it replaces a container', () => {
    const before = service({ environment: { PORT: '80' } });
    const after = service({ environment: { PORT: '8080' } });
    const world = observed({ networks: [network()], containers: [container('web', 1, before)] });
    assert.deepEqual(planText(project({ web: after }), world, settings('up')), [
      '#1 container shop-web-1: stopContainer, config changed: environment.PORT 80 → 8080',
      '#2 container shop-web-1: removeContainer, config changed: environment.PORT 80 → 8080 [1]',
      '#3 container shop-web-1: createContainer, config changed: environment.PORT 80 → 8080 [2]',
      '#4 container shop-web-1: startContainer, config changed: environment.PORT 80 → 8080 [3]',
    ]);
  });

  it('hides the values of secrets in the reason', () => {
    const before = service({ environment: { DB_PASSWORD: 'old' } });
    const after = service({ environment: { DB_PASSWORD: 'new' } });
    const world = observed({ networks: [network()], containers: [container('web', 1, before)] });
    const text = planText(project({ web: after }), world, settings('up')).join('\n');
    assert.match(text, /DB_PASSWORD/);
    assert.doesNotMatch(text, /old|new /);
  });

  it('does not replace a container when only depends_on, scale or develop changed', () => {
    const before = service();
    const after = service({ scale: 1, develop: { watch: [] }, depends_on: {} });
    const world = observed({ networks: [network()], containers: [container('web', 1, before)] });
    assert.deepEqual(planText(project({ web: after }), world, settings('up')), []);
  });

  it('keeps anonymous volumes with the replacement, and drops them with -V', () => {
    const before = service({ command: ['a'] });
    const after = service({ command: ['b'] });
    const world = observed({
      networks: [network()],
      containers: [container('web', 1, before, { record: { anonymousVolumes: { '/data': 'abc' }, volumes: ['abc'] } })],
    });
    const kept = planOf(project({ web: after }), world, settings('up'));
    const create = kept.nodes.map(({ operation }) => operation).find(({ type }) => type === 'createContainer');
    assert.deepEqual(create?.type === 'createContainer' && create.inheritedVolumes, { '/data': 'abc' });
    const renewed = planOf(project({ web: after }), world, settings('up', { anonymousVolumes: 'renew' }));
    const remove = renewed.nodes.map(({ operation }) => operation).find(({ type }) => type === 'removeContainer');
    assert.deepEqual(remove?.type === 'removeContainer' && remove.volumes, ['abc']);
  });

  it('adds replicas above the highest number and removes surplus from the top', () => {
    const web = service();
    const two = [container('web', 1, web), container('web', 3, web)];
    const up = planText(
      project({ web }),
      observed({ networks: [network()], containers: two }),
      settings('up', { scale: { web: 3 } }),
    );
    assert.deepEqual(up, [
      '#1 container shop-web-4: createContainer, scaled up',
      '#2 container shop-web-4: startContainer, scaled up [1]',
    ]);
    const down = planText(
      project({ web }),
      observed({ networks: [network()], containers: two }),
      settings('up', { scale: { web: 1 } }),
    );
    assert.deepEqual(down, [
      '#1 container shop-web-3: stopContainer, scaled down',
      '#2 container shop-web-3: removeContainer, scaled down [1]',
    ]);
  });

  it('does not run a completed job again, and starts what the user stopped', () => {
    const job = service();
    const ended = container('job', 1, job, { state: { status: 'exited', exitCode: 0, pid: null, monitor: 'none' } });
    const world = observed({ networks: [network()], containers: [ended] });
    assert.deepEqual(planText(project({ job }), world, settings('up')), []);
    const stopped = observed({
      networks: [network()],
      containers: [{ ...ended, record: { ...ended.record, desired: 'stopped' } }],
    });
    assert.deepEqual(planText(project({ job }), stopped, settings('up')), [
      '#1 container shop-job-1: startContainer, not running',
    ]);
  });

  it('removes a diverged network after its containers and before it is created again', () => {
    const web = service();
    const world = observed({ networks: [network({ configHash: 'other' })], containers: [container('web', 1, web)] });
    assert.deepEqual(planText(project({ web }), world, settings('up')), [
      '#1 container shop-web-1: stopContainer, network shop_default is replaced',
      '#2 container shop-web-1: removeContainer, network shop_default is replaced [1]',
      '#3 network shop_default: removeNetwork, network definition changed [2]',
      '#4 network shop_default: createNetwork, network definition changed [3]',
      '#5 container shop-web-1: createContainer, network shop_default is replaced [2,4]',
      '#6 container shop-web-1: startContainer, network shop_default is replaced [5]',
    ]);
  });

  it('says field by field what changed of a network or volume, and no password', () => {
    const before = { name: 'shop_default', ipam: {}, driver_opts: { 'com.docker.network.driver.mtu': '1500' } };
    const web = service({ volumes: [{ type: 'volume', source: 'data', target: '/data' }] });
    const o = (password: string) => `addr=nas,password=${password}`;
    const world = observed({
      networks: [network({ configHash: 'other', definition: before })],
      volumes: [volume({ configHash: 'other', definition: { name: 'shop_data', driver_opts: { o: o('old') } } })],
    });
    const wanted = project({ web }, { volumes: { data: { name: 'shop_data', driver_opts: { o: o('new') } } } });
    const { nodes, warnings } = planOf(wanted, world, settings('up'));
    const created = nodes.find(({ operation }) => operation.type === 'createNetwork');
    const path = 'driver_opts.com.docker.network.driver.mtu';
    assert.deepEqual(created?.operation.changes, [{ path, before: '1500', after: null }]);
    const shown = 'addr=nas,password=••••••';
    assert.match(warnings.join(), new RegExp(`definition changed \\(driver_opts.o ${shown} → ${shown}\\); it is kept`));
  });

  it('keeps a diverged volume with a warning, and replaces it only with consent', () => {
    const web = service({ volumes: [{ type: 'volume', source: 'data', target: '/data' }] });
    const shop = project({ web }, { volumes: { data: { name: 'shop_data' } } });
    const world = observed({
      networks: [network()],
      volumes: [volume({ configHash: 'other' })],
      containers: [container('web', 1, web, { record: { volumes: ['shop_data'] } })],
    });
    const kept = planOf(shop, world, settings('up'));
    assert.equal(kept.nodes.length, 0);
    assert.match(kept.warnings.join(), /shop_data exists but its definition changed/);
    const replaced = planText(shop, world, settings('up', { divergedVolumes: 'recreate' }));
    assert.deepEqual(
      replaced.map((line) => line.replace(/,.*/, '')),
      [
        '#1 container shop-web-1: stopContainer',
        '#2 container shop-web-1: removeContainer',
        '#3 volume shop_data: removeVolume',
        '#4 volume shop_data: createVolume',
        '#5 container shop-web-1: createContainer',
        '#6 container shop-web-1: startContainer',
      ],
    );
  });

  it('restarts a dependent with restart: true when its dependency is replaced', () => {
    const db = service({ command: ['new'] });
    const api = service({ depends_on: { db: dependsOn('service_started', { restart: true }) } });
    const world = observed({
      networks: [network()],
      containers: [container('api', 1, api), container('db', 1, service({ command: ['old'] }))],
    });
    const why = 'config changed: command ["old"] → ["new"]';
    assert.deepEqual(planText(project({ api, db }), world, settings('up')), [
      '#1 container shop-api-1: stopContainer, db, on which it depends with restart: true, is replaced',
      `#2 container shop-db-1: stopContainer, ${why} [1]`,
      `#3 container shop-db-1: removeContainer, ${why} [2]`,
      `#4 container shop-db-1: createContainer, ${why} [3]`,
      `#5 container shop-db-1: startContainer, ${why} [4]`,
      '#6 container shop-api-1: startContainer, its dependency was replaced [1,5]',
    ]);
  });

  it('replaces a container that shares the network of a replaced one', () => {
    const vpn = service({ command: ['new'] });
    const { networks: _none, ...rest } = service({
      network_mode: 'service:vpn',
      depends_on: { vpn: dependsOn('service_started') },
    });
    const app: Service = rest;
    const world = observed({
      networks: [network()],
      containers: [
        container('app', 1, app, { record: { endpoints: [], networkNamespace: '/run/netns/vpn1' } }),
        container('vpn', 1, service({ command: ['old'] })),
      ],
    });
    assert.match(planText(project({ app, vpn }), world, settings('up')).join('\n'), /shares namespaces with vpn/);
  });

  it('creates a container after the one that it names as the owner of its network', () => {
    const vpn = service({ container_name: 'tunnel' });
    const { networks: _none, ...rest } = service({
      network_mode: 'container:tunnel',
      depends_on: { vpn: dependsOn('service_started') },
    });
    const app: Service = rest;
    const text = planText(project({ app, vpn }), observed({ networks: [network()] }), settings('up'));
    const creation = text.findIndex((line) => line.includes('tunnel: createContainer'));
    assert.match(
      text.find((line) => line.includes('shop-app-1: createContainer')) ?? '',
      new RegExp(`\\[${creation + 1}\\]$`),
    );
  });

  it('repairs a missing bridge and the links of what runs', () => {
    const web = service();
    const world = observed({
      networks: [network({}, false)],
      containers: [container('web', 1, web, { isPlugged: false })],
    });
    assert.deepEqual(planText(project({ web }), world, settings('up')), [
      '#1 network shop_default: repairNetwork, bridge br-default is missing or incomplete',
      '#2 container shop-web-1: replugContainer, a link of it is missing [1]',
    ]);
  });

  it('refuses a cycle with the names along it', () => {
    const shop = project({
      a: service({ depends_on: { b: dependsOn('service_started') } }),
      b: service({ depends_on: { a: dependsOn('service_started') } }),
    });
    assert.throws(() => planText(shop, observed(), settings('up')), /dependency cycle detected: a -> b -> a/);
  });

  it('warns of orphans by default and removes them on request', () => {
    const web = service();
    const world = observed({ networks: [network()], containers: [container('old', 1, web), container('web', 1, web)] });
    assert.match(
      planOf(project({ web }), world, settings('up')).warnings.join(),
      /orphan containers \(\[shop-old-1\]\)/,
    );
    assert.deepEqual(planText(project({ web }), world, settings('up', { orphans: 'remove' })), [
      '#1 container shop-old-1: stopContainer, its service is not in the file',
      '#2 container shop-old-1: removeContainer, its service is not in the file [1]',
    ]);
  });

  it('drives only the named services and their dependencies, or with --no-deps only them', () => {
    const shop = project({
      api: service({ depends_on: { db: dependsOn('service_started') } }),
      db: service(),
      web: service(),
    });
    const names = (how: Parameters<typeof settings>[1]) =>
      planText(shop, observed({ networks: [network()] }), settings('up', how))
        .filter((line) => line.includes('startContainer'))
        .map((line) => /shop-(\w+)-/.exec(line)?.[1]);
    assert.deepEqual(names({ services: ['api'] }), ['db', 'api']);
    assert.deepEqual(names({ services: ['api'], dependencies: 'exclude' }), ['api']);
  });

  it('waits for health with --wait, and takes a job that ended well as done', () => {
    const shop = project({ web: service(), job: service() });
    const lines = planText(shop, observed({ networks: [network()] }), settings('up', { wait: 'healthy' }));
    assert.equal(lines.filter((line) => line.includes('waitDependency running_or_healthy')).length, 2);
  });
});

describe('plan: down', () => {
  const db = service();
  const api = service({ depends_on: { db: dependsOn('service_started') } });
  const world = observed({
    networks: [network()],
    volumes: [volume()],
    containers: [container('api', 1, api), container('db', 1, db, { record: { volumes: ['shop_data'] } })],
  });

  it('stops dependents first and removes the network last, keeping volumes', () => {
    assert.deepEqual(planText(project({ api, db }), world, settings('down')), [
      '#1 container shop-api-1: stopContainer, the project is taken down',
      '#2 container shop-api-1: removeContainer, the project is taken down [1]',
      '#3 container shop-db-1: stopContainer, the project is taken down [1]',
      '#4 container shop-db-1: removeContainer, the project is taken down [3]',
      '#5 network shop_default: removeNetwork, the project is taken down [2,4]',
    ]);
  });

  it('removes volumes after the containers that use them when asked', () => {
    const lines = planText(project({ api, db }), world, settings('down', { removeVolumes: true }));
    assert.equal(lines.at(-1), '#6 volume shop_data: removeVolume, removal of volumes was asked for [4]');
  });

  it('puts the rules right when whoever took the rest down was killed before it did', () => {
    assert.deepEqual(planText(project({ api, db }), observed({ firewall: 'changed' }), settings('down')), [
      '#1 firewall inet tscompose: repairFirewall, the nftables table was changed or removed',
    ]);
  });

  it('takes what inactive profiles have left, dependents first, unless services are named', () => {
    const debug = service({ depends_on: { db: dependsOn('service_started') } });
    const containers = [container('api', 1, api), container('db', 1, db), container('debug', 1, debug)];
    const before = observed({ networks: [network()], containers });
    const declared = { services: ['api', 'db', 'debug'], networks: [], volumes: [] };
    const lines = (more: object) =>
      formatPlan(plan({ ...desired(project({ api, db })), declared }, before, settings('down', more))).split('\n');
    assert.deepEqual(lines({}), [
      '#1 container shop-debug-1: stopContainer, the project is taken down',
      '#2 container shop-debug-1: removeContainer, the project is taken down [1]',
      '#3 container shop-api-1: stopContainer, the project is taken down',
      '#4 container shop-api-1: removeContainer, the project is taken down [3]',
      '#5 container shop-db-1: stopContainer, the project is taken down [1,3]',
      '#6 container shop-db-1: removeContainer, the project is taken down [5]',
      '#7 network shop_default: removeNetwork, the project is taken down [2,4,6]',
    ]);
    assert.deepEqual(lines({ services: ['api'] }), [
      '#1 container shop-api-1: stopContainer, the project is taken down',
      '#2 container shop-api-1: removeContainer, the project is taken down [1]',
    ]);
  });

  it('takes containers down whose services depended on each other in files of different times', () => {
    const one = service({ depends_on: { two: dependsOn('service_started') } });
    const two = service({ depends_on: { one: dependsOn('service_started') } });
    const containers = [container('one', 1, one), container('two', 1, two)];
    const declared = { services: ['one', 'two'], networks: [], volumes: [] };
    const { nodes } = plan({ ...desired(project({})), declared }, observed({ containers }), settings('down'));
    assert.equal(nodes.filter(({ operation }) => operation.type === 'removeContainer').length, 2);
  });

  it('keeps the network for orphans that stay, and says so', () => {
    const thePlan = planOf(project({ api }), world, settings('down'));
    assert.equal(
      thePlan.nodes.some(({ operation }) => operation.type === 'removeNetwork'),
      false,
    );
    assert.match(thePlan.warnings.join(), /still in use by shop-db-1/);
  });
});

describe('plan: repair', () => {
  const web = service();

  it('plans nothing for a healthy world', () => {
    const world = observed({ networks: [network()], containers: [container('web', 1, web)] });
    assert.deepEqual(planText(project({ web }), world, settings('repair')), []);
  });

  it('adopts a container whose monitor was killed', () => {
    const world = observed({
      networks: [network()],
      containers: [container('web', 1, web, { state: { monitor: 'lost' } })],
    });
    assert.deepEqual(planText(project({ web }), world, settings('repair')), [
      '#1 container shop-web-1: adoptContainer, its monitor was killed',
    ]);
  });

  it('starts a container again that was killed from outside, but not one that ended by itself or was stopped', () => {
    const dead = { status: 'exited', pid: null, monitor: 'none', exitCode: 137, signal: 'SIGKILL' } as const;
    const world = (record: object, how: object) =>
      observed({
        networks: [network()],
        containers: [container('web', 1, web, { record, state: { ...dead, ...how } })],
      });
    const lines = (record: object, how: object) =>
      planText(project({ web }), world(record, how), settings('repair')).length;
    assert.equal(lines({}, {}), 1);
    assert.equal(lines({ desired: 'stopped' }, {}), 0);
    assert.equal(lines({}, { oomKilled: true }), 0);
    assert.equal(lines({}, { exitCode: 1, signal: null }), 0);
    assert.equal(lines({}, { exitCode: null, signal: null }), 1);
  });

  it('puts links, bridges and rules back', () => {
    const world = observed({
      networks: [network({}, false)],
      containers: [container('web', 1, web)],
      firewall: 'changed',
    });
    assert.deepEqual(planText(project({ web }), world, settings('repair')), [
      '#1 network shop_default: repairNetwork, bridge br-default is missing or incomplete',
      '#2 container shop-web-1: replugContainer, a link of it is missing [1]',
      '#3 firewall inet tscompose: repairFirewall, the nftables table was changed or removed',
    ]);
  });

  it('leaves rules alone that another process is about to write', () => {
    const world = observed({ containers: [container('web', 1, web)], firewall: 'behind' });
    assert.deepEqual(planText(project({ web }), world, settings('repair')), []);
  });
});
