import assert from 'node:assert/strict';
import { formatUnit, stopSeconds } from '../../../src/cli/systemd-unit.ts';
import type { Project } from '../../../src/model/project.ts';

const depends = (...names: string[]) => ({
  depends_on: Object.fromEntries(names.map((name) => [name, { condition: 'service_started', required: true }])),
});
const project = {
  name: 'shop',
  services: {
    web: { stop_grace_period: '1m30s', ...depends('api', 'cache') },
    api: depends('db'),
    cache: { stop_grace_period: '20s' },
    db: { stop_grace_period: '15s' },
  },
} as unknown as Project;

describe('the unit for systemd', () => {
  it('gives a project the time that stopping it takes at most', () => {
    assert.equal(stopSeconds(project), 90 + 10 + 15);
    assert.equal(stopSeconds({ services: {} }), 0);
  });

  it('says words as systemd reads them', () => {
    const unit = formatUnit({
      project,
      workingDirectory: '/srv/50%',
      command: ['/usr/bin/tscompose', '--file', '/srv/50% off/$HOME "x".yaml'],
      directories: ['/srv/50% off', '/var/lib/tscompose', '/srv/50% off'],
      nodeDirectory: null,
      stop: 'stop',
      isUser: false,
    });
    assert.match(
      unit,
      /^ExecStart=\/usr\/bin\/tscompose --file "\/srv\/50%% off\/\$\$HOME \\"x\\".yaml" up --detach$/m,
    );
    assert.match(unit, /^RequiresMountsFor="\/srv\/50%% off" \/var\/lib\/tscompose$/m);
    assert.match(unit, /^WorkingDirectory=\/srv\/50%%$/m);
    assert.match(unit, /^TimeoutStopSec=145$/m);
    assert.match(unit, /^WantedBy=multi-user.target$/m);
  });
});
