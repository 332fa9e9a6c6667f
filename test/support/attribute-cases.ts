// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of shells
/**
 * One service each, whose own process looks whether its attributes have their effect. test/e2e/attributes.test.ts runs them all in
 * one project; what a process cannot see from inside is looked at in that file, and listed there.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { isUnifiedCgroup } from './requirements.ts';

export interface AttributeCase {
  /** The attributes that are shown to work, as docs/compatibility.md names them. */
  readonly shows: readonly string[];
  readonly service: Readonly<Record<string, unknown>>;
  /** Run by the service, unless it has a command of its own. */
  readonly script?: string;
  /** What it prints, without the newline at the end. */
  readonly prints: string | RegExp;
  /** Top-level resources. */
  readonly top?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly files?: Readonly<Record<string, string>>;
}

const v2 = isUnifiedCgroup;
const cgroup = (one: string, two: string) => `cat /sys/fs/cgroup/${v2 ? two : one}`;
const namespaceOfHost = (type: string) => readlinkSync(`/proc/self/ns/${type}`);
const volume = (mount: object) => ({ volumes: [mount] });
const eth0 = (file: string) => `cat /sys/class/net/eth0/${file}`;

const service = (names: string) => names.split(' ').map((name) => `services[].${name}`);

const identity: readonly AttributeCase[] = [
  {
    shows: service('hostname domainname'),
    service: { hostname: 'box', domainname: 'example.test' },
    script: 'hostname; cat /proc/sys/kernel/domainname',
    prints: 'box\nexample.test',
  },
  {
    shows: service('user group_add'),
    service: { user: 'daemon:mail', group_add: ['audio', 4242] },
    script: 'id',
    prints: 'uid=1(daemon) gid=8(mail) groups=8(mail),29(audio),4242',
  },
  {
    shows: service('working_dir environment'),
    service: { working_dir: '/usr/share', environment: { A: 'a b', B: '', C: null } },
    script: 'pwd; echo "$A|$B|${C-unset}"',
    prints: '/usr/share\na b||unset',
  },
  {
    shows: service('env_file env_file[].path env_file[].required env_file[].format'),
    service: {
      env_file: [{ path: 'a.env' }, { path: 'raw.env', format: 'raw' }, { path: 'none.env', required: false }],
      environment: { B: 'own' },
    },
    files: { 'a.env': 'A="1"\nB=file\n', 'raw.env': 'C="raw"\n' },
    script: 'echo "$A|$B|$C"',
    prints: '1|own|"raw"',
  },
  {
    shows: service('command entrypoint'),
    service: { entrypoint: ['echo', 'one'], command: 'two "three four"' },
    prints: 'one two three four',
  },
  { shows: service('tty'), service: { tty: true }, script: 'test -t 1 && echo terminal', prints: /^terminal\r?$/ },
  {
    shows: service('stdin_open'),
    service: { stdin_open: true },
    script: 'readlink /proc/self/fd/0',
    prints: /^pipe:/,
  },
  { shows: service('init'), service: { init: true }, script: 'test $$ != 1 && echo child', prints: 'child' },
];

