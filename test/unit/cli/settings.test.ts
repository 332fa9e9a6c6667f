import assert from 'node:assert/strict';
import { attachedServices } from '../../../src/cli/attached/scope.ts';
import { down } from '../../../src/cli/commands/down.ts';
import { logs } from '../../../src/cli/commands/logs.ts';
import { ps } from '../../../src/cli/commands/ps.ts';
import { run } from '../../../src/cli/commands/run.ts';
import { up } from '../../../src/cli/commands/up.ts';
import type { Context } from '../../../src/cli/context.ts';
import { exitCode } from '../../../src/cli/exit-code.ts';
import { type globalOptions, globalSettings, mannerOf, rootShape } from '../../../src/cli/globals.ts';
import { Interruption } from '../../../src/cli/interrupts.ts';
import { type OptionValues, parseCommandLine } from '../../../src/cli/options.ts';
import { statusStream } from '../../../src/cli/progress.ts';
import { registry } from '../../../src/cli/registry.ts';
import { parseScale, timeoutMs } from '../../../src/cli/services.ts';
import { parseDetachKeys } from '../../../src/cli/stream.ts';
import type { Project } from '../../../src/model/project.ts';
import { defaultManner } from '../../../src/model/settings.ts';
import { ComposeError } from '../../../src/util/errors.ts';

function settingsOf<T>(
  command: {
    shape: Parameters<typeof parseCommandLine>[0];
    settings: (v: never, o: readonly string[], e: Record<string, string>) => T;
  },
  argv: string[],
  environment: Record<string, string> = {},
): T {
  const line = parseCommandLine(command.shape, argv);
  if (line.help) throw new Error('help');
  return command.settings(line.values as never, line.operands, environment);
}

describe('up', () => {
  it('turns flags into words', () => {
    const { apply, mode, attach } = settingsOf(up, [
      '-d',
      '--force-recreate',
      '-t',
      '3',
      '--scale',
      'web=2',
      '--no-deps',
      '-V',
      'web',
    ]);
    assert.equal(mode, 'detached');
    assert.deepEqual(
      [
        apply.intent,
        apply.recreate,
        apply.dependencies,
        apply.anonymousVolumes,
        apply.stopTimeoutMs,
        apply.scale,
        apply.services,
      ],
      ['up', 'force', 'exclude', 'renew', 3000, { web: 2 }, ['web']],
    );
    assert.equal(attach.abortOn, 'never');
  });

  it('--wait detaches and waits for health, --no-start only creates', () => {
    const waiting = settingsOf(up, ['--wait', '--wait-timeout', '9']);
    assert.deepEqual([waiting.mode, waiting.apply.wait, waiting.apply.waitTimeoutMs], ['detached', 'healthy', 9000]);
    assert.deepEqual(settingsOf(up, ['--no-start']).apply.intent, 'create');
  });

  it('--exit-code-from implies --abort-on-container-exit unless failure was asked for', () => {
    assert.equal(settingsOf(up, ['--exit-code-from', 'web']).attach.abortOn, 'exit');
    const both = settingsOf(up, ['--exit-code-from', 'web', '--abort-on-container-failure']);
    assert.equal(both.attach.abortOn, 'failure');
  });

  const conflicts = [
    ['--force-recreate', '--no-recreate'],
    ['--abort-on-container-exit', '--abort-on-container-failure'],
    ['-d', '--abort-on-container-exit'],
    ['--wait', '--attach', 'web'],
    ['--attach', 'a', '--attach-dependencies'],
    ['--build', '--no-build'],
    ['-V', '--no-recreate'],
  ];
  for (const argv of conflicts) {
    it(`refuses ${argv.join(' ')}`, () => {
      assert.throws(
        () => settingsOf(up, argv),
        (error: Error) => /are incompatible$/.test(error.message),
      );
    });
  }

  it('reads the COMPOSE_ variables that stand for flags', () => {
    assert.equal(settingsOf(up, [], { COMPOSE_REMOVE_ORPHANS: 'true' }).apply.orphans, 'remove');
    assert.equal(settingsOf(up, [], { COMPOSE_IGNORE_ORPHANS: '1' }).apply.orphans, 'ignore');
    assert.throws(() => settingsOf(up, ['--remove-orphans'], { COMPOSE_IGNORE_ORPHANS: '1' }), { code: 'USAGE' });
    assert.equal(settingsOf(up, [], { COMPOSE_MENU: 'false' }).attach.menu, 'hidden');
  });
});

