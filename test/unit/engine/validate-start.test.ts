import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineContext } from '../../../src/engine/context.ts';
import { checkStart } from '../../../src/engine/validate-start.ts';
import type { ResolvedImage } from '../../../src/model/image.ts';
import type { Project } from '../../../src/model/project.ts';
import type { Service } from '../../../src/model/service.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('what would fail at the start', () => {
  const root = temporaryDirectory('tscompose-root-');
  after(() => rmSync(root, { recursive: true, force: true }));
  before(() => {
    for (const name of ['usr/bin', 'etc']) mkdirSync(join(root, name), { recursive: true });
    symlinkSync('usr/bin', join(root, 'bin'));
    writeFileSync(join(root, 'usr/bin/tool'), '');
    chmodSync(join(root, 'usr/bin/tool'), 0o755);
    symlinkSync('/usr/bin/tool', join(root, 'usr/bin/link'));
    symlinkSync('/../../etc/passwd', join(root, 'usr/bin/data'));
    symlinkSync('circle', join(root, 'usr/bin/circle'));
    writeFileSync(join(root, 'etc/passwd'), 'web:x:33:33::/:/bin/sh\n');
  });

  /** The message about a service with these attributes, or none. */
  async function complaint(attributes: Partial<Service>, layers: readonly string[] = [root]): Promise<string> {
    const config = { env: ['PATH=/bin:/sbin'], entrypoint: [], cmd: [], user: '', volumes: [] };
    const image = { layers, config } as unknown as ResolvedImage;
    const service = { command: ['tool'], ...attributes } as unknown as Service;
    const project = { name: 'p', services: { a: service } } as unknown as Project;
    const operation = { type: 'createContainer', resource: 'p-a-1', service: 'a' };
    const plan = { nodes: [{ id: 0, after: [], operation }] } as unknown as Plan;
    try {
      await checkStart({} as EngineContext, plan, project, new Map([['a', image]]));
      return '';
    } catch (error) {
      return (error as Error).message.replace('cannot start container p-a-1: ', '');
    }
  }

  it('is a command that no directory of PATH has', async () => {
    assert.equal(await complaint({}), '');
    assert.equal(await complaint({ command: ['link'] }), '');
    assert.equal(await complaint({ command: ['no'] }), 'exec: "no": executable file not found in $PATH');
    assert.equal(
      await complaint({ environment: { PATH: '/sbin' } }),
      'exec: "tool": executable file not found in $PATH',
    );
  });

  it('is a path that is not there, or no program', async () => {
    assert.equal(await complaint({ command: ['/bin/tool'] }), '');
    assert.equal(await complaint({ command: ['/bin/no'] }), 'exec: "/bin/no": no such file or directory');
    assert.equal(await complaint({ command: ['/bin/data'] }), 'exec: "/bin/data": permission denied', 'in the root');
  });

  it('is a user or group without an entry', async () => {
    assert.equal(await complaint({ user: 'web' }), '');
    assert.equal(await complaint({ user: '7:8' }), '');
    assert.equal(await complaint({ user: 'no' }), 'unable to find user no: no matching entries in passwd file');
    assert.equal(await complaint({ user: '0:no' }), 'unable to find group no: no matching entries in group file');
  });

  it('is nothing that cannot be told', async () => {
    const volumes = (target: string) => [{ type: 'bind', source: '/', target }] as const;
    assert.equal(await complaint({ command: ['no'] }, [root, '/other']), '', 'several layers');
    for (const target of ['/usr', '/usr/bin/', '/bin/no']) {
      assert.equal(await complaint({ command: ['no'], volumes: volumes(target) }), '', target);
    }
    assert.equal(await complaint({ command: ['no'], tmpfs: ['/usr/bin:exec'] }), '');
    assert.equal(await complaint({ command: ['/opt/mine/no'], volumes: volumes('/opt/mine') }), '');
    assert.equal(await complaint({ command: ['./no'] }), '');
    assert.equal(await complaint({ command: ['/bin/tool/no'] }), '');
    assert.equal(await complaint({ command: ['no'], environment: { PATH: 'bin:/bin' } }), '');
    assert.equal(await complaint({ command: ['/bin/circle'] }), '');
    assert.equal(await complaint({ command: ['/proc/self/exe'] }), '');
  });
});
