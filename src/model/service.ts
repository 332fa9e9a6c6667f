/**
 * One service of the canonical project. Spelling and shape are those of `config --format json`: short forms are
 * expanded, names resolved, paths absolute, durations and byte sizes strings (duration.ts, bytes.ts read them).
 */

export type StringMap = Readonly<Record<string, string>>;
/** Keys the specification leaves to users; kept as they were. */
export type Extensions = { readonly [key: `x-${string}`]: unknown };

export interface Service extends Extensions {
  /** null: the image's own. An empty list clears it. */
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  readonly image?: string;
  readonly build?: Build;
  readonly annotations?: StringMap;
  /** Whether `up` shows its output; absent: yes. */
  readonly attach?: boolean;
  readonly blkio_config?: BlkioConfig;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cgroup?: string;
  readonly cgroup_parent?: string;
  readonly configs?: readonly FileReference[];
  readonly container_name?: string;
  readonly cpu_count?: number;
  readonly cpu_percent?: number;
  readonly cpu_period?: number;
  readonly cpu_quota?: number;
  readonly cpu_rt_period?: number;
  readonly cpu_rt_runtime?: number;
  readonly cpu_shares?: number;
  readonly cpus?: number;
  readonly cpuset?: string;
  readonly credential_spec?: CredentialSpec;
  readonly depends_on?: Readonly<Record<string, Dependency>>;
  readonly deploy?: Deploy;
  readonly develop?: Develop;
  readonly device_cgroup_rules?: readonly string[];
  readonly devices?: readonly DeviceMapping[];
  readonly dns?: readonly string[];
  readonly dns_opt?: readonly string[];
  readonly dns_search?: readonly string[];
  readonly domainname?: string;
  /** null: passed through from a variable that is not set, which hides a value from the image. */
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly expose?: readonly string[];
  readonly external_links?: readonly string[];
  /** `host=address`, sorted. */
  readonly extra_hosts?: readonly string[];
  readonly gpus?: readonly DeviceRequest[];
  readonly group_add?: readonly string[];
  readonly healthcheck?: Healthcheck;
  readonly hostname?: string;
  readonly init?: boolean;
  readonly ipc?: string;
  readonly isolation?: string;
  readonly labels?: StringMap;
  readonly links?: readonly string[];
  readonly logging?: Logging;
  readonly mac_address?: string;
  /** Bytes, a decimal string; so are mem_reservation, memswap_limit (-1: unlimited) and shm_size. */
  readonly mem_limit?: string;
  readonly mem_reservation?: string;
  readonly mem_swappiness?: string;
  readonly memswap_limit?: string;
  readonly models?: Readonly<Record<string, ServiceModel | null>>;
  readonly network_mode?: string;
  readonly networks?: Readonly<Record<string, ServiceNetwork | null>>;
  readonly oom_kill_disable?: boolean;
  readonly oom_score_adj?: number;
  readonly pid?: string;
  readonly pids_limit?: number;
  readonly platform?: string;
  readonly ports?: readonly Port[];
  readonly post_start?: readonly Hook[];
  readonly pre_start?: readonly PreStartHook[];
  readonly pre_stop?: readonly Hook[];
  readonly privileged?: boolean;
  readonly profiles?: readonly string[];
  readonly provider?: Provider;
  /** always, never, missing, build, daily, weekly, refresh or every_<duration>. */
  readonly pull_policy?: string;
  readonly pull_refresh_after?: string;
  readonly read_only?: boolean;
  readonly restart?: string;
  readonly runtime?: string;
  readonly scale?: number;
  readonly secrets?: readonly FileReference[];
  readonly security_opt?: readonly string[];
  readonly shm_size?: string;
  readonly stdin_open?: boolean;
  readonly stop_grace_period?: string;
  readonly stop_signal?: string;
  readonly storage_opt?: StringMap;
  readonly sysctls?: StringMap;
  readonly tmpfs?: readonly string[];
  readonly tty?: boolean;
  readonly ulimits?: Readonly<Record<string, Ulimit>>;
  readonly use_api_socket?: boolean;
  readonly user?: string;
  readonly userns_mode?: string;
  readonly uts?: string;
  readonly volumes?: readonly Mount[];
  readonly volumes_from?: readonly string[];
  readonly working_dir?: string;
}

/** One number for both, or soft and hard. */
export type Ulimit = number | { readonly soft: number; readonly hard: number };

export interface Build extends Extensions {
  readonly context: string;
  readonly dockerfile?: string;
  readonly dockerfile_inline?: string;
  readonly additional_contexts?: StringMap;
  readonly args?: StringMap;
  readonly cache_from?: readonly string[];
  readonly cache_to?: readonly string[];
  readonly entitlements?: readonly string[];
  readonly extra_hosts?: readonly string[];
  readonly isolation?: string;
  readonly labels?: StringMap;
  readonly network?: string;
  readonly no_cache?: boolean;
  readonly no_cache_filter?: readonly string[];
  readonly platforms?: readonly string[];
  readonly privileged?: boolean;
  readonly provenance?: string;
  readonly pull?: boolean;
  readonly sbom?: string;
  readonly secrets?: readonly FileReference[];
  readonly shm_size?: string;
  /** `id` or `id=path`, sorted. */
  readonly ssh?: readonly string[];
  readonly tags?: readonly string[];
  readonly target?: string;
  readonly ulimits?: Readonly<Record<string, Ulimit>>;
}

export interface BlkioConfig extends Extensions {
  readonly weight?: number;
  readonly weight_device?: readonly { readonly Path: string; readonly Weight: number }[];
  readonly device_read_bps?: readonly BlkioLimit[];
  readonly device_read_iops?: readonly BlkioLimit[];
  readonly device_write_bps?: readonly BlkioLimit[];
  readonly device_write_iops?: readonly BlkioLimit[];
}