describe('other commands', () => {
  it('down knows what to remove', () => {
    const settings = settingsOf(down, ['-v', '--rmi', 'local', '--remove-orphans']);
    assert.deepEqual([settings.removeVolumes, settings.removeImages, settings.orphans], [true, 'local', 'remove']);
    assert.throws(() => settingsOf(down, ['--rmi', 'some']), { code: 'USAGE' });
  });

  it('ps --status implies stopped containers, and filters are checked', () => {
    assert.deepEqual(settingsOf(ps, ['--status', 'exited', '--filter', 'status=created']).statuses, [
      'exited',
      'created',
    ]);
    assert.equal(settingsOf(ps, ['--status', 'exited']).stopped, true);
    assert.equal(settingsOf(ps, []).stopped, false);
    assert.throws(() => settingsOf(ps, ['--filter', 'name=x']), { message: 'unknown filter name' });
    assert.throws(() => settingsOf(ps, ['--filter', 'x']), { code: 'USAGE' });
  });

  it('logs --index takes exactly one service, --tail a number or all', () => {
    assert.throws(() => settingsOf(logs, ['--index', '1']), { message: '--index requires one service to be selected' });
    assert.equal(settingsOf(logs, ['--tail', '5']).tail, 5);
    assert.equal(settingsOf(logs, ['-n', 'all']).tail, undefined);
    assert.throws(() => settingsOf(logs, ['-n', 'x']), { code: 'USAGE' });
  });

  it('run keeps the flags behind the service for the command', () => {
    const settings = settingsOf(run, ['--rm', '-e', 'A=1', '-e', 'HOST', 'web', 'sh', '-c', 'x'], { HOST: 'h' });
    assert.deepEqual([settings.service, settings.command, settings.remove], ['web', ['sh', '-c', 'x'], true]);
    assert.deepEqual(settings.environment, { A: '1', HOST: 'h' });
    assert.throws(() => settingsOf(run, ['-P', '-p', '80:80', 'web']), { code: 'USAGE' });
  });

  it('have the name under which they are found, and a summary', async () => {
    for (const [name, load] of Object.entries(registry)) {
      const command = await load();
      assert.equal(command.name, name);
      assert.notEqual(command.summary, '');
    }
  });
});

describe('which logs up shows', () => {
  const service = (extra: object = {}) => ({ command: null, entrypoint: null, ...extra });
  const project = {
    name: 'p',
    services: {
      web: service({ depends_on: { db: { condition: 'service_started', required: true } } }),
      db: service(),
      quiet: service({ attach: false }),
    },
  } as unknown as Project;
  const attach = { only: [], except: [], dependencies: 'hidden' } as const;
  const settings = { services: [], dependencies: 'include' } as const;

  it('all but those that do not want to be attached', () => {
    assert.deepEqual([...attachedServices(project, settings, attach)], ['web', 'db']);
  });
  it('only the named ones, and their dependencies on request', () => {
    const named = { ...settings, services: ['web'] };
    assert.deepEqual([...attachedServices(project, named, attach)], ['web']);
    assert.deepEqual([...attachedServices(project, named, { ...attach, dependencies: 'shown' })].sort(), ['db', 'web']);
  });
  it('a named service although it says attach: false, and none that --no-attach names', () => {
    assert.deepEqual([...attachedServices(project, { ...settings, services: ['quiet'] }, attach)], ['quiet']);
    assert.deepEqual([...attachedServices(project, settings, { ...attach, except: ['db'] })], ['web']);
    assert.deepEqual([...attachedServices(project, settings, { ...attach, only: ['db'] })], ['db']);
  });
});

