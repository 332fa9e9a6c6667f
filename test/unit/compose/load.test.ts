// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import { loadProject } from '../../../src/compose/load.ts';
import { Files, load, loadService } from './support.ts';

const service = (body: string) => `services:\n  a:\n    image: x\n${body.replace(/^/gm, '    ')}\n`;

describe('a file', () => {
  it('is found in a parent directory, with its override beside it', async () => {
    const { sources, project } = await load(
      { 'compose.yaml': service('tty: true'), 'compose.override.yml': service('hostname: h'), 'sub/x': '' },
      { cwd: 'sub' },
    );
    assert.deepEqual(sources.files, ['$ROOT/compose.yaml', '$ROOT/compose.override.yml']);
    assert.equal(project.services.a?.hostname, 'h');
  });

  it('may indent what is within brackets and quotes as it likes', async () => {
    const text = service('command: ["sh", "-c", "\necho a\n  "\n]\nenvironment: {\nA: 1,\n}\nlabels:\n  - "k=x\n  y"');
    const { command, environment, labels } = await loadService(text.replace(/^ {4}(echo|\]|A|\})/gm, '$1'));
    assert.deepEqual(command, ['sh', '-c', ' echo a ']);
    assert.deepEqual(environment, { A: '1' });
    assert.deepEqual(labels, { k: 'x y' });
  });

  it('may end its lines with carriage returns alone', async () => {
    using files = new Files({ 'compose.yaml': service('tty: true').replaceAll('\n', '\r') });
    const { project } = await loadProject({ environment: {}, workingDirectory: files.root });
    assert.equal(project.services.a?.tty, true);
  });

  it('can be standard input', async () => {
    const { project } = await load({}, { files: ['-'], stdin: service('') });
    assert.deepEqual(Object.keys(project.services), ['a']);
  });

  it('may hold several documents', async () => {
    assert.equal((await loadService(`${service('tty: true')}---\n${service('hostname: h')}`)).tty, true);
  });

  it('takes its name from flag, variable, file, directory, in this order', async () => {
    const named = `name: From File!\n${service('')}`;
    const environment = { COMPOSE_PROJECT_NAME: 'fromvariable' };
    assert.equal((await load(named, { projectName: 'flag', environment })).project.name, 'flag');
    assert.equal((await load(named, { projectName: undefined, environment })).project.name, 'fromvariable');
    assert.equal((await load(named, { projectName: undefined })).project.name, 'fromfile');
    const files = { 'My App.1/compose.yaml': service('') };
    assert.equal((await load(files, { projectName: undefined, cwd: 'My App.1' })).project.name, 'myapp1');
    await assert.rejects(load(named, { projectName: 'Bad Name' }), /project name "Bad Name"/);
  });
});

describe('variables', () => {
  it('of the process win over .env, and .env over nothing', async () => {
    const files = {
      'compose.yaml': service('environment: ["A=${A}", "B=${B}", "C=${C:-c}", "D=$$D"]'),
      '.env': 'A=1\nB=2\n',
    };
    const { project } = await load(files, { environment: { A: 'shell' } });
    assert.deepEqual(project.services.a?.environment, { A: 'shell', B: '2', C: 'c', D: '$D' });
  });

  it('of an included project are its own, and the outer ones win', async () => {
    const { project } = await load({
      'compose.yaml': 'include: [sub/compose.yaml]\nservices: {b: {image: "b:${INNER-none}"}}',
      '.env': 'OUTER=outer\n',
      'sub/compose.yaml': 'services: {a: {image: "a:${INNER}", hostname: "${OUTER}", volumes: ["./x:/x"]}}',
      'sub/.env': 'INNER=inner\nOUTER=other\n',
    });
    assert.equal(project.services.a?.image, 'a:inner');
    assert.equal(project.services.a?.hostname, 'outer');
    assert.equal(project.services.a?.volumes?.[0]?.source, '$ROOT/sub/x');
    assert.equal(project.services.b?.image, 'b:none');
  });

  it('that are not set are told once', async () => {
    const { warnings } = await load(service('environment: ["A=$NOPE", "B=$NOPE"]'));
    assert.deepEqual(
      warnings.map(({ message, line }) => [message, line]),
      [['The "NOPE" variable is not set. Defaulting to a blank string.', 4]],
    );
  });

  it('of env files lie below environment, and pass through what is bare', async () => {
    const files = {
      'compose.yaml': service(
        'env_file: [one.env, {path: two.env, required: false}, {path: no.env, required: false}]\nenvironment: [A=own, D, E]',
      ),
      'one.env': 'A=one\nB=one\nE=hidden\n',
      'two.env': 'B=two\nC=${B}-${A}\n',
    };
    const { project } = await load(files, { environment: { D: 'shell' } });
    assert.deepEqual(project.services.a?.environment, { A: 'own', B: 'two', C: 'one-one', D: 'shell', E: null });
  });
});