const rights: readonly AttributeCase[] = [
  {
    shows: service('cap_add cap_drop'),
    service: { cap_drop: ['ALL'], cap_add: ['NET_BIND_SERVICE', 'cap_kill'] },
    script: 'grep -h CapBnd /proc/self/status',
    prints: 'CapBnd:\t0000000000000420',
  },
  {
    shows: service('privileged'),
    service: { privileged: true },
    script:
      'grep -hE "CapBnd|Seccomp:" /proc/self/status; stat -c "%t %T" /dev/kmsg; grep -c " /proc/kcore " /proc/self/mountinfo',
    prints: `${/^CapBnd:.*$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[0]}\nSeccomp:\t0\n1 b\n0`,
  },
  {
    shows: service('security_opt'),
    service: { security_opt: ['no-new-privileges', 'seccomp=unconfined', 'systempaths=unconfined'] },
    script:
      'grep -hE "NoNewPrivs|Seccomp:" /proc/self/status; grep -cE " /proc/(kcore|keys|sys) " /proc/self/mountinfo',
    prints: 'NoNewPrivs:\t1\nSeccomp:\t0\n0',
  },
  {
    shows: service('read_only tmpfs'),
    service: { read_only: true, tmpfs: ['/scratch:size=1m,mode=1770', '/plain'] },
    script:
      'touch /new 2>/dev/null || echo read-only; touch /scratch/x /plain/x; df -k /scratch | tail -n 1 | awk "{print \\$2}"; stat -c %a /scratch',
    prints: 'read-only\n1024\n1770',
  },
  {
    shows: service('ulimits ulimits[].soft ulimits[].hard'),
    service: { ulimits: { nofile: { soft: 512, hard: 1024 }, core: 0 } },
    script: 'ulimit -Sn; ulimit -Hn; ulimit -c',
    prints: '512\n1024\n0',
  },
  {
    shows: service('sysctls'),
    service: { sysctls: { 'net.core.somaxconn': 77, 'kernel.msgmax': '4096' } },
    script: 'cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax',
    prints: '77\n4096',
  },
  {
    shows: service('oom_score_adj'),
    service: { oom_score_adj: 321 },
    script: 'cat /proc/self/oom_score_adj',
    prints: '321',
  },
  {
    shows: service('devices devices[].source devices[].target devices[].permissions'),
    service: { devices: ['/dev/loop-control:/dev/mine:r'] },
    script: 'stat -c "%F %t %T" /dev/mine; : </dev/mine && echo read; (: >/dev/mine) 2>/dev/null || echo no write',
    prints: 'character special file a ed\nread\nno write',
  },
  {
    shows: service('device_cgroup_rules'),
    service: { device_cgroup_rules: ['c 10:237 r'] },
    script: 'mknod /node c 10 237; : </node && echo read; (: >/node) 2>/dev/null || echo no write',
    prints: 'read\nno write',
  },
  {
    shows: service('shm_size'),
    service: { shm_size: '16m' },
    script: 'df -k /dev/shm | tail -n 1 | awk "{print \\$2}"',
    prints: '16384',
  },
];

const namespaces: readonly AttributeCase[] = [
  ...['ipc', 'pid', 'uts'].map((type) => ({
    shows: service(type),
    service: { [type]: 'host' },
    script: `readlink /proc/self/ns/${type}`,
    prints: namespaceOfHost(type),
  })),
  {
    shows: service('network_mode'),
    service: { network_mode: 'host' },
    script: 'readlink /proc/self/ns/net',
    prints: namespaceOfHost('net'),
  },
  {
    shows: service('network_mode'),
    service: { network_mode: 'none' },
    script: 'ls /sys/class/net',
    prints: 'lo',
  },
  {
    shows: service('cgroup'),
    service: { cgroup: 'host' },
    script: 'readlink /proc/self/ns/cgroup',
    prints: namespaceOfHost('cgroup'),
  },
  {
    shows: service('cgroup'),
    service: { cgroup: 'private' },
    script: 'cut -d: -f3 /proc/self/cgroup | sort -u',
    prints: '/',
  },
  {
    shows: service('cgroup_parent'),
    service: { cgroup: 'host', cgroup_parent: '/tscompose-test-parent' },
    script:
      'grep -cE ":/(.*/)?tscompose-test-parent/[0-9a-f]{64}$" /proc/self/cgroup | grep -v "^0$" | head -n 1 | sed "s/.*/yes/"',
    prints: 'yes',
  },
];

