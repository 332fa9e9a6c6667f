import assert from 'node:assert/strict';
import { execProcess, resolveUser } from '../../../src/container/exec-process.ts';
import type { OciSpec } from '../../../src/container/oci.ts';
import { listProcesses } from '../../../src/container/processes.ts';

const accounts = {
  passwd: 'root:x:0:0::/root:/bin/sh\npostgres:x:70:71::/var/lib/postgres:/bin/sh\n',
  group: 'root:x:0:\npostgres:x:71:\nssl:x:101:other,postgres\nadmin:x:9:\n',
};
const spec = {
  process: {
    terminal: false,
    user: { uid: 0, gid: 0 },
    args: ['sleep'],
    env: ['PATH=/bin', 'A=1'],
    cwd: '/srv',
    capabilities: { bounding: ['CAP_CHOWN'], effective: [], permitted: [], inheritable: [], ambient: [] },
    rlimits: [],
    noNewPrivileges: true,
  },
  annotations: { 'dev.tscompose.user': 'postgres' },
} as unknown as OciSpec;
const request = { args: ['id'], environment: {}, user: null, workingDir: null, terminal: false };

describe('the process of exec', () => {
  it("runs as the container's user, with its groups, where the container works", () => {
    const process = execProcess(spec, request, accounts);
    assert.deepEqual(process.user, { uid: 70, gid: 71, additionalGids: [71, 101] });
    assert.deepEqual([process.cwd, process.args, process.noNewPrivileges], ['/srv', ['id'], true]);
    assert.deepEqual(process.capabilities.effective, []);
    assert.deepEqual(process.env, ['PATH=/bin', 'A=1', 'HOME=/var/lib/postgres']);
  });

  it('runs as another user, with the variables and the directory that were asked for', () => {
    const asked = { ...request, user: 'root', environment: { A: '2', B: '3' }, workingDir: '/tmp', terminal: true };
    const process = execProcess(spec, asked, accounts);
    assert.deepEqual(process.user, { uid: 0, gid: 0, additionalGids: [0] });
    assert.deepEqual(process.capabilities.effective, ['CAP_CHOWN']);
    assert.deepEqual(process.env, ['PATH=/bin', 'A=2', 'TERM=xterm', 'HOME=/root', 'B=3']);
    assert.deepEqual([process.cwd, process.terminal], ['/tmp', true]);
  });

  it('takes numbers without an account, and groups by name or number', () => {
    assert.deepEqual(resolveUser('4711', accounts), { uid: 4711, gid: 0, additionalGids: [0], home: null });
    assert.deepEqual(resolveUser('postgres:admin', accounts), {
      uid: 70,
      gid: 9,
      additionalGids: [9],
      home: '/var/lib/postgres',
    });
    assert.equal(resolveUser('0:12', accounts).gid, 12);
  });

  it('says which user or group is not there', () => {
    assert.throws(() => resolveUser('nobody-here', accounts), { code: 'USER_NOT_FOUND', message: /nobody-here/ });
    assert.throws(() => resolveUser('root:nope', accounts), { code: 'USER_NOT_FOUND', message: /nope/ });
  });
});

describe('processes of a pid namespace', () => {
  it('include our own', () => {
    const own = listProcesses(process.pid, new Date()).find(({ pid }) => pid === process.pid);
    assert.equal(own?.parentPid, process.ppid);
    assert.match(own?.cpuTime ?? '', /^\d\d:\d\d:\d\d$/);
    assert.ok(own?.command.includes('mocha') || own?.command.includes('node'), own?.command);
  });

  it('are none of a process that is gone', () => assert.deepEqual(listProcesses(2 ** 22 + 1, new Date()), []));
});
