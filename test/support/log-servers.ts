import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

const journald = '/lib/systemd/systemd-journald';
const rsyslogd = '/usr/sbin/rsyslogd';

/** Whether the machine has the servers. */
export const hasLogServers = existsSync(journald) && existsSync(rsyslogd);

export const tcpPort = 5515;
export const udpPort = 5514;
export const tlsPort = 5516;

/**
 * journald and rsyslogd as Debian has them, in a mount namespace whose /run is its own: neither meets the machine's. Ports
 * are those of a network namespace, also its own.
 */
export class LogServers implements AsyncDisposable {
  readonly #directory: string;
  readonly #holder;
  #pid = 0;
  #rsyslogd = 0;

  static async start(directory: string): Promise<LogServers> {
    const servers = new LogServers(directory);
    await servers.#begin();
    return servers;
  }

  private constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
    const prepare = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && ip link set lo up && echo $$';
    this.#holder = spawn('unshare', ['-m', '-n', 'sh', '-c', `${prepare}; exec sleep 1000`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  /** Where rsyslogd listens on a unix socket, seen from inside. */
  get socket(): string {
    return '/run/rsyslog.sock';
  }

  get authority(): string {
    return join(this.#directory, 'ca.pem');
  }

  /** What came to rsyslogd so far: program name, facility and severity, message. */
  received(): string[] {
    const path = join(this.#directory, 'received');
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  }

  /** The journal's entries that match, as journalctl gives them. */
  journal(match: string): Record<string, string>[] {
    const { stdout } = this.inside(['journalctl', '--no-pager', '-o', 'json', '--all', match]);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** Runs a program where the servers are. */
  inside(command: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
    const enter = ['-m', '-n', '-t', String(this.#pid), ...command];
    return spawnSync('nsenter', enter, { encoding: 'utf8', env: environment, timeout: 60_000, maxBuffer: 2 ** 28 });
  }

  stopRsyslogd(): void {
    process.kill(this.#rsyslogd, 'SIGKILL');
  }

  async startRsyslogd(): Promise<void> {
    const configuration = join(this.#directory, 'rsyslog.conf');
    const child = this.#spawn([rsyslogd, '-n', '-f', configuration, '-i', 'NONE']);
    this.#rsyslogd = child.pid ?? 0;
    await eventually(() => {
      const { stdout } = this.inside(['ss', '-ltnx']);
      for (const word of [`:${tcpPort} `, `:${tlsPort} `]) {
        if (!stdout.includes(word)) throw new Error(`rsyslogd does not listen on ${word}`);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#holder.kill('SIGKILL');
    await Promise.all(
      [...this.#children, this.#holder].map((child) =>
        child.exitCode !== null || child.signalCode !== null
          ? undefined
          : new Promise((settle) => child.once('exit', settle)),
      ),
    );
  }

  readonly #children: ReturnType<typeof spawn>[] = [];

  /** nsenter becomes the program: its process id is the program's. */
  #spawn(command: readonly string[]) {
    const child = spawn('nsenter', ['-m', '-n', '-t', String(this.#pid), ...command], { stdio: 'ignore' });
    this.#children.push(child);
    return child;
  }

  async #begin(): Promise<void> {
    for await (const chunk of this.#holder.stdout) {
      this.#pid = Number(String(chunk).trim());
      break;
    }
    this.#spawn([journald]);
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2', '-nodes'];
    const files = ['-keyout', join(this.#directory, 'key.pem'), '-out', this.authority];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject, ...files], { stdio: 'ignore' });
    const received = join(this.#directory, 'received');
    writeFileSync(
      join(this.#directory, 'rsyslog.conf'),
      `global(DefaultNetstreamDriverCAFile="${this.authority}" DefaultNetstreamDriverCertFile="${this.authority}"
         DefaultNetstreamDriverKeyFile="${join(this.#directory, 'key.pem')}")
       module(load="imuxsock" SysSock.Use="off")
       module(load="imudp")
       module(load="imtcp")
       input(type="imuxsock" Socket="${this.socket}" RateLimit.Interval="0")
       input(type="imudp" address="127.0.0.1" port="${udpPort}")
       input(type="imtcp" address="127.0.0.1" port="${tcpPort}")
       input(type="imtcp" address="127.0.0.1" port="${tlsPort}" StreamDriver.Name="ossl" StreamDriver.Mode="1"
         StreamDriver.AuthMode="anon")
       template(name="plain" type="string" string="%programname% %syslogfacility-text%.%syslogseverity-text% %hostname% %msg%\\n")
       *.* action(type="omfile" file="${received}" template="plain")
      `,
    );
    await this.startRsyslogd();
    await eventually(() => {
      const { status } = this.inside(['test', '-S', '/run/systemd/journal/socket']);
      if (status !== 0) throw new Error('journald does not listen');
    });
  }
}