const resources: readonly AttributeCase[] = [
  {
    shows: service('mem_limit mem_reservation memswap_limit'),
    service: { mem_limit: '64m', mem_reservation: '32m', memswap_limit: '96m' },
    script: [
      cgroup('memory/memory.limit_in_bytes', 'memory.max'),
      cgroup('memory/memory.soft_limit_in_bytes', 'memory.low'),
      cgroup('memory/memory.memsw.limit_in_bytes', 'memory.swap.max'),
    ].join('; '),
    prints: `67108864\n33554432\n${v2 ? 33554432 : 100663296}`,
  },
  {
    shows: service('cpus cpuset pids_limit'),
    service: { cpus: 0.5, cpuset: '0', pids_limit: 40 },
    script: [
      cgroup('cpu/cpu.cfs_quota_us', 'cpu.max'),
      cgroup('cpuset/cpuset.cpus', 'cpuset.cpus'),
      cgroup('pids/pids.max', 'pids.max'),
    ].join('; '),
    prints: `${v2 ? '50000 100000' : '50000'}\n0\n40`,
  },
  {
    shows: service('cpu_quota cpu_period cpu_shares'),
    service: { cpu_quota: 20000, cpu_period: 50000, cpu_shares: 512 },
    script: v2
      ? 'cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu.weight'
      : 'cd /sys/fs/cgroup/cpu; cat cpu.cfs_quota_us cpu.cfs_period_us cpu.shares',
    prints: v2 ? /^20000 50000\n\d+$/ : '20000\n50000\n512',
  },
  {
    shows: service(
      'deploy deploy.resources deploy.resources.limits deploy.resources.limits.cpus deploy.resources.limits.memory deploy.resources.limits.pids deploy.resources.reservations deploy.resources.reservations.memory',
    ),
    service: {
      deploy: { resources: { limits: { cpus: '0.25', memory: '48M', pids: 30 }, reservations: { memory: '24M' } } },
    },
    script: [
      cgroup('cpu/cpu.cfs_quota_us', 'cpu.max'),
      cgroup('memory/memory.limit_in_bytes', 'memory.max'),
      cgroup('pids/pids.max', 'pids.max'),
      cgroup('memory/memory.soft_limit_in_bytes', 'memory.low'),
    ].join('; '),
    prints: `${v2 ? '25000 100000' : '25000'}\n50331648\n30\n25165824`,
  },
];

const networks: readonly AttributeCase[] = [
  {
    shows: service('extra_hosts'),
    service: { extra_hosts: ['pair:192.0.2.9', 'six=2001:db8::1'] },
    script: 'grep -E "pair|six" /etc/hosts',
    prints: '192.0.2.9\tpair\n2001:db8::1\tsix',
  },
  {
    shows: service('dns dns_search dns_opt'),
    service: { network_mode: 'host', dns: '192.0.2.53', dns_search: ['example.test'], dns_opt: ['timeout:3'] },
    script: 'cat /etc/resolv.conf',
    prints: 'nameserver 192.0.2.53\nsearch example.test\noptions timeout:3',
  },
  {
    shows: service('mac_address'),
    service: { mac_address: '02:42:0a:00:00:07' },
    script: eth0('address'),
    prints: '02:42:0a:00:00:07',
  },
  {
    shows: [
      ...service(
        'networks networks[].ipv4_address networks[].ipv6_address networks[].mac_address networks[].interface_name',
      ),
      'networks[].ipam',
      'networks[].ipam.config',
      'networks[].ipam.config[].subnet',
      'networks[].ipam.config[].gateway',
      'networks[].enable_ipv6',
      'networks[].driver_opts',
    ],
    service: {
      networks: {
        static: {
          ipv4_address: '10.213.40.9',
          ipv6_address: 'fd00:213:40::9',
          mac_address: '02:42:0a:00:00:08',
          interface_name: 'mine0',
        },
      },
    },
    top: {
      networks: {
        static: {
          enable_ipv6: true,
          driver_opts: { 'com.docker.network.driver.mtu': '1300' },
          ipam: {
            config: [{ subnet: '10.213.40.0/24', gateway: '10.213.40.77' }, { subnet: 'fd00:213:40::/64' }],
          },
        },
      },
    },
    // The gateway is the number of 10.213.40.77 in the machine's own order (proc(5), /proc/net/route).
    script:
      'cat /sys/class/net/mine0/address /sys/class/net/mine0/mtu; grep -c 0a0000d5 /dev/null; awk \'$1 == "mine0" && $2 == "00000000" { print $3 }\' /proc/net/route; grep -c fd0002130040000000000000000000 /proc/net/if_inet6; hostname -I | tr " " "\\n" | grep 10.213',
    prints: '02:42:0a:00:00:08\n1300\n0\n4D28D50A\n1\n10.213.40.9',
  },
  {
    shows: ['networks[].ipam.config[].ip_range', 'networks[].ipam.config[].aux_addresses'],
    service: { networks: ['ranged'] },
    top: {
      networks: {
        ranged: {
          ipam: {
            config: [
              { subnet: '10.213.41.0/24', ip_range: '10.213.41.128/25', aux_addresses: { host: '10.213.41.128' } },
            ],
          },
        },
      },
    },
    script: 'hostname -I | tr -d " "',
    prints: '10.213.41.129',
  },
  {
    shows: ['networks[].internal'],
    service: { networks: ['inner'] },
    top: { networks: { inner: { internal: true } } },
    script: 'awk \'$2 == "00000000"\' /proc/net/route | wc -l',
    prints: '0',
  },
  {
    shows: ['networks[].enable_ipv4'],
    service: { networks: ['six'] },
    top: { networks: { six: { enable_ipv4: false, enable_ipv6: true } } },
    script: 'wc -l </proc/net/route; grep -c " 00 .* eth0" /proc/net/if_inet6',
    prints: '1\n1',
  },
  {
    shows: service('networks[].priority networks[].gw_priority'),
    service: { networks: { pa: { gw_priority: 5 }, pb: { priority: 9 } } },
    top: {
      networks: {
        pa: { ipam: { config: [{ subnet: '10.213.42.0/24' }] } },
        pb: { ipam: { config: [{ subnet: '10.213.43.0/24' }] } },
      },
    },
    // eth0 is on the network of priority 9, and the way out is the other one.
    script:
      'awk \'$1 == "eth0" && $2 != "00000000" { print $2 } $2 == "00000000" { print $1 }\' /proc/net/route | sort',
    prints: '002BD50A\neth1',
  },
];