/** The reference prints these two with capitals, and the rate as a decimal string. */
export interface BlkioLimit {
  readonly Path: string;
  readonly Rate: string;
}

export interface CredentialSpec extends Extensions {
  readonly config?: string;
  readonly file?: string;
  readonly registry?: string;
}

export type DependencyCondition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export interface Dependency extends Extensions {
  readonly condition: DependencyCondition;
  readonly required: boolean;
  /** Restarted with the dependency when Compose itself restarts or replaces that; absent: no. */
  readonly restart?: boolean;
}

/** A secret or config given to a service or a build. */
export interface FileReference extends Extensions {
  readonly source: string;
  readonly target?: string;
  readonly uid?: string;
  readonly gid?: string;
  /** Octal: `"0440"`. */
  readonly mode?: string;
}

export interface Deploy extends Extensions {
  readonly resources: {
    readonly limits?: { readonly cpus?: number; readonly memory?: string; readonly pids?: number };
    readonly reservations?: {
      readonly cpus?: number;
      readonly memory?: string;
      readonly devices?: readonly DeviceRequest[];
      readonly generic_resources?: readonly {
        readonly discrete_resource_spec?: { readonly kind: string; readonly value: number };
      }[];
    };
  };
  readonly placement: {
    readonly constraints?: readonly string[];
    readonly preferences?: readonly { readonly spread?: string }[];
    readonly max_replicas_per_node?: number;
  };
  readonly endpoint_mode?: string;
  readonly labels?: StringMap;
  readonly mode?: string;
  readonly replicas?: number;
  readonly restart_policy?: {
    readonly condition?: string;
    readonly delay?: string;
    readonly max_attempts?: number;
    readonly window?: string;
  };
  readonly update_config?: UpdateConfig;
  readonly rollback_config?: UpdateConfig;
}

export interface UpdateConfig extends Extensions {
  readonly parallelism?: number;
  readonly delay?: string;
  readonly failure_action?: string;
  readonly monitor?: string;
  readonly max_failure_ratio?: number;
  readonly order?: string;
}

export interface DeviceRequest extends Extensions {
  readonly capabilities?: readonly string[];
  /** -1: all. */
  readonly count?: number;
  readonly device_ids?: readonly string[];
  readonly driver?: string;
  readonly options?: StringMap;
}

export interface DeviceMapping extends Extensions {
  readonly source: string;
  readonly target?: string;
  readonly permissions?: string;
}

export interface Develop extends Extensions {
  readonly watch?: readonly WatchRule[];
}

export type WatchAction = 'rebuild' | 'sync' | 'restart' | 'sync+restart' | 'sync+exec';

export interface WatchRule extends Extensions {
  readonly path: string;
  readonly action: WatchAction;
  readonly target?: string;
  readonly ignore?: readonly string[];
  readonly include?: readonly string[];
  readonly initial_sync?: boolean;
  readonly exec?: Hook;
}

export interface Hook extends Extensions {
  readonly command: readonly string[] | null;
  readonly user?: string;
  readonly privileged?: boolean;
  readonly working_dir?: string;
  readonly environment?: Readonly<Record<string, string | null>>;
}

export interface PreStartHook extends Hook {
  readonly image?: string;
  readonly per_replica?: boolean;
}

export interface Healthcheck extends Extensions {
  /** The first word is CMD, CMD-SHELL or NONE. */
  readonly test?: readonly string[];
  readonly interval?: string;
  readonly timeout?: string;
  readonly retries?: number;
  readonly start_period?: string;
  readonly start_interval?: string;
  readonly disable?: boolean;
}

export interface Logging extends Extensions {
  readonly driver?: string;
  readonly options?: StringMap;
}

export interface ServiceModel extends Extensions {
  readonly endpoint_var?: string;
  readonly model_var?: string;
}

/** A service's place on a network; null in the map means all defaults. */
export interface ServiceNetwork extends Extensions {
  readonly aliases?: readonly string[];
  readonly interface_name?: string;
  readonly ipv4_address?: string;
  readonly ipv6_address?: string;
  readonly link_local_ips?: readonly string[];
  readonly mac_address?: string;
  readonly driver_opts?: StringMap;
  readonly priority?: number;
  readonly gw_priority?: number;
}

export interface Port extends Extensions {
  readonly mode: string;
  readonly target: number;
  readonly protocol: string;
  /** A port or a range `8000-8010` to choose from; absent: any free one. */
  readonly published?: string;
  readonly host_ip?: string;
  readonly name?: string;
  readonly app_protocol?: string;
}

export interface Provider extends Extensions {
  readonly type: string;
  readonly options?: Readonly<Record<string, readonly string[]>>;
}

export interface Mount extends Extensions {
  readonly type: 'bind' | 'volume' | 'tmpfs' | 'image' | 'npipe' | 'cluster';
  readonly target: string;
  /** Host path, key of a top-level volume, or image; absent: an anonymous volume. */
  readonly source?: string;
  readonly read_only?: boolean;
  readonly consistency?: string;
  readonly bind?: {
    /** Absent: yes. */
    readonly create_host_path?: boolean;
    readonly propagation?: string;
    readonly recursive?: string;
    /** `z` or `Z`. */
    readonly selinux?: string;
  };
  readonly volume?: { readonly nocopy?: boolean; readonly subpath?: string; readonly labels?: StringMap };
  /** `size` in bytes, a decimal string; `mode` a number as YAML reads it. */
  readonly tmpfs?: { readonly size?: string; readonly mode?: number };
  readonly image?: { readonly subpath?: string };
}