describe('short forms', () => {
  it('of ports become one entry for each container port', async () => {
    const { ports } = await loadService(
      service('ports: ["127.0.0.1:8000-8001:80-81/udp", 90, "70-75:7", "[::1]:1:1"]'),
    );
    assert.deepEqual(ports, [
      { mode: 'ingress', host_ip: '127.0.0.1', target: 80, published: '8000', protocol: 'udp' },
      { mode: 'ingress', host_ip: '127.0.0.1', target: 81, published: '8001', protocol: 'udp' },
      { mode: 'ingress', target: 90, protocol: 'tcp' },
      { mode: 'ingress', target: 7, published: '70-75', protocol: 'tcp' },
      { mode: 'ingress', host_ip: '::1', target: 1, published: '1', protocol: 'tcp' },
    ]);
  });

  it('of volumes become binds, volumes and anonymous volumes', async () => {
    const { volumes } = await loadService(
      `${service('volumes: ["./a/../b:/b/:ro,z", "~/c:/c", "data:/d:nocopy", /ee]')}volumes: {data: }\n`,
    );
    assert.deepEqual(volumes, [
      {
        type: 'bind',
        source: '$ROOT/b',
        target: '/b',
        read_only: true,
        bind: { selinux: 'z', create_host_path: true },
      },
      { type: 'bind', source: '/home/me/c', target: '/c', bind: { create_host_path: true } },
      { type: 'volume', source: 'data', target: '/d', volume: { nocopy: true } },
      { type: 'volume', target: '/ee', volume: {} },
    ]);
  });

  it('of commands are split like a shell splits words', async () => {
    const { command, entrypoint } = await loadService(service(`command: a "b c" 'd' e\\ f\nentrypoint: []`));
    assert.deepEqual([command, entrypoint], [['a', 'b c', 'd', 'e f'], []]);
    const cut = await load(service('command: a | b'));
    assert.deepEqual(cut.project.services.a?.command, ['a']);
    assert.match(cut.warnings[0]?.message ?? '', /"\| b" is dropped/);
  });

  it('of numbers, sizes and durations get one spelling', async () => {
    const body =
      'mem_limit: 1.5g\nshm_size: 64\nstop_grace_period: 90s\ncpus: "0.5"\nhealthcheck: {test: ls, interval: 1h, retries: "3"}';
    const { mem_limit, shm_size, stop_grace_period, cpus, healthcheck } = await loadService(service(body));
    assert.deepEqual([mem_limit, shm_size, stop_grace_period, cpus], ['1610612736', '64', '1m30s', 0.5]);
    assert.deepEqual(healthcheck, { test: ['CMD-SHELL', 'ls'], interval: '1h0m0s', retries: 3 });
  });

  it('of scalars keep the text the reference gives them', async () => {
    const values = {
      yes: 'yes',
      '0777': '511',
      '1_000': '1000',
      '1.50': '1.5',
      '1e3': '1000',
      '1e6': '1e+06',
      '22:22': '22:22',
    };
    const list = Object.keys(values).map((text, i) => `  K${i}: ${text}`);
    const { environment } = await loadService(service(`environment:\n${list.join('\n')}`));
    assert.deepEqual(Object.values(environment ?? {}), Object.values(values));
  });
});

describe('what is implied', () => {
  it('becomes explicit: networks, names, dependencies', async () => {
    const { project } = await load(
      'services: {a: {image: x, links: [b], network_mode: "service:c"}, b: {image: x}, c: {image: x, volumes_from: [b]}}',
    );
    assert.deepEqual(project.networks, { default: { name: 'demo_default', ipam: {} } });
    assert.equal(project.services.a?.networks, undefined);
    assert.deepEqual(project.services.a?.depends_on, {
      b: { condition: 'service_started', required: true, restart: true },
      c: { condition: 'service_started', required: true, restart: true },
    });
    assert.deepEqual(project.services.c?.depends_on, { b: { condition: 'service_started', required: true } });
  });

  it('and resources nobody uses are left out', async () => {
    const text =
      'services: {a: {image: x, profiles: [p], networks: [n]}, b: {image: x}}\nnetworks: {n: }\nvolumes: {v: }\n';
    const { project, sources } = await load(text);
    assert.deepEqual(Object.keys(project.services), ['b']);
    assert.deepEqual(Object.keys(project.networks ?? {}), ['default']);
    assert.equal(project.volumes, undefined);
    assert.deepEqual(sources.disabledServices, { a: ['p'] });
    assert.deepEqual(Object.keys((await load(text, { profiles: ['p'] })).project.services), ['a', 'b']);
    assert.deepEqual(Object.keys((await load(text, { services: ['a'] })).project.services), ['a', 'b']);
  });
});

describe('what has no effect', () => {
  it('is told with its place', async () => {
    const { warnings } = await load(service('storage_opt: {size: 1G}\nplatform: linux/amd64\nruntime: kata'));
    assert.deepEqual(
      warnings.map(({ line, message }) => `${line}: ${message}`),
      [
        '6: services.a: runtime has no effect: containers are made by the core',
        '4: services.a: storage_opt has no effect: the writable layer is a directory, without a size of its own',
      ],
    );
  });
});

describe('warnings', () => {
  it('name the env file and line of a variable that is not set, and a name that is empty', async () => {
    const text = `${service('env_file: a.env\nnetworks: [n]')}networks: {n: {name: ""}}\n`;
    const { warnings } = await load({ 'compose.yaml': text, 'a.env': 'A=1\nB=$NOPE\n' });
    assert.deepEqual(
      warnings.map(({ file, line, message }) => `${file}:${line}: ${message}`),
      [
        'a.env:2: The "NOPE" variable is not set. Defaulting to a blank string.',
        'compose.yaml:6: networks.n: name is empty',
      ],
    );
  });
});