const mounts: readonly AttributeCase[] = [
  {
    shows: service('volumes volumes[].type volumes[].source volumes[].target volumes[].read_only volumes[].bind'),
    service: volume({ type: 'bind', source: './given', target: '/given', read_only: true, bind: {} }),
    files: { 'given/file': 'content\n' },
    script: 'cat /given/file; touch /given/x 2>/dev/null || echo read-only',
    prints: 'content\nread-only',
  },
  {
    shows: service('volumes[].bind.create_host_path'),
    service: volume({ type: 'bind', source: './made/of/it', target: '/made', bind: { create_host_path: true } }),
    script: 'test -d /made && echo there',
    prints: 'there',
  },
  ...[
    ['rshared', / shared:\d+/],
    ['rslave', / master:\d+/],
    ['rprivate', /^\S+ \S+ \S+ \S+ \S+ \S+ -/],
  ].map(([propagation, prints]) => ({
    shows: service('volumes[].bind.propagation'),
    service: volume({ type: 'bind', source: './shared', target: '/p', bind: { propagation } }),
    script: 'grep " /p " /proc/self/mountinfo',
    prints: prints as RegExp,
  })),
  {
    shows: service('volumes[].bind.recursive'),
    service: {
      volumes: [
        { type: 'bind', source: '/proc/sys', target: '/all', bind: {} },
        { type: 'bind', source: '/dev', target: '/flat', bind: { recursive: 'disabled' } },
        { type: 'bind', source: '/dev', target: '/deep' },
      ],
    },
    script:
      'grep -c " /flat/" /proc/self/mountinfo; grep -c " /deep/" /proc/self/mountinfo | sed "s/[1-9][0-9]*/some/"',
    prints: '0\nsome',
  },
  {
    shows: service('volumes[].tmpfs volumes[].tmpfs.size volumes[].tmpfs.mode'),
    service: volume({ type: 'tmpfs', target: '/sized', tmpfs: { size: '2m', mode: 0o1750 } }),
    script: 'df -k /sized | tail -n 1 | awk "{print \\$2}"; stat -c %a /sized',
    prints: '2048\n1750',
  },
  {
    shows: ['volumes[].driver_opts', ...service('volumes[].volume volumes[].volume.nocopy')],
    service: volume({ type: 'volume', source: 'memory', target: '/memory', volume: { nocopy: true } }),
    top: { volumes: { memory: { driver_opts: { type: 'tmpfs', device: 'tmpfs', o: 'size=3m,mode=0711' } } } },
    script: 'df -k /memory | tail -n 1 | awk "{print \\$2}"; stat -c %a /memory',
    prints: '3072\n711',
  },
];

