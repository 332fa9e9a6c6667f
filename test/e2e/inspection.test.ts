// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { scenario } from '../support/scenario.ts';

const compose = `
services:
  web:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
    scale: 2
    stop_grace_period: 0s
    mem_limit: 64m
    environment: { DB_PASSWORD: hunter1, URL: "postgres://me:hunter2@db/x", PLAIN: shown, PASSWORD_FILE: /run/p }
    labels: { api.token: hunter3 }
    volumes: ["data:/mnt"]
    secrets: [given]
  idle: { image: rootfs:/, scale: 0, environment: { TOKEN: hunter4 } }
volumes: { data: {} }
secrets: { given: { environment: GIVEN } }
`;

interface Inspected {
  readonly Name: string | null;
  readonly Networks: readonly { readonly IPv4: string }[];
  readonly Mounts: readonly { readonly Type: string; readonly Destination: string }[];
  readonly Limits: { readonly MemoryBytes: number };
  readonly Specification: { readonly environment: Readonly<Record<string, string>> };
  readonly OCI: { readonly process: { readonly env: readonly string[] } };
}

describe('e2e: inspect and doctor', () => {
  scenario(
    'inspect shows what a container is, and no secret',
    { compose, environment: { GIVEN: 'hunter5' } },
    async (scene) => {
      await scene.ok('up', '-d');
      const text = await scene.ok('inspect', 'web', 'idle');
      assert.doesNotMatch(text, /hunter/);
      const [first, second, idle] = JSON.parse(text) as Inspected[];
      assert.deepEqual(
        [first?.Name, second?.Name, idle?.Name],
        [`${scene.project}-web-1`, `${scene.project}-web-2`, null],
      );
      assert.equal(first?.Limits.MemoryBytes, 64 << 20);
      assert.equal(first?.Specification.environment.PLAIN, 'shown');
      assert.equal(first?.Specification.environment.PASSWORD_FILE, '/run/p');
      assert.ok(first?.OCI.process.env.includes('PLAIN=shown'));
      const mounts = first?.Mounts.map(({ Type, Destination }) => `${Type} ${Destination}`) ?? [];
      assert.ok(mounts.includes('volume /mnt') && mounts.includes('bind /run/secrets/given'), mounts.join());
      const address = await scene.ok('exec', '-T', 'web', 'hostname', '-I');
      assert.equal(first?.Networks[0]?.IPv4, address.trim());
      assert.equal(await scene.ok('inspect', '--index', '2', '-f', '{{.Name}}', 'web'), `${scene.project}-web-2\n`);
      const volume = `${scene.project}_data`;
      assert.equal(await scene.ok('volumes', '-q'), `${volume}\n`);
      assert.match(await scene.ok('volumes'), new RegExp(`^DRIVER +VOLUME NAME\nlocal +${volume}\n$`));
      assert.equal(await scene.ok('volumes', 'idle'), 'DRIVER    VOLUME NAME\n');
      assert.equal((JSON.parse(await scene.ok('volumes', '--format', 'json', 'web')) as { Name: string }).Name, volume);
      await scene.fails(1, /no container #3 found for service web/, 'inspect', '--index', '3', 'web');
    },
  );

  scenario(
    'doctor finds a port that somebody else has, and not those that the project has itself',
    {
      compose:
        'services: { web: { image: "rootfs:/", init: true, command: [sleep, "9"], stop_grace_period: 0s, ports: ["127.0.0.1:${PORT}:80"] } }',
      environment: { PORT: '18391' },
    },
    async (scene) => {
      interface Check {
        readonly name: string;
        readonly status: string;
        readonly fix: string | null;
      }
      const ports = async () => {
        const { stdout, code } = await scene.run('doctor', '--format', 'json');
        const checks = JSON.parse(stdout) as Check[];
        assert.equal(code, checks.some(({ status }) => status === 'missing') ? 1 : 0);
        return checks.filter(({ name }) => name === 'ports').map(({ status, fix }) => [status, fix]);
      };
      assert.deepEqual(await ports(), [['ok', null]]);
      await scene.ok('up', '-d');
      assert.deepEqual(await ports(), [['ok', null]]);
      await scene.ok('down');
      const server = createServer().listen(18391, '127.0.0.1');
      await once(server, 'listening');
      assert.deepEqual(await ports(), [['missing', "ss -lntup 'sport = :18391'  # and stop it"]]);
      assert.match((await scene.run('doctor')).stdout, /^ok {7}kernel {11}Linux /);
      server.close();
    },
  );
});
