import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeBuildRequests } from '../../../src/build/from-compose.ts';
import type { BuildRequest } from '../../../src/build/request.ts';
import type { Build } from '../../../src/model/service.ts';
import { ComposeError } from '../../../src/util/errors.ts';

describe('build: of a service', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'tsc-build-'));
    for (const name of ['context', 'other']) mkdirSync(join(root, name));
    for (const name of ['Dockerfile', 'second.Dockerfile'])
      writeFileSync(join(root, 'context', name), 'FROM scratch\n');
    writeFileSync(join(root, 'context/.dockerignore'), 'common\n');
    writeFileSync(join(root, 'context/second.Dockerfile.dockerignore'), 'own\n');
    writeFileSync(join(root, 'secret'), 'x');
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  const requests = (build: Partial<Build>, environment: Readonly<Record<string, string>> = {}): BuildRequest[] => {
    const service = { command: null, entrypoint: null, build: { context: join(root, 'context'), ...build } };
    return composeBuildRequests({
      project: { name: 'p', services: { web: service }, secrets: { s: { name: 's', file: join(root, 'secret') } } },
      serviceName: 'web',
      service,
      buildArguments: new Map([['A', 'flag']]),
      noCache: false,
      ssh: [],
      variables: {},
      environment,
      workingDirectory: root,
      imageOf: (name) => `p-${name}`,
      label: null,
      labels: { 'com.docker.compose.service': 'web' },
    });
  };
  const request = (build: Partial<Build>, environment: Readonly<Record<string, string>> = {}): BuildRequest => {
    const [only, ...others] = requests(build, environment);
    assert.ok(only !== undefined && others.length === 0);
    return only;
  };

  it('arguments of the command line stand above those of the file', () => {
    const { buildArguments } = request({ args: { A: 'file', B: 'file' } });
    assert.deepEqual(
      [...buildArguments],
      [
        ['A', 'flag'],
        ['B', 'file'],
      ],
    );
  });

  it('a Dockerfile with a .dockerignore of its own has that one', () => {
    const ignores = (build: Partial<Build>) =>
      ['common', 'own'].map((path) => request(build).context.ignored.ignores(path));
    assert.deepEqual(ignores({ dockerfile: 'Dockerfile' }), [true, false]);
    assert.deepEqual(ignores({ dockerfile: 'second.Dockerfile' }), [false, true]);
  });

  it('further contexts are directories, images and other services', () => {
    const { contexts } = request({
      additional_contexts: { dir: join(root, 'other'), image: 'docker-image://debian:13', built: 'service:base' },
    });
    assert.deepEqual(
      [...contexts].map(([name, context]) => [name, context.kind === 'image' ? context.reference : context.kind]),
      [
        ['dir', 'directory'],
        ['image', 'debian:13'],
        ['built', 'p-base'],
      ],
    );
  });

  it('each platform is a build of its own', () => {
    const built = requests({ platforms: ['linux/amd64', 'linux/arm64'] });
    assert.deepEqual(
      built.map(({ platform }) => platform.architecture),
      ['amd64', 'arm64'],
    );
  });

  it('secrets have the id that the build gives them', () => {
    assert.deepEqual([...request({ secrets: [{ source: 's' }] }).secrets], [['s', { file: join(root, 'secret') }]]);
    assert.deepEqual([...request({ secrets: [{ source: 's', target: 'token' }] }).secrets.keys()], ['token']);
  });

  it('secrets have the owner and the mode that the file says, and keys are named', () => {
    const { secrets, ssh } = request({
      secrets: [{ source: 's', uid: '1', mode: '0440' }],
      ssh: [`default=${join(root, 'secret')},${join(root, 'secret')}`],
    });
    assert.deepEqual(secrets.get('s'), { file: join(root, 'secret'), uid: 1, mode: 0o440 });
    assert.deepEqual(ssh.get('default'), { keys: [join(root, 'secret'), join(root, 'secret')] });
  });

  it('the epoch comes from the environment or from an argument', () => {
    assert.equal(request({}).sourceDateEpoch, null);
    assert.equal(request({}, { SOURCE_DATE_EPOCH: '12' }).sourceDateEpoch, 12);
    assert.equal(request({ args: { SOURCE_DATE_EPOCH: '13' } }, { SOURCE_DATE_EPOCH: '12' }).sourceDateEpoch, 13);
  });

  const refused: readonly (readonly [
    title: string,
    build: () => Partial<Build>,
    message: RegExp,
    attribute: string,
  ])[] = [
    [
      'a context elsewhere',
      () => ({ context: 'https://example.org/x.git' }),
      /is not on this machine/,
      'build.context',
    ],
    ['a context that is missing', () => ({ context: join(root, 'none') }), /none does not exist/, 'build.context'],
    ['a context that is a file', () => ({ context: join(root, 'secret') }), /is not a directory/, 'build.context'],
    ['a Dockerfile that is missing', () => ({ dockerfile: 'No' }), /context\/No does not exist/, 'build.dockerfile'],
    ['a network of a project', () => ({ network: 'own' }), /cannot use the network own/, 'build.network'],
    [
      'a cache elsewhere',
      () => ({ cache_to: ['type=inline', 'type=s3,bucket=x'] }),
      /cannot be written/,
      'build.cache_to.1',
    ],
    ['an agent that does not run', () => ({ ssh: ['default'] }), /SSH_AUTH_SOCK is not set/, 'build.ssh.0'],
    ['a key that is missing', () => ({ ssh: ['default=/none'] }), /\/none does not exist/, 'build.ssh.0'],
    ['a mode that is none', () => ({ secrets: [{ source: 's', mode: '9' }] }), /no octal/, 'build.secrets.0.mode'],
    [
      'a layout that is missing',
      () => ({ additional_contexts: { x: 'oci-layout:///x:1' } }),
      /layout \/x does not exist/,
      'build.additional_contexts.x',
    ],
  ];
  for (const [title, build, message, attribute] of refused) {
    it(`${title} is refused`, () => {
      assert.throws(
        () => requests(build()),
        (error) => {
          assert.ok(error instanceof ComposeError);
          assert.match(error.message, message);
          assert.equal(error.attribute?.join('.'), attribute);
          return true;
        },
      );
    });
  }
});