const given: readonly AttributeCase[] = [
  {
    shows: [
      'secrets',
      ...service('secrets secrets[].source secrets[].target secrets[].uid secrets[].gid secrets[].mode'),
      'secrets[].file',
      'secrets[].environment',
    ],
    service: {
      user: '1234:2345',
      secrets: [
        'from_file',
        { source: 'from_file', target: 'renamed', uid: '1234', gid: '2345', mode: '0400' },
        { source: 'from_variable', target: '/elsewhere/secret', uid: '1234', mode: '0440' },
        'from_variable',
      ],
    },
    top: { secrets: { from_file: { file: './secret' }, from_variable: { environment: 'GIVEN' } } },
    files: { secret: 'from file\n' },
    script:
      'cd /run/secrets; cat from_file renamed /elsewhere/secret; echo; stat -c "%u %g %a" renamed /elsewhere/secret from_variable; (echo x >renamed) 2>/dev/null || echo read-only',
    prints: 'from file\nfrom file\nfrom a variable\n1234 2345 400\n1234 0 440\n0 0 444\nread-only',
  },
  {
    shows: [
      'configs',
      ...service('configs configs[].source configs[].target configs[].uid configs[].gid configs[].mode'),
      'configs[].content',
      'configs[].environment',
      'configs[].file',
    ],
    service: {
      configs: [
        'inline',
        { source: 'inline', target: '/etc/own.conf', uid: '7', gid: '8', mode: '0640' },
        { source: 'variable', target: '/variable' },
        'file',
      ],
    },
    top: {
      configs: { inline: { content: 'a\nb\n' }, variable: { environment: 'GIVEN' }, file: { file: './config' } },
    },
    files: { config: 'config file\n' },
    script: 'cat /inline /etc/own.conf /variable; echo; cat /file; stat -c "%u %g %a" /inline /etc/own.conf /variable',
    prints: 'a\nb\na\nb\nfrom a variable\nconfig file\n0 0 444\n7 8 640\n0 0 444',
  },
];

export const attributeCases: readonly AttributeCase[] = [
  ...identity,
  ...rights,
  ...namespaces,
  ...resources,
  ...networks,
  ...mounts,
  ...given,
];

const all = (prefix: string, names: string) => names.split(' ').map((name) => `${prefix}.${name}`);
const rates = ['read_bps', 'read_iops', 'write_bps', 'write_iops'].map((name) => `blkio_config.device_${name}`);

/** The attributes that a scenario of test/e2e/attributes-outside.test.ts looks at, by its title. */
export const seenFromOutside: Readonly<Record<string, readonly string[]>> = {
  'of a container itself: its name, labels, annotations': service('container_name labels label_file annotations'),
  'of several services: shared namespaces and volumes, links and aliases': service(
    'networks[].aliases links external_links volumes_from volumes[].volume.subpath depends_on depends_on[].condition',
  ),
  'of networks and volumes: their names and labels, and those of another project': [
    ...['networks', 'volumes'],
    ...all('networks[]', 'name labels external external.name'),
    ...all('volumes[]', 'name labels external external.name'),
    ...service('profiles'),
  ],
  'of ports: address, range, protocol and target': service(
    'ports ports[].host_ip ports[].target ports[].published ports[].protocol',
  ),
  'of the life of a container: signals, restarts, health': [
    ...service('stop_signal stop_grace_period deploy.restart_policy'),
    ...all('services[].deploy.restart_policy', 'condition delay max_attempts window'),
    ...service('healthcheck'),
    ...all('services[].healthcheck', 'test interval timeout retries start_period start_interval disable'),
  ],
  'of output: who is attached to, and where logs go': service('attach logging logging.options'),
  'of numbers: scale and deploy.replicas': service('scale deploy.replicas'),
  'of dependencies: an optional one may fail': service('depends_on[].required'),
};

/** Those that scenarios of test/e2e/attributes.test.ts look at for which a kernel must be able to do it. */
export const seenWhereAble: Readonly<Record<string, readonly string[]>> = {
  'of block devices: weights and rates': service('blkio_config blkio_config.weight').concat(
    rates.flatMap((name) => service(`${name} ${name}[].path ${name}[].rate`)),
  ),
  'of single block devices: weights, with the scheduler bfq': service(
    'blkio_config.weight_device blkio_config.weight_device[].path blkio_config.weight_device[].weight',
  ),
  'of cgroup v1: swappiness, the OOM killer, real-time shares': service(
    'mem_swappiness oom_kill_disable cpu_rt_runtime cpu_rt_period',
  ),
};