describe('global flags', () => {
  const none = {
    file: [],
    projectName: undefined,
    profile: [],
    envFile: [],
    projectDirectory: undefined,
    stateDir: undefined,
    progress: undefined,
    ansi: undefined,
    parallel: undefined,
    compatibility: undefined,
    allResources: undefined,
    dryRun: undefined,
    version: undefined,
    insecureRegistry: [],
    noAnsi: undefined,
    verbose: undefined,
  } as const;

  it('stand above the variables', () => {
    const environment = { COMPOSE_PROJECT_NAME: 'env', COMPOSE_PROGRESS: 'plain', COMPOSE_ANSI: 'always' };
    assert.deepEqual(
      [globalSettings(none, environment)].map(({ projectName, isNamedByFlag, progress, ansi }) => [
        projectName,
        isNamedByFlag,
        progress,
        ansi,
      ]),
      [['env', false, 'plain', 'always']],
    );
    const flags = globalSettings({ ...none, projectName: 'flag', progress: 'none', ansi: 'never' }, environment);
    assert.deepEqual(
      [flags.projectName, flags.isNamedByFlag, flags.progress, flags.ansi],
      ['flag', true, 'quiet', 'never'],
    );
  });

  it('COMPOSE_STATUS_STDOUT sends progress to standard output', () => {
    const { stdout, stderr } = process;
    const to = (environment: Context['environment']) => statusStream({ environment, stdout, stderr });
    assert.equal(to({}), stderr);
    assert.equal(to({ COMPOSE_STATUS_STDOUT: '1' }), stdout);
  });

  it('NO_COLOR means no control codes; a limit below one is none', () => {
    assert.equal(globalSettings(none, { NO_COLOR: '1' }).ansi, 'never');
    assert.equal(globalSettings({ ...none, parallel: 0 }, {}).parallel, undefined);
    assert.equal(globalSettings(none, { COMPOSE_PARALLEL_LIMIT: '4' }).parallel, 4);
    assert.throws(() => globalSettings(none, { COMPOSE_PARALLEL_LIMIT: 'x' }), { code: 'USAGE' });
    assert.throws(() => globalSettings({ ...none, progress: 'foo' }, {}), { code: 'USAGE' });
  });
});

describe('the manner of a change', () => {
  it('is what --parallel and --compatibility say, or their variables', () => {
    const manner = (environment: Record<string, string>, ...words: string[]) => {
      const line = parseCommandLine(rootShape, [...words, 'up']);
      assert.ok(!line.help);
      const { values } = line;
      return mannerOf(globalSettings(values as OptionValues<typeof globalOptions>, environment));
    };
    assert.deepEqual(manner({}), defaultManner);
    assert.deepEqual(manner({}, '--parallel', '2', '--compatibility'), { parallel: 2, nameSeparator: '_' });
    const environment = { COMPOSE_PARALLEL_LIMIT: '3', COMPOSE_COMPATIBILITY: 'true' };
    assert.deepEqual(manner(environment), { parallel: 3, nameSeparator: '_' });
    assert.deepEqual(manner(environment, '--parallel', '-1'), { parallel: null, nameSeparator: '_' });
  });
});

describe('exit codes', () => {
  it('are those of Docker Compose', () => {
    assert.equal(exitCode(new ComposeError('COMMAND_LINE', '')), 16);
    assert.equal(exitCode(new ComposeError('USAGE', '')), 1);
    assert.equal(exitCode(new ComposeError('FILE_NOT_FOUND', '')), 14);
    assert.equal(exitCode(new ComposeError('SYNTAX', '')), 15);
    assert.equal(exitCode(new ComposeError('START_FAILED', '', { exitCode: 127 })), 127);
    assert.equal(exitCode(new Interruption('SIGINT')), 130);
    assert.equal(exitCode(new Error('x', { cause: new Interruption('SIGTERM') })), 130);
    assert.equal(exitCode(new TypeError('bug')), 70);
    assert.equal(exitCode(new AggregateError([new ComposeError('CYCLE', '')])), 15);
  });
});

describe('arguments', () => {
  it('counts of --scale', () => {
    assert.deepEqual(parseScale(['web=3', 'db=0']), { web: 3, db: 0 });
    for (const bad of ['web', 'web=', 'web=x', '=1', 'web=-1'])
      assert.throws(() => parseScale([bad]), { code: 'USAGE' });
  });
  it('-t in seconds, below zero for ever', () => {
    assert.deepEqual([timeoutMs(undefined), timeoutMs(0), timeoutMs(5), timeoutMs(-1)], [null, 0, 5000, 2 ** 31 - 1]);
  });
  it('keys that detach', () => {
    assert.deepEqual([...parseDetachKeys('ctrl-p,ctrl-q')], [16, 17]);
    assert.deepEqual([...parseDetachKeys('ctrl-[,x')], [27, 120]);
    assert.throws(() => parseDetachKeys('ctrl-'), { code: 'USAGE' });
  });
});
