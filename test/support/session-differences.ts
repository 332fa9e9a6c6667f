/** Where our command line is another than Docker Compose's, on purpose; docs/compatibility.md has these tables. */

export interface Difference {
  /** Of the lines that the comparison gives. */
  readonly of: RegExp;
  readonly what: string;
  readonly why: string;
}

/** Of `STEP: code`, `STEP: stdout` and `STEP: stderr` of the script in session.ts. */
export const sessionDifferences: readonly Difference[] = [
  {
    of: /^(up -d|run|scale|start).*: stderr$|^logs (--no-color|-t --no-color job): stdout$/,
    what: 'a job that has completed and did not change is not run again by `up`, `run`, `scale` and `start`',
    why: 'it has done its work',
  },
  {
    of: /^logs --no-color: stdout$/,
    what: '`logs` is in order of time across containers',
    why: 'the reference prints one container after another, in any order',
  },
  {
    of: /^up -d: stderr$/,
    what: 'progress names volumes without quotes',
    why: 'as all other resources, and as the reference does when it removes them',
  },
  {
    of: /^(pause|unpause) web: stderr$/,
    what: '`pause` and `unpause` also say that they begin',
    why: 'as every other step',
  },
  {
    of: /^restart .*: stderr$/,
    what: '`restart` shows stopping and starting',
    why: 'either may take long, or fail',
  },
  {
    of: /^--profile failing up .*: stderr$/,
    what: 'an attached `up` shows that containers start, and does not stop those that have ended',
    why: 'that is what happens',
  },
  {
    of: /^images( --format json)?: stdout$/,
    what: '`images` has platform and age',
    why: 'as newer releases of Compose',
  },
  {
    of: /^top worker: stdout$/,
    what: 'the process of `init: true` is `tscompose-init`',
    why: 'it is ours',
  },
  {
    of: /^port web 81: stderr$/,
    what: '`port` names the ports of the container that are published',
    why: 'the reference names the ports of the host',
  },
  {
    of: /^exec -T web no-such-command: /,
    what: 'a command that is not there gives exit code 127, and its message goes to standard error',
    why: 'as in a shell, and as `run` has it; the reference exits with 126 and writes to standard output',
  },
  {
    of: /^exec -T nope true: stderr$/,
    what: '`exec` tells a service that does not exist from one that does not run',
    why: 'one is a misspelling',
  },
  {
    of: /^cp .*: stderr$/,
    what: 'progress and errors of `cp` name container and path alone',
    why: 'the reference tells the container twice, and its id in errors',
  },
  {
    of: /^--dry-run stop worker: std(out|err)$/,
    what: '`--dry-run` prints the plan, with the reason of each step, on standard output',
    why: 'that is the answer; the reference acts as if, and waits for ever for a job that never runs',
  },
  {
    of: /^wait job: stderr$/,
    what: '`wait` names the service of which no container runs',
    why: 'the reference says that the project has none',
  },
  {
    of: /^bogus: std(out|err)$/,
    what: 'an unknown command gives one line, and the command that is most like it',
    why: 'the reference prints its whole help on standard output',
  },
  {
    of: /^-f (missing|broken).yaml config: stderr$/,
    what: 'what is wrong with a file is told with line, column and the line itself',
    why: 'so that it is found',
  },
  {
    of: /^down( -v)? \(nothing\): stderr$|^down -v --remove-orphans -t 1: stderr$/,
    what: '`down` says when there was nothing to do, takes what inactive profiles have left unless services are named, and stops nothing that has ended',
    why: 'the reference leaves such containers, and with them nothing says what still uses the network',
  },
];

/** Of the comparison of commands, flags, short forms and defaults (command-line-reference.ts). */
export const commandLineDifferences: readonly Difference[] = [
  { of: /^tscompose --version: is shown/, what: '`--version` is in the help', why: 'it works' },
  {
    of: /^tscompose --state-dir: Compose has no/,
    what: '`--state-dir`',
    why: 'state is in a directory, not in a daemon',
  },
  {
    of: /^(build|pull) --(no-)?(parallel|compress|force-rm): defaults/,
    what: '`build --parallel --compress --force-rm`, `pull --parallel --no-parallel`',
    why: 'hidden and without effect, there as here',
  },
  {
    of: /^(alpha (viz|generate) |bridge )/,
    what: '`bridge`, `alpha viz`, `alpha generate`',
    why: 'they say in one line why they are not here',
  },
  {
    of: /^up --(ask|plan-hash): Compose has no/,
    what: '`up --ask`, `up --plan-hash`',
    why: 'the plan that was agreed to is the plan that runs',
  },
  {
    of: /^(up|watch) --watch-config: Compose has no/,
    what: '`up --watch-config`, `watch --watch-config`',
    why: 'what the project is made of changes as its sources do',
  },
  {
    of: /^(diff|image|lint|login|logout|plan|completion|systemd|doctor|inspect|ui): Compose has no such command/,
    what: '`diff`, `image`, `lint`, `login`, `logout`, `plan`, `completion`, `systemd`, `doctor`, `inspect`, `ui`',
    why: 'what Docker has elsewhere, or nobody has',
  },
];