/** Those that other tests see, by `file: title`. */
export const seenElsewhere: Readonly<Record<string, readonly string[]>> = {
  'test/e2e/lifecycle.test.ts: a container that restarts by policy keeps its address and its log': service('restart'),
  'test/e2e/lifecycle.test.ts: a container that ignores SIGTERM is killed after its grace period':
    service('stop_grace_period'),
  'test/e2e/bad-input.test.ts: a root file system that is not there': ['services', ...service('image')],
  'test/unit/plan/reconcile.test.ts: restarts a dependent with restart: true when its dependency is replaced':
    service('depends_on[].restart'),
  'test/e2e/updates.test.ts: no request fails during up with a changed environment': [
    ...all('services[].deploy', 'update_config update_config.order update_config.delay'),
  ],
  'test/e2e/updates.test.ts: a failed update is rolled back, or stops where it is': service(
    'deploy.update_config.failure_action',
  ),
  'test/unit/plan/updates.test.ts: parallelism, delay, monitor and max_failure_ratio are those of update_config': all(
    'services[].deploy',
    'update_config.parallelism update_config.monitor update_config.max_failure_ratio',
  ),
  'test/unit/engine/rollback.test.ts: the specification before comes back as rollback_config says': [
    ...all('services[].deploy', 'rollback_config'),
    ...all('services[].deploy.rollback_config', 'parallelism delay failure_action monitor max_failure_ratio order'),
  ],
  'test/e2e/hooks.test.ts: run in their order, as whom and where they say': [
    ...['post_start', 'pre_start', 'pre_stop'].flatMap((kind) => [
      ...service(kind),
      ...all(`services[].${kind}[]`, 'command user privileged working_dir environment'),
    ]),
    'services[].pre_start[].image',
  ],
  'test/e2e/watch.test.ts: brings saved, renamed and removed files into all replicas, with modes, for the user of the container':
    [
      ...service('develop develop.watch'),
      ...all('services[].develop.watch[]', 'path action target ignore include initial_sync exec'),
      ...all('services[].develop.watch[].exec', 'command user privileged working_dir environment'),
    ],
  'test/e2e/providers.test.ts: are asked, and their dependents get what they tell': [
    ...service('provider'),
    ...all('services[].provider', 'type options'),
  ],
  'test/e2e/images.test.ts: platform: an image for another machine is refused in plain words': service('platform'),
  'test/e2e/build.test.ts: what build: says of the Dockerfile, its arguments, labels and names': [
    ...service('build'),
    ...all(
      'services[].build',
      'context dockerfile dockerfile_inline additional_contexts args target labels tags platforms pull',
    ),
  ],
  'test/e2e/build.test.ts: what build: gives to RUN: network, hosts, limits, secrets, an agent, privileges': [
    ...all('services[].build', 'network extra_hosts shm_size ssh privileged ulimits ulimits[].soft ulimits[].hard'),
    ...all('services[].build', 'secrets secrets[].source secrets[].target'),
  ],
  'test/e2e/build-cache.test.ts: a machine takes over what another one has built, from a registry, a directory, or the image itself':
    all('services[].build', 'cache_from cache_to'),
  'test/e2e/build-remote.test.ts: keys in files are used through an agent, and a secret belongs to whom the file says':
    all('services[].build', 'secrets[].uid secrets[].gid secrets[].mode'),
  'test/e2e/build.test.ts: no_cache makes steps anew, no_cache_filter those of a stage': all(
    'services[].build',
    'no_cache no_cache_filter',
  ),
  'test/e2e/build.test.ts: pull_policy: build builds at each up': service('pull_policy'),
  'test/e2e/images.test.ts: pull_policy decides when an image is pulled': service('pull_refresh_after'),
  'test/unit/compose/reference.test.ts: small projects are loaded alike': [
    ...['name', 'include', ...all('include[]', 'path project_directory env_file')],
    ...service('extends extends.service extends.file'),
  ],
};
