// Made from schema/compose.json by scripts/build-schema.mjs.
// validate.js
var validate = validate21, validate_default = validate21, schema6 = { $schema: "http://json-schema.org/draft-07/schema#", $id: "https://tscompose.dev/compose.json", type: "object", properties: { version: { type: "string" }, name: { type: "string" }, include: { type: "array", items: { type: ["string", "object"], properties: { path: { $ref: "#/definitions/string_or_list" }, project_directory: { type: "string" }, env_file: { $ref: "#/definitions/string_or_list" } }, additionalProperties: !1 } }, services: { type: "object", patternProperties: { "^[a-zA-Z0-9._-]+$": { $ref: "#/definitions/service" } }, additionalProperties: !1 }, networks: { type: "object", patternProperties: { "^[a-zA-Z0-9._-]+$": { $ref: "#/definitions/network" } }, additionalProperties: { $ref: "#/definitions/network" } }, volumes: { type: "object", patternProperties: { "^[a-zA-Z0-9._-]+$": { $ref: "#/definitions/volume" } }, additionalProperties: !1 }, secrets: { type: "object", patternProperties: { "^[a-zA-Z0-9._-]+$": { $ref: "#/definitions/secret" } }, additionalProperties: !1 }, configs: { type: "object", patternProperties: { "^[a-zA-Z0-9._-]+$": { $ref: "#/definitions/config" } }, additionalProperties: !1 }, models: { type: "object", patternProperties: { "^[a-zA-Z0-9._-]+$": { $ref: "#/definitions/model" } }, additionalProperties: { $ref: "#/definitions/model" } } }, patternProperties: { "^x-": {} }, additionalProperties: !1, definitions: { service: { type: "object", properties: { annotations: { $ref: "#/definitions/key_values" }, attach: { type: ["boolean", "string"] }, blkio_config: { type: "object", properties: { weight: { type: ["integer", "string"] }, weight_device: { type: "array", items: { $ref: "#/definitions/blkio_weight" } }, device_read_bps: { type: "array", items: { $ref: "#/definitions/blkio_limit" } }, device_read_iops: { type: "array", items: { $ref: "#/definitions/blkio_limit" } }, device_write_bps: { type: "array", items: { $ref: "#/definitions/blkio_limit" } }, device_write_iops: { type: "array", items: { $ref: "#/definitions/blkio_limit" } } }, additionalProperties: !1 }, build: { type: ["string", "object"], patternProperties: { "^x-": {} }, additionalProperties: !1, properties: { context: { type: "string" }, dockerfile: { type: "string" }, dockerfile_inline: { type: "string" }, additional_contexts: { $ref: "#/definitions/key_values" }, args: { $ref: "#/definitions/key_values" }, cache_from: { type: "array", items: { type: "string" } }, cache_to: { type: "array", items: { type: "string" } }, entitlements: { type: "array", items: { type: "string" } }, extra_hosts: { $ref: "#/definitions/extra_hosts" }, isolation: { type: "string" }, labels: { $ref: "#/definitions/key_values" }, network: { type: "string" }, no_cache: { type: ["boolean", "string"] }, no_cache_filter: { $ref: "#/definitions/string_or_list" }, platforms: { type: "array", items: { type: "string" } }, privileged: { type: ["boolean", "string"] }, provenance: { type: ["boolean", "string"] }, pull: { type: ["boolean", "string"] }, sbom: { type: ["boolean", "string"] }, secrets: { $ref: "#/definitions/file_references" }, shm_size: { $ref: "#/definitions/size" }, ssh: { $ref: "#/definitions/key_values" }, tags: { type: "array", items: { type: "string" } }, target: { type: "string" }, ulimits: { $ref: "#/definitions/ulimits" } } }, cap_add: { $ref: "#/definitions/strings" }, cap_drop: { $ref: "#/definitions/strings" }, cgroup: { type: "string", enum: ["host", "private"] }, cgroup_parent: { type: "string" }, command: { $ref: "#/definitions/command" }, configs: { $ref: "#/definitions/file_references" }, container_name: { type: "string" }, cpu_count: { type: ["integer", "string"], minimum: 0 }, cpu_percent: { type: ["number", "string"], minimum: 0, maximum: 100 }, cpu_period: { type: ["number", "string"] }, cpu_quota: { type: ["number", "string"] }, cpu_rt_period: { type: ["number", "string"] }, cpu_rt_runtime: { type: ["number", "string"] }, cpu_shares: { type: ["number", "string"] }, cpus: { type: ["number", "string"] }, cpuset: { type: "string" }, credential_spec: { type: "object", properties: { config: { type: "string" }, file: { type: "string" }, registry: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, depends_on: { type: ["array", "object"], items: { type: "string" }, uniqueItems: !0, patternProperties: { "^[a-zA-Z0-9._-]+$": { type: "object", properties: { condition: { type: "string", enum: ["service_started", "service_healthy", "service_completed_successfully"] }, required: { type: "boolean" }, restart: { type: ["boolean", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["condition"] } }, additionalProperties: !1 }, deploy: { $ref: "#/definitions/deploy" }, develop: { type: ["object", "null"], properties: { watch: { type: "array", items: { type: "object", properties: { path: { type: "string" }, action: { type: "string", enum: ["rebuild", "sync", "restart", "sync+restart", "sync+exec"] }, target: { type: "string" }, ignore: { $ref: "#/definitions/string_or_list" }, include: { $ref: "#/definitions/string_or_list" }, initial_sync: { type: ["boolean", "string"] }, exec: { $ref: "#/definitions/hook" } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["path", "action"] } } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, device_cgroup_rules: { $ref: "#/definitions/strings" }, devices: { type: "array", items: { type: ["string", "object"], properties: { source: { type: "string" }, target: { type: "string" }, permissions: { type: "string" } }, required: ["source"], patternProperties: { "^x-": {} }, additionalProperties: !1 } }, dns: { $ref: "#/definitions/string_or_list" }, dns_opt: { $ref: "#/definitions/strings" }, dns_search: { $ref: "#/definitions/string_or_list" }, domainname: { type: "string" }, entrypoint: { $ref: "#/definitions/command" }, env_file: { $ref: "#/definitions/env_file" }, environment: { $ref: "#/definitions/key_values" }, expose: { type: "array", items: { type: ["string", "number"] }, uniqueItems: !0 }, extends: { type: ["string", "object"], properties: { service: { type: "string" }, file: { type: "string" } }, required: ["service"], additionalProperties: !1 }, external_links: { $ref: "#/definitions/strings" }, extra_hosts: { $ref: "#/definitions/extra_hosts" }, gpus: { type: ["string", "array"], items: { type: "object", properties: { capabilities: { $ref: "#/definitions/strings" }, count: { type: ["string", "integer"] }, device_ids: { $ref: "#/definitions/strings" }, driver: { type: "string" }, options: { $ref: "#/definitions/key_values" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, group_add: { type: "array", items: { type: ["string", "number"] }, uniqueItems: !0 }, healthcheck: { type: "object", properties: { test: { type: ["string", "array"], items: { type: "string" } }, interval: { $ref: "#/definitions/duration" }, timeout: { $ref: "#/definitions/duration" }, retries: { type: ["number", "string"] }, start_period: { $ref: "#/definitions/duration" }, start_interval: { $ref: "#/definitions/duration" }, disable: { type: ["boolean", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, hostname: { type: "string" }, image: { type: "string" }, init: { type: ["boolean", "string"] }, ipc: { type: "string" }, isolation: { type: "string" }, label_file: { $ref: "#/definitions/string_or_list" }, labels: { $ref: "#/definitions/key_values" }, links: { $ref: "#/definitions/strings" }, logging: { type: "object", properties: { driver: { type: "string" }, options: { type: "object", additionalProperties: { type: ["string", "number", "null"] } } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, mac_address: { type: "string" }, mem_limit: { $ref: "#/definitions/size" }, mem_reservation: { $ref: "#/definitions/size" }, mem_swappiness: { type: ["integer", "string"] }, memswap_limit: { $ref: "#/definitions/size" }, models: { type: ["array", "object"], items: { type: "string" }, uniqueItems: !0, additionalProperties: { type: ["object", "null"], properties: { endpoint_var: { type: "string" }, model_var: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, network_mode: { type: "string" }, networks: { type: ["array", "object"], items: { type: "string" }, uniqueItems: !0, patternProperties: { "^[a-zA-Z0-9._-]+$": { type: ["object", "null"], properties: { aliases: { $ref: "#/definitions/strings" }, interface_name: { type: "string" }, ipv4_address: { type: "string" }, ipv6_address: { type: "string" }, link_local_ips: { $ref: "#/definitions/strings" }, mac_address: { type: "string" }, driver_opts: { $ref: "#/definitions/options" }, priority: { type: "number" }, gw_priority: { type: "number" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, additionalProperties: !1 }, oom_kill_disable: { type: ["boolean", "string"] }, oom_score_adj: { type: ["integer", "string"], minimum: -1e3, maximum: 1e3 }, pid: { type: ["string", "null"] }, pids_limit: { type: ["number", "string"] }, platform: { type: "string" }, ports: { type: "array", items: { type: ["number", "string", "object"], properties: { name: { type: "string" }, mode: { type: "string" }, host_ip: { type: "string" }, target: { type: ["integer", "string"] }, published: { type: ["string", "integer"] }, protocol: { type: "string" }, app_protocol: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, post_start: { type: "array", items: { $ref: "#/definitions/hook" } }, pre_start: { type: "array", items: { type: "object", properties: { command: { $ref: "#/definitions/command" }, user: { type: "string" }, privileged: { type: ["boolean", "string"] }, working_dir: { type: "string" }, environment: { $ref: "#/definitions/key_values" }, image: { type: "string" }, per_replica: { type: ["boolean", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, pre_stop: { type: "array", items: { $ref: "#/definitions/hook" } }, privileged: { type: ["boolean", "string"] }, profiles: { $ref: "#/definitions/strings" }, provider: { type: "object", properties: { type: { type: "string" }, options: { type: "object", additionalProperties: { type: ["string", "number", "boolean", "array"], items: { type: ["string", "number", "boolean"] } } } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["type"] }, pull_policy: { type: "string", pattern: "always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+" }, pull_refresh_after: { type: "string" }, read_only: { type: ["boolean", "string"] }, restart: { type: "string" }, runtime: { type: "string" }, scale: { type: ["integer", "string"] }, secrets: { $ref: "#/definitions/file_references" }, security_opt: { $ref: "#/definitions/strings" }, shm_size: { $ref: "#/definitions/size" }, stdin_open: { type: ["boolean", "string"] }, stop_grace_period: { $ref: "#/definitions/duration" }, stop_signal: { type: "string" }, storage_opt: { type: "object" }, sysctls: { $ref: "#/definitions/key_values" }, tmpfs: { $ref: "#/definitions/string_or_list" }, tty: { type: ["boolean", "string"] }, ulimits: { $ref: "#/definitions/ulimits" }, use_api_socket: { type: "boolean" }, user: { type: "string" }, userns_mode: { type: "string" }, uts: { type: "string" }, volumes: { type: "array", items: { type: ["string", "object"], required: ["type"], properties: { type: { type: "string", enum: ["bind", "volume", "tmpfs", "cluster", "npipe", "image"] }, source: { type: "string" }, target: { type: "string" }, read_only: { type: ["boolean", "string"] }, consistency: { type: "string" }, bind: { type: "object", properties: { propagation: { type: "string" }, create_host_path: { type: ["boolean", "string"] }, recursive: { type: "string", enum: ["enabled", "disabled", "writable", "readonly"] }, selinux: { type: "string", enum: ["z", "Z"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, volume: { type: "object", properties: { labels: { $ref: "#/definitions/key_values" }, nocopy: { type: ["boolean", "string"] }, subpath: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, tmpfs: { type: "object", properties: { size: { type: ["integer", "string"], minimum: 0 }, mode: { type: ["number", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, image: { type: "object", properties: { subpath: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, volumes_from: { $ref: "#/definitions/strings" }, working_dir: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, deploy: { type: ["object", "null"], properties: { mode: { type: "string" }, endpoint_mode: { type: "string" }, replicas: { type: ["integer", "string"] }, labels: { $ref: "#/definitions/key_values" }, update_config: { type: "object", properties: { parallelism: { type: ["integer", "string"] }, delay: { $ref: "#/definitions/duration" }, failure_action: { type: "string" }, monitor: { $ref: "#/definitions/duration" }, max_failure_ratio: { type: ["number", "string"] }, order: { type: "string", enum: ["start-first", "stop-first"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, rollback_config: { type: "object", properties: { parallelism: { type: ["integer", "string"] }, delay: { $ref: "#/definitions/duration" }, failure_action: { type: "string" }, monitor: { $ref: "#/definitions/duration" }, max_failure_ratio: { type: ["number", "string"] }, order: { type: "string", enum: ["start-first", "stop-first"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, resources: { type: "object", properties: { limits: { type: "object", properties: { cpus: { type: ["number", "string"] }, memory: { type: "string" }, pids: { type: ["integer", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, reservations: { type: "object", properties: { cpus: { type: ["number", "string"] }, memory: { type: "string" }, generic_resources: { type: "array", items: { type: "object", properties: { discrete_resource_spec: { type: "object", properties: { kind: { type: "string" }, value: { type: ["number", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, devices: { type: "array", items: { type: "object", properties: { capabilities: { $ref: "#/definitions/strings" }, count: { type: ["string", "integer"] }, device_ids: { $ref: "#/definitions/strings" }, driver: { type: "string" }, options: { $ref: "#/definitions/key_values" } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["capabilities"] } } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, restart_policy: { type: "object", properties: { condition: { type: "string" }, delay: { $ref: "#/definitions/duration" }, max_attempts: { type: ["integer", "string"] }, window: { $ref: "#/definitions/duration" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, placement: { type: "object", properties: { constraints: { type: "array", items: { type: "string" } }, preferences: { type: "array", items: { type: "object", properties: { spread: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, max_replicas_per_node: { type: ["integer", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, network: { type: ["object", "null"], properties: { name: { type: "string" }, driver: { type: "string" }, driver_opts: { $ref: "#/definitions/options" }, ipam: { type: "object", properties: { driver: { type: "string" }, config: { type: "array", items: { type: "object", properties: { subnet: { type: "string" }, ip_range: { type: "string" }, gateway: { type: "string" }, aux_addresses: { type: "object", additionalProperties: { type: "string" } } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, options: { type: "object", additionalProperties: { type: "string" } } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, external: { type: ["boolean", "string", "object"], properties: { name: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, internal: { type: ["boolean", "string"] }, enable_ipv4: { type: ["boolean", "string"] }, enable_ipv6: { type: ["boolean", "string"] }, attachable: { type: ["boolean", "string"] }, labels: { $ref: "#/definitions/key_values" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, volume: { type: ["object", "null"], properties: { name: { type: "string" }, driver: { type: "string" }, driver_opts: { $ref: "#/definitions/options" }, external: { type: ["boolean", "string", "object"], properties: { name: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, labels: { $ref: "#/definitions/key_values" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, secret: { type: "object", properties: { name: { type: "string" }, environment: { type: "string" }, file: { type: "string" }, external: { type: ["boolean", "string", "object"], properties: { name: { type: "string" } }, patternProperties: {}, additionalProperties: {} }, labels: { $ref: "#/definitions/key_values" }, driver: { type: "string" }, driver_opts: { $ref: "#/definitions/options" }, template_driver: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, config: { type: "object", properties: { name: { type: "string" }, content: { type: "string" }, environment: { type: "string" }, file: { type: "string" }, external: { type: ["boolean", "string", "object"], properties: { name: { type: "string" } }, patternProperties: {}, additionalProperties: {} }, labels: { $ref: "#/definitions/key_values" }, template_driver: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, model: { type: "object", properties: { name: { type: "string" }, model: { type: "string" }, context_size: { type: "integer" }, runtime_flags: { type: "array", items: { type: "string" } } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["model"] }, command: { type: ["null", "string", "array"], items: { type: "string" } }, hook: { type: "object", properties: { command: { $ref: "#/definitions/command" }, user: { type: "string" }, privileged: { type: ["boolean", "string"] }, working_dir: { type: "string" }, environment: { $ref: "#/definitions/key_values" } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["command"] }, duration: { type: "string" }, size: { type: ["number", "string"] }, strings: { type: "array", items: { type: "string" }, uniqueItems: !0 }, string_or_list: { type: ["string", "array"], items: { type: "string" } }, key_values: { type: ["object", "array"], items: { type: "string" }, uniqueItems: !0, additionalProperties: { type: ["string", "number", "boolean", "null"] } }, options: { type: "object", additionalProperties: { type: ["string", "number"] } }, extra_hosts: { type: ["object", "array"], items: { type: "string" }, uniqueItems: !0, additionalProperties: { type: ["string", "array"], items: { type: "string" } } }, env_file: { type: ["string", "array"], items: { type: ["string", "object"], properties: { path: { type: "string" }, format: { type: "string" }, required: { type: ["boolean", "string"] } }, required: ["path"], additionalProperties: !1 } }, file_references: { type: "array", items: { type: ["string", "object"], properties: { source: { type: "string" }, target: { type: "string" }, uid: { type: "string" }, gid: { type: "string" }, mode: { type: ["number", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, ulimits: { type: "object", additionalProperties: { type: ["integer", "string", "object"], properties: { soft: { type: ["integer", "string"] }, hard: { type: ["integer", "string"] } }, required: ["soft", "hard"], patternProperties: { "^x-": {} }, additionalProperties: !1 } }, blkio_limit: { type: "object", properties: { path: { type: "string" }, rate: { type: ["integer", "string"] } }, additionalProperties: !1 }, blkio_weight: { type: "object", properties: { path: { type: "string" }, weight: { type: ["integer", "string"] } }, additionalProperties: !1 } } }, func2 = Object.prototype.hasOwnProperty, pattern0 = new RegExp("^x-", "u"), pattern1 = new RegExp("^[a-zA-Z0-9._-]+$", "u"), schema7 = { type: ["string", "array"], items: { type: "string" } };
function validate22(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (typeof data != "string" && !Array.isArray(data)) {
    let err0 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: schema7.type } };
    vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
  }
  if (Array.isArray(data)) {
    let len0 = data.length;
    for (let i0 = 0; i0 < len0; i0++)
      if (typeof data[i0] != "string") {
        let err1 = { instancePath: instancePath + "/" + i0, schemaPath: "#/items/type", keyword: "type", params: { type: "string" } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
  }
  return validate22.errors = vErrors, errors === 0;
}
var schema8 = { type: "object", properties: { annotations: { $ref: "#/definitions/key_values" }, attach: { type: ["boolean", "string"] }, blkio_config: { type: "object", properties: { weight: { type: ["integer", "string"] }, weight_device: { type: "array", items: { $ref: "#/definitions/blkio_weight" } }, device_read_bps: { type: "array", items: { $ref: "#/definitions/blkio_limit" } }, device_read_iops: { type: "array", items: { $ref: "#/definitions/blkio_limit" } }, device_write_bps: { type: "array", items: { $ref: "#/definitions/blkio_limit" } }, device_write_iops: { type: "array", items: { $ref: "#/definitions/blkio_limit" } } }, additionalProperties: !1 }, build: { type: ["string", "object"], patternProperties: { "^x-": {} }, additionalProperties: !1, properties: { context: { type: "string" }, dockerfile: { type: "string" }, dockerfile_inline: { type: "string" }, additional_contexts: { $ref: "#/definitions/key_values" }, args: { $ref: "#/definitions/key_values" }, cache_from: { type: "array", items: { type: "string" } }, cache_to: { type: "array", items: { type: "string" } }, entitlements: { type: "array", items: { type: "string" } }, extra_hosts: { $ref: "#/definitions/extra_hosts" }, isolation: { type: "string" }, labels: { $ref: "#/definitions/key_values" }, network: { type: "string" }, no_cache: { type: ["boolean", "string"] }, no_cache_filter: { $ref: "#/definitions/string_or_list" }, platforms: { type: "array", items: { type: "string" } }, privileged: { type: ["boolean", "string"] }, provenance: { type: ["boolean", "string"] }, pull: { type: ["boolean", "string"] }, sbom: { type: ["boolean", "string"] }, secrets: { $ref: "#/definitions/file_references" }, shm_size: { $ref: "#/definitions/size" }, ssh: { $ref: "#/definitions/key_values" }, tags: { type: "array", items: { type: "string" } }, target: { type: "string" }, ulimits: { $ref: "#/definitions/ulimits" } } }, cap_add: { $ref: "#/definitions/strings" }, cap_drop: { $ref: "#/definitions/strings" }, cgroup: { type: "string", enum: ["host", "private"] }, cgroup_parent: { type: "string" }, command: { $ref: "#/definitions/command" }, configs: { $ref: "#/definitions/file_references" }, container_name: { type: "string" }, cpu_count: { type: ["integer", "string"], minimum: 0 }, cpu_percent: { type: ["number", "string"], minimum: 0, maximum: 100 }, cpu_period: { type: ["number", "string"] }, cpu_quota: { type: ["number", "string"] }, cpu_rt_period: { type: ["number", "string"] }, cpu_rt_runtime: { type: ["number", "string"] }, cpu_shares: { type: ["number", "string"] }, cpus: { type: ["number", "string"] }, cpuset: { type: "string" }, credential_spec: { type: "object", properties: { config: { type: "string" }, file: { type: "string" }, registry: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, depends_on: { type: ["array", "object"], items: { type: "string" }, uniqueItems: !0, patternProperties: { "^[a-zA-Z0-9._-]+$": { type: "object", properties: { condition: { type: "string", enum: ["service_started", "service_healthy", "service_completed_successfully"] }, required: { type: "boolean" }, restart: { type: ["boolean", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["condition"] } }, additionalProperties: !1 }, deploy: { $ref: "#/definitions/deploy" }, develop: { type: ["object", "null"], properties: { watch: { type: "array", items: { type: "object", properties: { path: { type: "string" }, action: { type: "string", enum: ["rebuild", "sync", "restart", "sync+restart", "sync+exec"] }, target: { type: "string" }, ignore: { $ref: "#/definitions/string_or_list" }, include: { $ref: "#/definitions/string_or_list" }, initial_sync: { type: ["boolean", "string"] }, exec: { $ref: "#/definitions/hook" } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["path", "action"] } } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, device_cgroup_rules: { $ref: "#/definitions/strings" }, devices: { type: "array", items: { type: ["string", "object"], properties: { source: { type: "string" }, target: { type: "string" }, permissions: { type: "string" } }, required: ["source"], patternProperties: { "^x-": {} }, additionalProperties: !1 } }, dns: { $ref: "#/definitions/string_or_list" }, dns_opt: { $ref: "#/definitions/strings" }, dns_search: { $ref: "#/definitions/string_or_list" }, domainname: { type: "string" }, entrypoint: { $ref: "#/definitions/command" }, env_file: { $ref: "#/definitions/env_file" }, environment: { $ref: "#/definitions/key_values" }, expose: { type: "array", items: { type: ["string", "number"] }, uniqueItems: !0 }, extends: { type: ["string", "object"], properties: { service: { type: "string" }, file: { type: "string" } }, required: ["service"], additionalProperties: !1 }, external_links: { $ref: "#/definitions/strings" }, extra_hosts: { $ref: "#/definitions/extra_hosts" }, gpus: { type: ["string", "array"], items: { type: "object", properties: { capabilities: { $ref: "#/definitions/strings" }, count: { type: ["string", "integer"] }, device_ids: { $ref: "#/definitions/strings" }, driver: { type: "string" }, options: { $ref: "#/definitions/key_values" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, group_add: { type: "array", items: { type: ["string", "number"] }, uniqueItems: !0 }, healthcheck: { type: "object", properties: { test: { type: ["string", "array"], items: { type: "string" } }, interval: { $ref: "#/definitions/duration" }, timeout: { $ref: "#/definitions/duration" }, retries: { type: ["number", "string"] }, start_period: { $ref: "#/definitions/duration" }, start_interval: { $ref: "#/definitions/duration" }, disable: { type: ["boolean", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, hostname: { type: "string" }, image: { type: "string" }, init: { type: ["boolean", "string"] }, ipc: { type: "string" }, isolation: { type: "string" }, label_file: { $ref: "#/definitions/string_or_list" }, labels: { $ref: "#/definitions/key_values" }, links: { $ref: "#/definitions/strings" }, logging: { type: "object", properties: { driver: { type: "string" }, options: { type: "object", additionalProperties: { type: ["string", "number", "null"] } } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, mac_address: { type: "string" }, mem_limit: { $ref: "#/definitions/size" }, mem_reservation: { $ref: "#/definitions/size" }, mem_swappiness: { type: ["integer", "string"] }, memswap_limit: { $ref: "#/definitions/size" }, models: { type: ["array", "object"], items: { type: "string" }, uniqueItems: !0, additionalProperties: { type: ["object", "null"], properties: { endpoint_var: { type: "string" }, model_var: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, network_mode: { type: "string" }, networks: { type: ["array", "object"], items: { type: "string" }, uniqueItems: !0, patternProperties: { "^[a-zA-Z0-9._-]+$": { type: ["object", "null"], properties: { aliases: { $ref: "#/definitions/strings" }, interface_name: { type: "string" }, ipv4_address: { type: "string" }, ipv6_address: { type: "string" }, link_local_ips: { $ref: "#/definitions/strings" }, mac_address: { type: "string" }, driver_opts: { $ref: "#/definitions/options" }, priority: { type: "number" }, gw_priority: { type: "number" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, additionalProperties: !1 }, oom_kill_disable: { type: ["boolean", "string"] }, oom_score_adj: { type: ["integer", "string"], minimum: -1e3, maximum: 1e3 }, pid: { type: ["string", "null"] }, pids_limit: { type: ["number", "string"] }, platform: { type: "string" }, ports: { type: "array", items: { type: ["number", "string", "object"], properties: { name: { type: "string" }, mode: { type: "string" }, host_ip: { type: "string" }, target: { type: ["integer", "string"] }, published: { type: ["string", "integer"] }, protocol: { type: "string" }, app_protocol: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, post_start: { type: "array", items: { $ref: "#/definitions/hook" } }, pre_start: { type: "array", items: { type: "object", properties: { command: { $ref: "#/definitions/command" }, user: { type: "string" }, privileged: { type: ["boolean", "string"] }, working_dir: { type: "string" }, environment: { $ref: "#/definitions/key_values" }, image: { type: "string" }, per_replica: { type: ["boolean", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, pre_stop: { type: "array", items: { $ref: "#/definitions/hook" } }, privileged: { type: ["boolean", "string"] }, profiles: { $ref: "#/definitions/strings" }, provider: { type: "object", properties: { type: { type: "string" }, options: { type: "object", additionalProperties: { type: ["string", "number", "boolean", "array"], items: { type: ["string", "number", "boolean"] } } } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["type"] }, pull_policy: { type: "string", pattern: "always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+" }, pull_refresh_after: { type: "string" }, read_only: { type: ["boolean", "string"] }, restart: { type: "string" }, runtime: { type: "string" }, scale: { type: ["integer", "string"] }, secrets: { $ref: "#/definitions/file_references" }, security_opt: { $ref: "#/definitions/strings" }, shm_size: { $ref: "#/definitions/size" }, stdin_open: { type: ["boolean", "string"] }, stop_grace_period: { $ref: "#/definitions/duration" }, stop_signal: { type: "string" }, storage_opt: { type: "object" }, sysctls: { $ref: "#/definitions/key_values" }, tmpfs: { $ref: "#/definitions/string_or_list" }, tty: { type: ["boolean", "string"] }, ulimits: { $ref: "#/definitions/ulimits" }, use_api_socket: { type: "boolean" }, user: { type: "string" }, userns_mode: { type: "string" }, uts: { type: "string" }, volumes: { type: "array", items: { type: ["string", "object"], required: ["type"], properties: { type: { type: "string", enum: ["bind", "volume", "tmpfs", "cluster", "npipe", "image"] }, source: { type: "string" }, target: { type: "string" }, read_only: { type: ["boolean", "string"] }, consistency: { type: "string" }, bind: { type: "object", properties: { propagation: { type: "string" }, create_host_path: { type: ["boolean", "string"] }, recursive: { type: "string", enum: ["enabled", "disabled", "writable", "readonly"] }, selinux: { type: "string", enum: ["z", "Z"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, volume: { type: "object", properties: { labels: { $ref: "#/definitions/key_values" }, nocopy: { type: ["boolean", "string"] }, subpath: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, tmpfs: { type: "object", properties: { size: { type: ["integer", "string"], minimum: 0 }, mode: { type: ["number", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, image: { type: "object", properties: { subpath: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, volumes_from: { $ref: "#/definitions/strings" }, working_dir: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, pattern37 = new RegExp("always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+", "u"), schema9 = { type: ["object", "array"], items: { type: "string" }, uniqueItems: !0, additionalProperties: { type: ["string", "number", "boolean", "null"] } };
function validate26(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (!data || typeof data != "object") {
    let err0 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: schema9.type } };
    vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
  }
  if (Array.isArray(data)) {
    let len0 = data.length;
    for (let i0 = 0; i0 < len0; i0++)
      if (typeof data[i0] != "string") {
        let err1 = { instancePath: instancePath + "/" + i0, schemaPath: "#/items/type", keyword: "type", params: { type: "string" } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
    let i1 = data.length, j0;
    if (i1 > 1) {
      let indices0 = {};
      for (; i1--; ) {
        let item0 = data[i1];
        if (typeof item0 == "string") {
          if (typeof indices0[item0] == "number") {
            j0 = indices0[item0];
            let err2 = { instancePath, schemaPath: "#/uniqueItems", keyword: "uniqueItems", params: { i: i1, j: j0 } };
            vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
            break;
          }
          indices0[item0] = i1;
        }
      }
    }
  }
  if (data && typeof data == "object" && !Array.isArray(data))
    for (let key0 in data) {
      let data1 = data[key0];
      if (typeof data1 != "string" && !(typeof data1 == "number" && isFinite(data1)) && typeof data1 != "boolean" && data1 !== null) {
        let err3 = { instancePath: instancePath + "/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/additionalProperties/type", keyword: "type", params: { type: schema9.additionalProperties.type } };
        vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
      }
    }
  return validate26.errors = vErrors, errors === 0;
}
var schema10 = { type: "object", properties: { path: { type: "string" }, weight: { type: ["integer", "string"] } }, additionalProperties: !1 };
function validate28(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data)) {
    for (let key0 in data)
      if (!(key0 === "path" || key0 === "weight")) {
        let err0 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
      }
    if (data.path !== void 0 && typeof data.path != "string") {
      let err1 = { instancePath: instancePath + "/path", schemaPath: "#/properties/path/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
    }
    if (data.weight !== void 0) {
      let data1 = data.weight;
      if (!(typeof data1 == "number" && !(data1 % 1) && !isNaN(data1) && isFinite(data1)) && typeof data1 != "string") {
        let err2 = { instancePath: instancePath + "/weight", schemaPath: "#/properties/weight/type", keyword: "type", params: { type: schema10.properties.weight.type } };
        vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
      }
    }
  } else {
    let err3 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" } };
    vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
  }
  return validate28.errors = vErrors, errors === 0;
}
var schema11 = { type: "object", properties: { path: { type: "string" }, rate: { type: ["integer", "string"] } }, additionalProperties: !1 };
function validate30(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data)) {
    for (let key0 in data)
      if (!(key0 === "path" || key0 === "rate")) {
        let err0 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
      }
    if (data.path !== void 0 && typeof data.path != "string") {
      let err1 = { instancePath: instancePath + "/path", schemaPath: "#/properties/path/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
    }
    if (data.rate !== void 0) {
      let data1 = data.rate;
      if (!(typeof data1 == "number" && !(data1 % 1) && !isNaN(data1) && isFinite(data1)) && typeof data1 != "string") {
        let err2 = { instancePath: instancePath + "/rate", schemaPath: "#/properties/rate/type", keyword: "type", params: { type: schema11.properties.rate.type } };
        vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
      }
    }
  } else {
    let err3 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" } };
    vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
  }
  return validate30.errors = vErrors, errors === 0;
}
var schema12 = { type: ["object", "array"], items: { type: "string" }, uniqueItems: !0, additionalProperties: { type: ["string", "array"], items: { type: "string" } } };
function validate37(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (!data || typeof data != "object") {
    let err0 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: schema12.type } };
    vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
  }
  if (Array.isArray(data)) {
    let len0 = data.length;
    for (let i0 = 0; i0 < len0; i0++)
      if (typeof data[i0] != "string") {
        let err1 = { instancePath: instancePath + "/" + i0, schemaPath: "#/items/type", keyword: "type", params: { type: "string" } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
    let i1 = data.length, j0;
    if (i1 > 1) {
      let indices0 = {};
      for (; i1--; ) {
        let item0 = data[i1];
        if (typeof item0 == "string") {
          if (typeof indices0[item0] == "number") {
            j0 = indices0[item0];
            let err2 = { instancePath, schemaPath: "#/uniqueItems", keyword: "uniqueItems", params: { i: i1, j: j0 } };
            vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
            break;
          }
          indices0[item0] = i1;
        }
      }
    }
  }
  if (data && typeof data == "object" && !Array.isArray(data))
    for (let key0 in data) {
      let data1 = data[key0];
      if (typeof data1 != "string" && !Array.isArray(data1)) {
        let err3 = { instancePath: instancePath + "/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/additionalProperties/type", keyword: "type", params: { type: schema12.additionalProperties.type } };
        vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
      }
      if (Array.isArray(data1)) {
        let len1 = data1.length;
        for (let i2 = 0; i2 < len1; i2++)
          if (typeof data1[i2] != "string") {
            let err4 = { instancePath: instancePath + "/" + key0.replace(/~/g, "~0").replace(/\//g, "~1") + "/" + i2, schemaPath: "#/additionalProperties/items/type", keyword: "type", params: { type: "string" } };
            vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
          }
      }
    }
  return validate37.errors = vErrors, errors === 0;
}
var schema13 = { type: "array", items: { type: ["string", "object"], properties: { source: { type: "string" }, target: { type: "string" }, uid: { type: "string" }, gid: { type: "string" }, mode: { type: ["number", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } };
function validate41(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (Array.isArray(data)) {
    let len0 = data.length;
    for (let i0 = 0; i0 < len0; i0++) {
      let data0 = data[i0];
      if (typeof data0 != "string" && !(data0 && typeof data0 == "object" && !Array.isArray(data0))) {
        let err0 = { instancePath: instancePath + "/" + i0, schemaPath: "#/items/type", keyword: "type", params: { type: schema13.items.type } };
        vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
      }
      if (data0 && typeof data0 == "object" && !Array.isArray(data0)) {
        for (let key0 in data0)
          if (!(key0 === "source" || key0 === "target" || key0 === "uid" || key0 === "gid" || key0 === "mode" || pattern0.test(key0))) {
            let err1 = { instancePath: instancePath + "/" + i0, schemaPath: "#/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
            vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
          }
        if (data0.source !== void 0 && typeof data0.source != "string") {
          let err2 = { instancePath: instancePath + "/" + i0 + "/source", schemaPath: "#/items/properties/source/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
        }
        if (data0.target !== void 0 && typeof data0.target != "string") {
          let err3 = { instancePath: instancePath + "/" + i0 + "/target", schemaPath: "#/items/properties/target/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
        }
        if (data0.uid !== void 0 && typeof data0.uid != "string") {
          let err4 = { instancePath: instancePath + "/" + i0 + "/uid", schemaPath: "#/items/properties/uid/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
        }
        if (data0.gid !== void 0 && typeof data0.gid != "string") {
          let err5 = { instancePath: instancePath + "/" + i0 + "/gid", schemaPath: "#/items/properties/gid/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
        }
        if (data0.mode !== void 0) {
          let data5 = data0.mode;
          if (!(typeof data5 == "number" && isFinite(data5)) && typeof data5 != "string") {
            let err6 = { instancePath: instancePath + "/" + i0 + "/mode", schemaPath: "#/items/properties/mode/type", keyword: "type", params: { type: schema13.items.properties.mode.type } };
            vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
          }
        }
      }
    }
  } else {
    let err7 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "array" } };
    vErrors === null ? vErrors = [err7] : vErrors.push(err7), errors++;
  }
  return validate41.errors = vErrors, errors === 0;
}
var schema14 = { type: ["number", "string"] };
function validate43(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (!(typeof data == "number" && isFinite(data)) && typeof data != "string") {
    let err0 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: schema14.type } };
    vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
  }
  return validate43.errors = vErrors, errors === 0;
}
var schema15 = { type: "object", additionalProperties: { type: ["integer", "string", "object"], properties: { soft: { type: ["integer", "string"] }, hard: { type: ["integer", "string"] } }, required: ["soft", "hard"], patternProperties: { "^x-": {} }, additionalProperties: !1 } };
function validate46(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data))
    for (let key0 in data) {
      let data0 = data[key0];
      if (!(typeof data0 == "number" && !(data0 % 1) && !isNaN(data0) && isFinite(data0)) && typeof data0 != "string" && !(data0 && typeof data0 == "object" && !Array.isArray(data0))) {
        let err0 = { instancePath: instancePath + "/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/additionalProperties/type", keyword: "type", params: { type: schema15.additionalProperties.type } };
        vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
      }
      if (data0 && typeof data0 == "object" && !Array.isArray(data0)) {
        if (data0.soft === void 0) {
          let err1 = { instancePath: instancePath + "/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/additionalProperties/required", keyword: "required", params: { missingProperty: "soft" } };
          vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
        }
        if (data0.hard === void 0) {
          let err2 = { instancePath: instancePath + "/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/additionalProperties/required", keyword: "required", params: { missingProperty: "hard" } };
          vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
        }
        for (let key1 in data0)
          if (!(key1 === "soft" || key1 === "hard" || pattern0.test(key1))) {
            let err3 = { instancePath: instancePath + "/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/additionalProperties/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key1 } };
            vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
          }
        if (data0.soft !== void 0) {
          let data1 = data0.soft;
          if (!(typeof data1 == "number" && !(data1 % 1) && !isNaN(data1) && isFinite(data1)) && typeof data1 != "string") {
            let err4 = { instancePath: instancePath + "/" + key0.replace(/~/g, "~0").replace(/\//g, "~1") + "/soft", schemaPath: "#/additionalProperties/properties/soft/type", keyword: "type", params: { type: schema15.additionalProperties.properties.soft.type } };
            vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
          }
        }
        if (data0.hard !== void 0) {
          let data2 = data0.hard;
          if (!(typeof data2 == "number" && !(data2 % 1) && !isNaN(data2) && isFinite(data2)) && typeof data2 != "string") {
            let err5 = { instancePath: instancePath + "/" + key0.replace(/~/g, "~0").replace(/\//g, "~1") + "/hard", schemaPath: "#/additionalProperties/properties/hard/type", keyword: "type", params: { type: schema15.additionalProperties.properties.hard.type } };
            vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
          }
        }
      }
    }
  else {
    let err6 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" } };
    vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
  }
  return validate46.errors = vErrors, errors === 0;
}
function validate48(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (Array.isArray(data)) {
    let len0 = data.length;
    for (let i0 = 0; i0 < len0; i0++)
      if (typeof data[i0] != "string") {
        let err0 = { instancePath: instancePath + "/" + i0, schemaPath: "#/items/type", keyword: "type", params: { type: "string" } };
        vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
      }
    let i1 = data.length, j0;
    if (i1 > 1) {
      let indices0 = {};
      for (; i1--; ) {
        let item0 = data[i1];
        if (typeof item0 == "string") {
          if (typeof indices0[item0] == "number") {
            j0 = indices0[item0];
            let err1 = { instancePath, schemaPath: "#/uniqueItems", keyword: "uniqueItems", params: { i: i1, j: j0 } };
            vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
            break;
          }
          indices0[item0] = i1;
        }
      }
    }
  } else {
    let err2 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "array" } };
    vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
  }
  return validate48.errors = vErrors, errors === 0;
}
var schema17 = { type: ["null", "string", "array"], items: { type: "string" } };
function validate51(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data !== null && typeof data != "string" && !Array.isArray(data)) {
    let err0 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: schema17.type } };
    vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
  }
  if (Array.isArray(data)) {
    let len0 = data.length;
    for (let i0 = 0; i0 < len0; i0++)
      if (typeof data[i0] != "string") {
        let err1 = { instancePath: instancePath + "/" + i0, schemaPath: "#/items/type", keyword: "type", params: { type: "string" } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
  }
  return validate51.errors = vErrors, errors === 0;
}
var schema18 = { type: ["object", "null"], properties: { mode: { type: "string" }, endpoint_mode: { type: "string" }, replicas: { type: ["integer", "string"] }, labels: { $ref: "#/definitions/key_values" }, update_config: { type: "object", properties: { parallelism: { type: ["integer", "string"] }, delay: { $ref: "#/definitions/duration" }, failure_action: { type: "string" }, monitor: { $ref: "#/definitions/duration" }, max_failure_ratio: { type: ["number", "string"] }, order: { type: "string", enum: ["start-first", "stop-first"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, rollback_config: { type: "object", properties: { parallelism: { type: ["integer", "string"] }, delay: { $ref: "#/definitions/duration" }, failure_action: { type: "string" }, monitor: { $ref: "#/definitions/duration" }, max_failure_ratio: { type: ["number", "string"] }, order: { type: "string", enum: ["start-first", "stop-first"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, resources: { type: "object", properties: { limits: { type: "object", properties: { cpus: { type: ["number", "string"] }, memory: { type: "string" }, pids: { type: ["integer", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, reservations: { type: "object", properties: { cpus: { type: ["number", "string"] }, memory: { type: "string" }, generic_resources: { type: "array", items: { type: "object", properties: { discrete_resource_spec: { type: "object", properties: { kind: { type: "string" }, value: { type: ["number", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, devices: { type: "array", items: { type: "object", properties: { capabilities: { $ref: "#/definitions/strings" }, count: { type: ["string", "integer"] }, device_ids: { $ref: "#/definitions/strings" }, driver: { type: "string" }, options: { $ref: "#/definitions/key_values" } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["capabilities"] } } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, restart_policy: { type: "object", properties: { condition: { type: "string" }, delay: { $ref: "#/definitions/duration" }, max_attempts: { type: ["integer", "string"] }, window: { $ref: "#/definitions/duration" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, placement: { type: "object", properties: { constraints: { type: "array", items: { type: "string" } }, preferences: { type: "array", items: { type: "object", properties: { spread: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, max_replicas_per_node: { type: ["integer", "string"] } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, patternProperties: { "^x-": {} }, additionalProperties: !1 };
function validate56(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (typeof data != "string") {
    let err0 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "string" } };
    vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
  }
  return validate56.errors = vErrors, errors === 0;
}
function validate54(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (!(data && typeof data == "object" && !Array.isArray(data)) && data !== null) {
    let err0 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: schema18.type } };
    vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
  }
  if (data && typeof data == "object" && !Array.isArray(data)) {
    for (let key0 in data)
      if (!(func2.call(schema18.properties, key0) || pattern0.test(key0))) {
        let err1 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
    if (data.mode !== void 0 && typeof data.mode != "string") {
      let err2 = { instancePath: instancePath + "/mode", schemaPath: "#/properties/mode/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
    }
    if (data.endpoint_mode !== void 0 && typeof data.endpoint_mode != "string") {
      let err3 = { instancePath: instancePath + "/endpoint_mode", schemaPath: "#/properties/endpoint_mode/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
    }
    if (data.replicas !== void 0) {
      let data2 = data.replicas;
      if (!(typeof data2 == "number" && !(data2 % 1) && !isNaN(data2) && isFinite(data2)) && typeof data2 != "string") {
        let err4 = { instancePath: instancePath + "/replicas", schemaPath: "#/properties/replicas/type", keyword: "type", params: { type: schema18.properties.replicas.type } };
        vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
      }
    }
    if (data.labels !== void 0 && (validate26(data.labels, { instancePath: instancePath + "/labels", parentData: data, parentDataProperty: "labels", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data.update_config !== void 0) {
      let data4 = data.update_config;
      if (data4 && typeof data4 == "object" && !Array.isArray(data4)) {
        for (let key1 in data4)
          if (!(key1 === "parallelism" || key1 === "delay" || key1 === "failure_action" || key1 === "monitor" || key1 === "max_failure_ratio" || key1 === "order" || pattern0.test(key1))) {
            let err5 = { instancePath: instancePath + "/update_config", schemaPath: "#/properties/update_config/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key1 } };
            vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
          }
        if (data4.parallelism !== void 0) {
          let data5 = data4.parallelism;
          if (!(typeof data5 == "number" && !(data5 % 1) && !isNaN(data5) && isFinite(data5)) && typeof data5 != "string") {
            let err6 = { instancePath: instancePath + "/update_config/parallelism", schemaPath: "#/properties/update_config/properties/parallelism/type", keyword: "type", params: { type: schema18.properties.update_config.properties.parallelism.type } };
            vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
          }
        }
        if (data4.delay !== void 0 && (validate56(data4.delay, { instancePath: instancePath + "/update_config/delay", parentData: data4, parentDataProperty: "delay", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length)), data4.failure_action !== void 0 && typeof data4.failure_action != "string") {
          let err7 = { instancePath: instancePath + "/update_config/failure_action", schemaPath: "#/properties/update_config/properties/failure_action/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err7] : vErrors.push(err7), errors++;
        }
        if (data4.monitor !== void 0 && (validate56(data4.monitor, { instancePath: instancePath + "/update_config/monitor", parentData: data4, parentDataProperty: "monitor", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length)), data4.max_failure_ratio !== void 0) {
          let data9 = data4.max_failure_ratio;
          if (!(typeof data9 == "number" && isFinite(data9)) && typeof data9 != "string") {
            let err8 = { instancePath: instancePath + "/update_config/max_failure_ratio", schemaPath: "#/properties/update_config/properties/max_failure_ratio/type", keyword: "type", params: { type: schema18.properties.update_config.properties.max_failure_ratio.type } };
            vErrors === null ? vErrors = [err8] : vErrors.push(err8), errors++;
          }
        }
        if (data4.order !== void 0) {
          let data10 = data4.order;
          if (typeof data10 != "string") {
            let err9 = { instancePath: instancePath + "/update_config/order", schemaPath: "#/properties/update_config/properties/order/type", keyword: "type", params: { type: "string" } };
            vErrors === null ? vErrors = [err9] : vErrors.push(err9), errors++;
          }
          if (!(data10 === "start-first" || data10 === "stop-first")) {
            let err10 = { instancePath: instancePath + "/update_config/order", schemaPath: "#/properties/update_config/properties/order/enum", keyword: "enum", params: { allowedValues: schema18.properties.update_config.properties.order.enum } };
            vErrors === null ? vErrors = [err10] : vErrors.push(err10), errors++;
          }
        }
      } else {
        let err11 = { instancePath: instancePath + "/update_config", schemaPath: "#/properties/update_config/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err11] : vErrors.push(err11), errors++;
      }
    }
    if (data.rollback_config !== void 0) {
      let data11 = data.rollback_config;
      if (data11 && typeof data11 == "object" && !Array.isArray(data11)) {
        for (let key2 in data11)
          if (!(key2 === "parallelism" || key2 === "delay" || key2 === "failure_action" || key2 === "monitor" || key2 === "max_failure_ratio" || key2 === "order" || pattern0.test(key2))) {
            let err12 = { instancePath: instancePath + "/rollback_config", schemaPath: "#/properties/rollback_config/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key2 } };
            vErrors === null ? vErrors = [err12] : vErrors.push(err12), errors++;
          }
        if (data11.parallelism !== void 0) {
          let data12 = data11.parallelism;
          if (!(typeof data12 == "number" && !(data12 % 1) && !isNaN(data12) && isFinite(data12)) && typeof data12 != "string") {
            let err13 = { instancePath: instancePath + "/rollback_config/parallelism", schemaPath: "#/properties/rollback_config/properties/parallelism/type", keyword: "type", params: { type: schema18.properties.rollback_config.properties.parallelism.type } };
            vErrors === null ? vErrors = [err13] : vErrors.push(err13), errors++;
          }
        }
        if (data11.delay !== void 0 && (validate56(data11.delay, { instancePath: instancePath + "/rollback_config/delay", parentData: data11, parentDataProperty: "delay", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length)), data11.failure_action !== void 0 && typeof data11.failure_action != "string") {
          let err14 = { instancePath: instancePath + "/rollback_config/failure_action", schemaPath: "#/properties/rollback_config/properties/failure_action/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err14] : vErrors.push(err14), errors++;
        }
        if (data11.monitor !== void 0 && (validate56(data11.monitor, { instancePath: instancePath + "/rollback_config/monitor", parentData: data11, parentDataProperty: "monitor", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length)), data11.max_failure_ratio !== void 0) {
          let data16 = data11.max_failure_ratio;
          if (!(typeof data16 == "number" && isFinite(data16)) && typeof data16 != "string") {
            let err15 = { instancePath: instancePath + "/rollback_config/max_failure_ratio", schemaPath: "#/properties/rollback_config/properties/max_failure_ratio/type", keyword: "type", params: { type: schema18.properties.rollback_config.properties.max_failure_ratio.type } };
            vErrors === null ? vErrors = [err15] : vErrors.push(err15), errors++;
          }
        }
        if (data11.order !== void 0) {
          let data17 = data11.order;
          if (typeof data17 != "string") {
            let err16 = { instancePath: instancePath + "/rollback_config/order", schemaPath: "#/properties/rollback_config/properties/order/type", keyword: "type", params: { type: "string" } };
            vErrors === null ? vErrors = [err16] : vErrors.push(err16), errors++;
          }
          if (!(data17 === "start-first" || data17 === "stop-first")) {
            let err17 = { instancePath: instancePath + "/rollback_config/order", schemaPath: "#/properties/rollback_config/properties/order/enum", keyword: "enum", params: { allowedValues: schema18.properties.rollback_config.properties.order.enum } };
            vErrors === null ? vErrors = [err17] : vErrors.push(err17), errors++;
          }
        }
      } else {
        let err18 = { instancePath: instancePath + "/rollback_config", schemaPath: "#/properties/rollback_config/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err18] : vErrors.push(err18), errors++;
      }
    }
    if (data.resources !== void 0) {
      let data18 = data.resources;
      if (data18 && typeof data18 == "object" && !Array.isArray(data18)) {
        for (let key3 in data18)
          if (!(key3 === "limits" || key3 === "reservations" || pattern0.test(key3))) {
            let err19 = { instancePath: instancePath + "/resources", schemaPath: "#/properties/resources/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key3 } };
            vErrors === null ? vErrors = [err19] : vErrors.push(err19), errors++;
          }
        if (data18.limits !== void 0) {
          let data19 = data18.limits;
          if (data19 && typeof data19 == "object" && !Array.isArray(data19)) {
            for (let key4 in data19)
              if (!(key4 === "cpus" || key4 === "memory" || key4 === "pids" || pattern0.test(key4))) {
                let err20 = { instancePath: instancePath + "/resources/limits", schemaPath: "#/properties/resources/properties/limits/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key4 } };
                vErrors === null ? vErrors = [err20] : vErrors.push(err20), errors++;
              }
            if (data19.cpus !== void 0) {
              let data20 = data19.cpus;
              if (!(typeof data20 == "number" && isFinite(data20)) && typeof data20 != "string") {
                let err21 = { instancePath: instancePath + "/resources/limits/cpus", schemaPath: "#/properties/resources/properties/limits/properties/cpus/type", keyword: "type", params: { type: schema18.properties.resources.properties.limits.properties.cpus.type } };
                vErrors === null ? vErrors = [err21] : vErrors.push(err21), errors++;
              }
            }
            if (data19.memory !== void 0 && typeof data19.memory != "string") {
              let err22 = { instancePath: instancePath + "/resources/limits/memory", schemaPath: "#/properties/resources/properties/limits/properties/memory/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err22] : vErrors.push(err22), errors++;
            }
            if (data19.pids !== void 0) {
              let data22 = data19.pids;
              if (!(typeof data22 == "number" && !(data22 % 1) && !isNaN(data22) && isFinite(data22)) && typeof data22 != "string") {
                let err23 = { instancePath: instancePath + "/resources/limits/pids", schemaPath: "#/properties/resources/properties/limits/properties/pids/type", keyword: "type", params: { type: schema18.properties.resources.properties.limits.properties.pids.type } };
                vErrors === null ? vErrors = [err23] : vErrors.push(err23), errors++;
              }
            }
          } else {
            let err24 = { instancePath: instancePath + "/resources/limits", schemaPath: "#/properties/resources/properties/limits/type", keyword: "type", params: { type: "object" } };
            vErrors === null ? vErrors = [err24] : vErrors.push(err24), errors++;
          }
        }
        if (data18.reservations !== void 0) {
          let data23 = data18.reservations;
          if (data23 && typeof data23 == "object" && !Array.isArray(data23)) {
            for (let key5 in data23)
              if (!(key5 === "cpus" || key5 === "memory" || key5 === "generic_resources" || key5 === "devices" || pattern0.test(key5))) {
                let err25 = { instancePath: instancePath + "/resources/reservations", schemaPath: "#/properties/resources/properties/reservations/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key5 } };
                vErrors === null ? vErrors = [err25] : vErrors.push(err25), errors++;
              }
            if (data23.cpus !== void 0) {
              let data24 = data23.cpus;
              if (!(typeof data24 == "number" && isFinite(data24)) && typeof data24 != "string") {
                let err26 = { instancePath: instancePath + "/resources/reservations/cpus", schemaPath: "#/properties/resources/properties/reservations/properties/cpus/type", keyword: "type", params: { type: schema18.properties.resources.properties.reservations.properties.cpus.type } };
                vErrors === null ? vErrors = [err26] : vErrors.push(err26), errors++;
              }
            }
            if (data23.memory !== void 0 && typeof data23.memory != "string") {
              let err27 = { instancePath: instancePath + "/resources/reservations/memory", schemaPath: "#/properties/resources/properties/reservations/properties/memory/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err27] : vErrors.push(err27), errors++;
            }
            if (data23.generic_resources !== void 0) {
              let data26 = data23.generic_resources;
              if (Array.isArray(data26)) {
                let len0 = data26.length;
                for (let i0 = 0; i0 < len0; i0++) {
                  let data27 = data26[i0];
                  if (data27 && typeof data27 == "object" && !Array.isArray(data27)) {
                    for (let key6 in data27)
                      if (!(key6 === "discrete_resource_spec" || pattern0.test(key6))) {
                        let err28 = { instancePath: instancePath + "/resources/reservations/generic_resources/" + i0, schemaPath: "#/properties/resources/properties/reservations/properties/generic_resources/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key6 } };
                        vErrors === null ? vErrors = [err28] : vErrors.push(err28), errors++;
                      }
                    if (data27.discrete_resource_spec !== void 0) {
                      let data28 = data27.discrete_resource_spec;
                      if (data28 && typeof data28 == "object" && !Array.isArray(data28)) {
                        for (let key7 in data28)
                          if (!(key7 === "kind" || key7 === "value" || pattern0.test(key7))) {
                            let err29 = { instancePath: instancePath + "/resources/reservations/generic_resources/" + i0 + "/discrete_resource_spec", schemaPath: "#/properties/resources/properties/reservations/properties/generic_resources/items/properties/discrete_resource_spec/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key7 } };
                            vErrors === null ? vErrors = [err29] : vErrors.push(err29), errors++;
                          }
                        if (data28.kind !== void 0 && typeof data28.kind != "string") {
                          let err30 = { instancePath: instancePath + "/resources/reservations/generic_resources/" + i0 + "/discrete_resource_spec/kind", schemaPath: "#/properties/resources/properties/reservations/properties/generic_resources/items/properties/discrete_resource_spec/properties/kind/type", keyword: "type", params: { type: "string" } };
                          vErrors === null ? vErrors = [err30] : vErrors.push(err30), errors++;
                        }
                        if (data28.value !== void 0) {
                          let data30 = data28.value;
                          if (!(typeof data30 == "number" && isFinite(data30)) && typeof data30 != "string") {
                            let err31 = { instancePath: instancePath + "/resources/reservations/generic_resources/" + i0 + "/discrete_resource_spec/value", schemaPath: "#/properties/resources/properties/reservations/properties/generic_resources/items/properties/discrete_resource_spec/properties/value/type", keyword: "type", params: { type: schema18.properties.resources.properties.reservations.properties.generic_resources.items.properties.discrete_resource_spec.properties.value.type } };
                            vErrors === null ? vErrors = [err31] : vErrors.push(err31), errors++;
                          }
                        }
                      } else {
                        let err32 = { instancePath: instancePath + "/resources/reservations/generic_resources/" + i0 + "/discrete_resource_spec", schemaPath: "#/properties/resources/properties/reservations/properties/generic_resources/items/properties/discrete_resource_spec/type", keyword: "type", params: { type: "object" } };
                        vErrors === null ? vErrors = [err32] : vErrors.push(err32), errors++;
                      }
                    }
                  } else {
                    let err33 = { instancePath: instancePath + "/resources/reservations/generic_resources/" + i0, schemaPath: "#/properties/resources/properties/reservations/properties/generic_resources/items/type", keyword: "type", params: { type: "object" } };
                    vErrors === null ? vErrors = [err33] : vErrors.push(err33), errors++;
                  }
                }
              } else {
                let err34 = { instancePath: instancePath + "/resources/reservations/generic_resources", schemaPath: "#/properties/resources/properties/reservations/properties/generic_resources/type", keyword: "type", params: { type: "array" } };
                vErrors === null ? vErrors = [err34] : vErrors.push(err34), errors++;
              }
            }
            if (data23.devices !== void 0) {
              let data31 = data23.devices;
              if (Array.isArray(data31)) {
                let len1 = data31.length;
                for (let i1 = 0; i1 < len1; i1++) {
                  let data32 = data31[i1];
                  if (data32 && typeof data32 == "object" && !Array.isArray(data32)) {
                    if (data32.capabilities === void 0) {
                      let err35 = { instancePath: instancePath + "/resources/reservations/devices/" + i1, schemaPath: "#/properties/resources/properties/reservations/properties/devices/items/required", keyword: "required", params: { missingProperty: "capabilities" } };
                      vErrors === null ? vErrors = [err35] : vErrors.push(err35), errors++;
                    }
                    for (let key8 in data32)
                      if (!(key8 === "capabilities" || key8 === "count" || key8 === "device_ids" || key8 === "driver" || key8 === "options" || pattern0.test(key8))) {
                        let err36 = { instancePath: instancePath + "/resources/reservations/devices/" + i1, schemaPath: "#/properties/resources/properties/reservations/properties/devices/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key8 } };
                        vErrors === null ? vErrors = [err36] : vErrors.push(err36), errors++;
                      }
                    if (data32.capabilities !== void 0 && (validate48(data32.capabilities, { instancePath: instancePath + "/resources/reservations/devices/" + i1 + "/capabilities", parentData: data32, parentDataProperty: "capabilities", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data32.count !== void 0) {
                      let data34 = data32.count;
                      if (typeof data34 != "string" && !(typeof data34 == "number" && !(data34 % 1) && !isNaN(data34) && isFinite(data34))) {
                        let err37 = { instancePath: instancePath + "/resources/reservations/devices/" + i1 + "/count", schemaPath: "#/properties/resources/properties/reservations/properties/devices/items/properties/count/type", keyword: "type", params: { type: schema18.properties.resources.properties.reservations.properties.devices.items.properties.count.type } };
                        vErrors === null ? vErrors = [err37] : vErrors.push(err37), errors++;
                      }
                    }
                    if (data32.device_ids !== void 0 && (validate48(data32.device_ids, { instancePath: instancePath + "/resources/reservations/devices/" + i1 + "/device_ids", parentData: data32, parentDataProperty: "device_ids", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data32.driver !== void 0 && typeof data32.driver != "string") {
                      let err38 = { instancePath: instancePath + "/resources/reservations/devices/" + i1 + "/driver", schemaPath: "#/properties/resources/properties/reservations/properties/devices/items/properties/driver/type", keyword: "type", params: { type: "string" } };
                      vErrors === null ? vErrors = [err38] : vErrors.push(err38), errors++;
                    }
                    data32.options !== void 0 && (validate26(data32.options, { instancePath: instancePath + "/resources/reservations/devices/" + i1 + "/options", parentData: data32, parentDataProperty: "options", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length));
                  } else {
                    let err39 = { instancePath: instancePath + "/resources/reservations/devices/" + i1, schemaPath: "#/properties/resources/properties/reservations/properties/devices/items/type", keyword: "type", params: { type: "object" } };
                    vErrors === null ? vErrors = [err39] : vErrors.push(err39), errors++;
                  }
                }
              } else {
                let err40 = { instancePath: instancePath + "/resources/reservations/devices", schemaPath: "#/properties/resources/properties/reservations/properties/devices/type", keyword: "type", params: { type: "array" } };
                vErrors === null ? vErrors = [err40] : vErrors.push(err40), errors++;
              }
            }
          } else {
            let err41 = { instancePath: instancePath + "/resources/reservations", schemaPath: "#/properties/resources/properties/reservations/type", keyword: "type", params: { type: "object" } };
            vErrors === null ? vErrors = [err41] : vErrors.push(err41), errors++;
          }
        }
      } else {
        let err42 = { instancePath: instancePath + "/resources", schemaPath: "#/properties/resources/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err42] : vErrors.push(err42), errors++;
      }
    }
    if (data.restart_policy !== void 0) {
      let data38 = data.restart_policy;
      if (data38 && typeof data38 == "object" && !Array.isArray(data38)) {
        for (let key9 in data38)
          if (!(key9 === "condition" || key9 === "delay" || key9 === "max_attempts" || key9 === "window" || pattern0.test(key9))) {
            let err43 = { instancePath: instancePath + "/restart_policy", schemaPath: "#/properties/restart_policy/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key9 } };
            vErrors === null ? vErrors = [err43] : vErrors.push(err43), errors++;
          }
        if (data38.condition !== void 0 && typeof data38.condition != "string") {
          let err44 = { instancePath: instancePath + "/restart_policy/condition", schemaPath: "#/properties/restart_policy/properties/condition/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err44] : vErrors.push(err44), errors++;
        }
        if (data38.delay !== void 0 && (validate56(data38.delay, { instancePath: instancePath + "/restart_policy/delay", parentData: data38, parentDataProperty: "delay", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length)), data38.max_attempts !== void 0) {
          let data41 = data38.max_attempts;
          if (!(typeof data41 == "number" && !(data41 % 1) && !isNaN(data41) && isFinite(data41)) && typeof data41 != "string") {
            let err45 = { instancePath: instancePath + "/restart_policy/max_attempts", schemaPath: "#/properties/restart_policy/properties/max_attempts/type", keyword: "type", params: { type: schema18.properties.restart_policy.properties.max_attempts.type } };
            vErrors === null ? vErrors = [err45] : vErrors.push(err45), errors++;
          }
        }
        data38.window !== void 0 && (validate56(data38.window, { instancePath: instancePath + "/restart_policy/window", parentData: data38, parentDataProperty: "window", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length));
      } else {
        let err46 = { instancePath: instancePath + "/restart_policy", schemaPath: "#/properties/restart_policy/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err46] : vErrors.push(err46), errors++;
      }
    }
    if (data.placement !== void 0) {
      let data43 = data.placement;
      if (data43 && typeof data43 == "object" && !Array.isArray(data43)) {
        for (let key10 in data43)
          if (!(key10 === "constraints" || key10 === "preferences" || key10 === "max_replicas_per_node" || pattern0.test(key10))) {
            let err47 = { instancePath: instancePath + "/placement", schemaPath: "#/properties/placement/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key10 } };
            vErrors === null ? vErrors = [err47] : vErrors.push(err47), errors++;
          }
        if (data43.constraints !== void 0) {
          let data44 = data43.constraints;
          if (Array.isArray(data44)) {
            let len2 = data44.length;
            for (let i2 = 0; i2 < len2; i2++)
              if (typeof data44[i2] != "string") {
                let err48 = { instancePath: instancePath + "/placement/constraints/" + i2, schemaPath: "#/properties/placement/properties/constraints/items/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err48] : vErrors.push(err48), errors++;
              }
          } else {
            let err49 = { instancePath: instancePath + "/placement/constraints", schemaPath: "#/properties/placement/properties/constraints/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err49] : vErrors.push(err49), errors++;
          }
        }
        if (data43.preferences !== void 0) {
          let data46 = data43.preferences;
          if (Array.isArray(data46)) {
            let len3 = data46.length;
            for (let i3 = 0; i3 < len3; i3++) {
              let data47 = data46[i3];
              if (data47 && typeof data47 == "object" && !Array.isArray(data47)) {
                for (let key11 in data47)
                  if (!(key11 === "spread" || pattern0.test(key11))) {
                    let err50 = { instancePath: instancePath + "/placement/preferences/" + i3, schemaPath: "#/properties/placement/properties/preferences/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key11 } };
                    vErrors === null ? vErrors = [err50] : vErrors.push(err50), errors++;
                  }
                if (data47.spread !== void 0 && typeof data47.spread != "string") {
                  let err51 = { instancePath: instancePath + "/placement/preferences/" + i3 + "/spread", schemaPath: "#/properties/placement/properties/preferences/items/properties/spread/type", keyword: "type", params: { type: "string" } };
                  vErrors === null ? vErrors = [err51] : vErrors.push(err51), errors++;
                }
              } else {
                let err52 = { instancePath: instancePath + "/placement/preferences/" + i3, schemaPath: "#/properties/placement/properties/preferences/items/type", keyword: "type", params: { type: "object" } };
                vErrors === null ? vErrors = [err52] : vErrors.push(err52), errors++;
              }
            }
          } else {
            let err53 = { instancePath: instancePath + "/placement/preferences", schemaPath: "#/properties/placement/properties/preferences/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err53] : vErrors.push(err53), errors++;
          }
        }
        if (data43.max_replicas_per_node !== void 0) {
          let data49 = data43.max_replicas_per_node;
          if (!(typeof data49 == "number" && !(data49 % 1) && !isNaN(data49) && isFinite(data49)) && typeof data49 != "string") {
            let err54 = { instancePath: instancePath + "/placement/max_replicas_per_node", schemaPath: "#/properties/placement/properties/max_replicas_per_node/type", keyword: "type", params: { type: schema18.properties.placement.properties.max_replicas_per_node.type } };
            vErrors === null ? vErrors = [err54] : vErrors.push(err54), errors++;
          }
        }
      } else {
        let err55 = { instancePath: instancePath + "/placement", schemaPath: "#/properties/placement/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err55] : vErrors.push(err55), errors++;
      }
    }
  }
  return validate54.errors = vErrors, errors === 0;
}
var schema20 = { type: "object", properties: { command: { $ref: "#/definitions/command" }, user: { type: "string" }, privileged: { type: ["boolean", "string"] }, working_dir: { type: "string" }, environment: { $ref: "#/definitions/key_values" } }, patternProperties: { "^x-": {} }, additionalProperties: !1, required: ["command"] };
function validate69(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data)) {
    if (data.command === void 0) {
      let err0 = { instancePath, schemaPath: "#/required", keyword: "required", params: { missingProperty: "command" } };
      vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
    }
    for (let key0 in data)
      if (!(key0 === "command" || key0 === "user" || key0 === "privileged" || key0 === "working_dir" || key0 === "environment" || pattern0.test(key0))) {
        let err1 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
    if (data.command !== void 0 && (validate51(data.command, { instancePath: instancePath + "/command", parentData: data, parentDataProperty: "command", rootData }) || (vErrors = vErrors === null ? validate51.errors : vErrors.concat(validate51.errors), errors = vErrors.length)), data.user !== void 0 && typeof data.user != "string") {
      let err2 = { instancePath: instancePath + "/user", schemaPath: "#/properties/user/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
    }
    if (data.privileged !== void 0) {
      let data2 = data.privileged;
      if (typeof data2 != "boolean" && typeof data2 != "string") {
        let err3 = { instancePath: instancePath + "/privileged", schemaPath: "#/properties/privileged/type", keyword: "type", params: { type: schema20.properties.privileged.type } };
        vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
      }
    }
    if (data.working_dir !== void 0 && typeof data.working_dir != "string") {
      let err4 = { instancePath: instancePath + "/working_dir", schemaPath: "#/properties/working_dir/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
    }
    data.environment !== void 0 && (validate26(data.environment, { instancePath: instancePath + "/environment", parentData: data, parentDataProperty: "environment", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length));
  } else {
    let err5 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" } };
    vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
  }
  return validate69.errors = vErrors, errors === 0;
}
var schema21 = { type: ["string", "array"], items: { type: ["string", "object"], properties: { path: { type: "string" }, format: { type: "string" }, required: { type: ["boolean", "string"] } }, required: ["path"], additionalProperties: !1 } };
function validate78(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (typeof data != "string" && !Array.isArray(data)) {
    let err0 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: schema21.type } };
    vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
  }
  if (Array.isArray(data)) {
    let len0 = data.length;
    for (let i0 = 0; i0 < len0; i0++) {
      let data0 = data[i0];
      if (typeof data0 != "string" && !(data0 && typeof data0 == "object" && !Array.isArray(data0))) {
        let err1 = { instancePath: instancePath + "/" + i0, schemaPath: "#/items/type", keyword: "type", params: { type: schema21.items.type } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
      if (data0 && typeof data0 == "object" && !Array.isArray(data0)) {
        if (data0.path === void 0) {
          let err2 = { instancePath: instancePath + "/" + i0, schemaPath: "#/items/required", keyword: "required", params: { missingProperty: "path" } };
          vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
        }
        for (let key0 in data0)
          if (!(key0 === "path" || key0 === "format" || key0 === "required")) {
            let err3 = { instancePath: instancePath + "/" + i0, schemaPath: "#/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
            vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
          }
        if (data0.path !== void 0 && typeof data0.path != "string") {
          let err4 = { instancePath: instancePath + "/" + i0 + "/path", schemaPath: "#/items/properties/path/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
        }
        if (data0.format !== void 0 && typeof data0.format != "string") {
          let err5 = { instancePath: instancePath + "/" + i0 + "/format", schemaPath: "#/items/properties/format/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
        }
        if (data0.required !== void 0) {
          let data3 = data0.required;
          if (typeof data3 != "boolean" && typeof data3 != "string") {
            let err6 = { instancePath: instancePath + "/" + i0 + "/required", schemaPath: "#/items/properties/required/type", keyword: "type", params: { type: schema21.items.properties.required.type } };
            vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
          }
        }
      }
    }
  }
  return validate78.errors = vErrors, errors === 0;
}
var schema22 = { type: "object", additionalProperties: { type: ["string", "number"] } };
function validate98(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data))
    for (let key0 in data) {
      let data0 = data[key0];
      if (typeof data0 != "string" && !(typeof data0 == "number" && isFinite(data0))) {
        let err0 = { instancePath: instancePath + "/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/additionalProperties/type", keyword: "type", params: { type: schema22.additionalProperties.type } };
        vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
      }
    }
  else {
    let err1 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" } };
    vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
  }
  return validate98.errors = vErrors, errors === 0;
}
function validate25(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data)) {
    for (let key0 in data)
      if (!(func2.call(schema8.properties, key0) || pattern0.test(key0))) {
        let err0 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
      }
    if (data.annotations !== void 0 && (validate26(data.annotations, { instancePath: instancePath + "/annotations", parentData: data, parentDataProperty: "annotations", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data.attach !== void 0) {
      let data1 = data.attach;
      if (typeof data1 != "boolean" && typeof data1 != "string") {
        let err1 = { instancePath: instancePath + "/attach", schemaPath: "#/properties/attach/type", keyword: "type", params: { type: schema8.properties.attach.type } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
    }
    if (data.blkio_config !== void 0) {
      let data2 = data.blkio_config;
      if (data2 && typeof data2 == "object" && !Array.isArray(data2)) {
        for (let key1 in data2)
          if (!(key1 === "weight" || key1 === "weight_device" || key1 === "device_read_bps" || key1 === "device_read_iops" || key1 === "device_write_bps" || key1 === "device_write_iops")) {
            let err2 = { instancePath: instancePath + "/blkio_config", schemaPath: "#/properties/blkio_config/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key1 } };
            vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
          }
        if (data2.weight !== void 0) {
          let data3 = data2.weight;
          if (!(typeof data3 == "number" && !(data3 % 1) && !isNaN(data3) && isFinite(data3)) && typeof data3 != "string") {
            let err3 = { instancePath: instancePath + "/blkio_config/weight", schemaPath: "#/properties/blkio_config/properties/weight/type", keyword: "type", params: { type: schema8.properties.blkio_config.properties.weight.type } };
            vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
          }
        }
        if (data2.weight_device !== void 0) {
          let data4 = data2.weight_device;
          if (Array.isArray(data4)) {
            let len0 = data4.length;
            for (let i0 = 0; i0 < len0; i0++)
              validate28(data4[i0], { instancePath: instancePath + "/blkio_config/weight_device/" + i0, parentData: data4, parentDataProperty: i0, rootData }) || (vErrors = vErrors === null ? validate28.errors : vErrors.concat(validate28.errors), errors = vErrors.length);
          } else {
            let err4 = { instancePath: instancePath + "/blkio_config/weight_device", schemaPath: "#/properties/blkio_config/properties/weight_device/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
          }
        }
        if (data2.device_read_bps !== void 0) {
          let data6 = data2.device_read_bps;
          if (Array.isArray(data6)) {
            let len1 = data6.length;
            for (let i1 = 0; i1 < len1; i1++)
              validate30(data6[i1], { instancePath: instancePath + "/blkio_config/device_read_bps/" + i1, parentData: data6, parentDataProperty: i1, rootData }) || (vErrors = vErrors === null ? validate30.errors : vErrors.concat(validate30.errors), errors = vErrors.length);
          } else {
            let err5 = { instancePath: instancePath + "/blkio_config/device_read_bps", schemaPath: "#/properties/blkio_config/properties/device_read_bps/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
          }
        }
        if (data2.device_read_iops !== void 0) {
          let data8 = data2.device_read_iops;
          if (Array.isArray(data8)) {
            let len2 = data8.length;
            for (let i2 = 0; i2 < len2; i2++)
              validate30(data8[i2], { instancePath: instancePath + "/blkio_config/device_read_iops/" + i2, parentData: data8, parentDataProperty: i2, rootData }) || (vErrors = vErrors === null ? validate30.errors : vErrors.concat(validate30.errors), errors = vErrors.length);
          } else {
            let err6 = { instancePath: instancePath + "/blkio_config/device_read_iops", schemaPath: "#/properties/blkio_config/properties/device_read_iops/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
          }
        }
        if (data2.device_write_bps !== void 0) {
          let data10 = data2.device_write_bps;
          if (Array.isArray(data10)) {
            let len3 = data10.length;
            for (let i3 = 0; i3 < len3; i3++)
              validate30(data10[i3], { instancePath: instancePath + "/blkio_config/device_write_bps/" + i3, parentData: data10, parentDataProperty: i3, rootData }) || (vErrors = vErrors === null ? validate30.errors : vErrors.concat(validate30.errors), errors = vErrors.length);
          } else {
            let err7 = { instancePath: instancePath + "/blkio_config/device_write_bps", schemaPath: "#/properties/blkio_config/properties/device_write_bps/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err7] : vErrors.push(err7), errors++;
          }
        }
        if (data2.device_write_iops !== void 0) {
          let data12 = data2.device_write_iops;
          if (Array.isArray(data12)) {
            let len4 = data12.length;
            for (let i4 = 0; i4 < len4; i4++)
              validate30(data12[i4], { instancePath: instancePath + "/blkio_config/device_write_iops/" + i4, parentData: data12, parentDataProperty: i4, rootData }) || (vErrors = vErrors === null ? validate30.errors : vErrors.concat(validate30.errors), errors = vErrors.length);
          } else {
            let err8 = { instancePath: instancePath + "/blkio_config/device_write_iops", schemaPath: "#/properties/blkio_config/properties/device_write_iops/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err8] : vErrors.push(err8), errors++;
          }
        }
      } else {
        let err9 = { instancePath: instancePath + "/blkio_config", schemaPath: "#/properties/blkio_config/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err9] : vErrors.push(err9), errors++;
      }
    }
    if (data.build !== void 0) {
      let data14 = data.build;
      if (typeof data14 != "string" && !(data14 && typeof data14 == "object" && !Array.isArray(data14))) {
        let err10 = { instancePath: instancePath + "/build", schemaPath: "#/properties/build/type", keyword: "type", params: { type: schema8.properties.build.type } };
        vErrors === null ? vErrors = [err10] : vErrors.push(err10), errors++;
      }
      if (data14 && typeof data14 == "object" && !Array.isArray(data14)) {
        for (let key2 in data14)
          if (!(func2.call(schema8.properties.build.properties, key2) || pattern0.test(key2))) {
            let err11 = { instancePath: instancePath + "/build", schemaPath: "#/properties/build/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key2 } };
            vErrors === null ? vErrors = [err11] : vErrors.push(err11), errors++;
          }
        if (data14.context !== void 0 && typeof data14.context != "string") {
          let err12 = { instancePath: instancePath + "/build/context", schemaPath: "#/properties/build/properties/context/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err12] : vErrors.push(err12), errors++;
        }
        if (data14.dockerfile !== void 0 && typeof data14.dockerfile != "string") {
          let err13 = { instancePath: instancePath + "/build/dockerfile", schemaPath: "#/properties/build/properties/dockerfile/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err13] : vErrors.push(err13), errors++;
        }
        if (data14.dockerfile_inline !== void 0 && typeof data14.dockerfile_inline != "string") {
          let err14 = { instancePath: instancePath + "/build/dockerfile_inline", schemaPath: "#/properties/build/properties/dockerfile_inline/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err14] : vErrors.push(err14), errors++;
        }
        if (data14.additional_contexts !== void 0 && (validate26(data14.additional_contexts, { instancePath: instancePath + "/build/additional_contexts", parentData: data14, parentDataProperty: "additional_contexts", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data14.args !== void 0 && (validate26(data14.args, { instancePath: instancePath + "/build/args", parentData: data14, parentDataProperty: "args", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data14.cache_from !== void 0) {
          let data20 = data14.cache_from;
          if (Array.isArray(data20)) {
            let len5 = data20.length;
            for (let i5 = 0; i5 < len5; i5++)
              if (typeof data20[i5] != "string") {
                let err15 = { instancePath: instancePath + "/build/cache_from/" + i5, schemaPath: "#/properties/build/properties/cache_from/items/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err15] : vErrors.push(err15), errors++;
              }
          } else {
            let err16 = { instancePath: instancePath + "/build/cache_from", schemaPath: "#/properties/build/properties/cache_from/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err16] : vErrors.push(err16), errors++;
          }
        }
        if (data14.cache_to !== void 0) {
          let data22 = data14.cache_to;
          if (Array.isArray(data22)) {
            let len6 = data22.length;
            for (let i6 = 0; i6 < len6; i6++)
              if (typeof data22[i6] != "string") {
                let err17 = { instancePath: instancePath + "/build/cache_to/" + i6, schemaPath: "#/properties/build/properties/cache_to/items/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err17] : vErrors.push(err17), errors++;
              }
          } else {
            let err18 = { instancePath: instancePath + "/build/cache_to", schemaPath: "#/properties/build/properties/cache_to/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err18] : vErrors.push(err18), errors++;
          }
        }
        if (data14.entitlements !== void 0) {
          let data24 = data14.entitlements;
          if (Array.isArray(data24)) {
            let len7 = data24.length;
            for (let i7 = 0; i7 < len7; i7++)
              if (typeof data24[i7] != "string") {
                let err19 = { instancePath: instancePath + "/build/entitlements/" + i7, schemaPath: "#/properties/build/properties/entitlements/items/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err19] : vErrors.push(err19), errors++;
              }
          } else {
            let err20 = { instancePath: instancePath + "/build/entitlements", schemaPath: "#/properties/build/properties/entitlements/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err20] : vErrors.push(err20), errors++;
          }
        }
        if (data14.extra_hosts !== void 0 && (validate37(data14.extra_hosts, { instancePath: instancePath + "/build/extra_hosts", parentData: data14, parentDataProperty: "extra_hosts", rootData }) || (vErrors = vErrors === null ? validate37.errors : vErrors.concat(validate37.errors), errors = vErrors.length)), data14.isolation !== void 0 && typeof data14.isolation != "string") {
          let err21 = { instancePath: instancePath + "/build/isolation", schemaPath: "#/properties/build/properties/isolation/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err21] : vErrors.push(err21), errors++;
        }
        if (data14.labels !== void 0 && (validate26(data14.labels, { instancePath: instancePath + "/build/labels", parentData: data14, parentDataProperty: "labels", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data14.network !== void 0 && typeof data14.network != "string") {
          let err22 = { instancePath: instancePath + "/build/network", schemaPath: "#/properties/build/properties/network/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err22] : vErrors.push(err22), errors++;
        }
        if (data14.no_cache !== void 0) {
          let data30 = data14.no_cache;
          if (typeof data30 != "boolean" && typeof data30 != "string") {
            let err23 = { instancePath: instancePath + "/build/no_cache", schemaPath: "#/properties/build/properties/no_cache/type", keyword: "type", params: { type: schema8.properties.build.properties.no_cache.type } };
            vErrors === null ? vErrors = [err23] : vErrors.push(err23), errors++;
          }
        }
        if (data14.no_cache_filter !== void 0 && (validate22(data14.no_cache_filter, { instancePath: instancePath + "/build/no_cache_filter", parentData: data14, parentDataProperty: "no_cache_filter", rootData }) || (vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors), errors = vErrors.length)), data14.platforms !== void 0) {
          let data32 = data14.platforms;
          if (Array.isArray(data32)) {
            let len8 = data32.length;
            for (let i8 = 0; i8 < len8; i8++)
              if (typeof data32[i8] != "string") {
                let err24 = { instancePath: instancePath + "/build/platforms/" + i8, schemaPath: "#/properties/build/properties/platforms/items/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err24] : vErrors.push(err24), errors++;
              }
          } else {
            let err25 = { instancePath: instancePath + "/build/platforms", schemaPath: "#/properties/build/properties/platforms/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err25] : vErrors.push(err25), errors++;
          }
        }
        if (data14.privileged !== void 0) {
          let data34 = data14.privileged;
          if (typeof data34 != "boolean" && typeof data34 != "string") {
            let err26 = { instancePath: instancePath + "/build/privileged", schemaPath: "#/properties/build/properties/privileged/type", keyword: "type", params: { type: schema8.properties.build.properties.privileged.type } };
            vErrors === null ? vErrors = [err26] : vErrors.push(err26), errors++;
          }
        }
        if (data14.provenance !== void 0) {
          let data35 = data14.provenance;
          if (typeof data35 != "boolean" && typeof data35 != "string") {
            let err27 = { instancePath: instancePath + "/build/provenance", schemaPath: "#/properties/build/properties/provenance/type", keyword: "type", params: { type: schema8.properties.build.properties.provenance.type } };
            vErrors === null ? vErrors = [err27] : vErrors.push(err27), errors++;
          }
        }
        if (data14.pull !== void 0) {
          let data36 = data14.pull;
          if (typeof data36 != "boolean" && typeof data36 != "string") {
            let err28 = { instancePath: instancePath + "/build/pull", schemaPath: "#/properties/build/properties/pull/type", keyword: "type", params: { type: schema8.properties.build.properties.pull.type } };
            vErrors === null ? vErrors = [err28] : vErrors.push(err28), errors++;
          }
        }
        if (data14.sbom !== void 0) {
          let data37 = data14.sbom;
          if (typeof data37 != "boolean" && typeof data37 != "string") {
            let err29 = { instancePath: instancePath + "/build/sbom", schemaPath: "#/properties/build/properties/sbom/type", keyword: "type", params: { type: schema8.properties.build.properties.sbom.type } };
            vErrors === null ? vErrors = [err29] : vErrors.push(err29), errors++;
          }
        }
        if (data14.secrets !== void 0 && (validate41(data14.secrets, { instancePath: instancePath + "/build/secrets", parentData: data14, parentDataProperty: "secrets", rootData }) || (vErrors = vErrors === null ? validate41.errors : vErrors.concat(validate41.errors), errors = vErrors.length)), data14.shm_size !== void 0 && (validate43(data14.shm_size, { instancePath: instancePath + "/build/shm_size", parentData: data14, parentDataProperty: "shm_size", rootData }) || (vErrors = vErrors === null ? validate43.errors : vErrors.concat(validate43.errors), errors = vErrors.length)), data14.ssh !== void 0 && (validate26(data14.ssh, { instancePath: instancePath + "/build/ssh", parentData: data14, parentDataProperty: "ssh", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data14.tags !== void 0) {
          let data41 = data14.tags;
          if (Array.isArray(data41)) {
            let len9 = data41.length;
            for (let i9 = 0; i9 < len9; i9++)
              if (typeof data41[i9] != "string") {
                let err30 = { instancePath: instancePath + "/build/tags/" + i9, schemaPath: "#/properties/build/properties/tags/items/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err30] : vErrors.push(err30), errors++;
              }
          } else {
            let err31 = { instancePath: instancePath + "/build/tags", schemaPath: "#/properties/build/properties/tags/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err31] : vErrors.push(err31), errors++;
          }
        }
        if (data14.target !== void 0 && typeof data14.target != "string") {
          let err32 = { instancePath: instancePath + "/build/target", schemaPath: "#/properties/build/properties/target/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err32] : vErrors.push(err32), errors++;
        }
        data14.ulimits !== void 0 && (validate46(data14.ulimits, { instancePath: instancePath + "/build/ulimits", parentData: data14, parentDataProperty: "ulimits", rootData }) || (vErrors = vErrors === null ? validate46.errors : vErrors.concat(validate46.errors), errors = vErrors.length));
      }
    }
    if (data.cap_add !== void 0 && (validate48(data.cap_add, { instancePath: instancePath + "/cap_add", parentData: data, parentDataProperty: "cap_add", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data.cap_drop !== void 0 && (validate48(data.cap_drop, { instancePath: instancePath + "/cap_drop", parentData: data, parentDataProperty: "cap_drop", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data.cgroup !== void 0) {
      let data47 = data.cgroup;
      if (typeof data47 != "string") {
        let err33 = { instancePath: instancePath + "/cgroup", schemaPath: "#/properties/cgroup/type", keyword: "type", params: { type: "string" } };
        vErrors === null ? vErrors = [err33] : vErrors.push(err33), errors++;
      }
      if (!(data47 === "host" || data47 === "private")) {
        let err34 = { instancePath: instancePath + "/cgroup", schemaPath: "#/properties/cgroup/enum", keyword: "enum", params: { allowedValues: schema8.properties.cgroup.enum } };
        vErrors === null ? vErrors = [err34] : vErrors.push(err34), errors++;
      }
    }
    if (data.cgroup_parent !== void 0 && typeof data.cgroup_parent != "string") {
      let err35 = { instancePath: instancePath + "/cgroup_parent", schemaPath: "#/properties/cgroup_parent/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err35] : vErrors.push(err35), errors++;
    }
    if (data.command !== void 0 && (validate51(data.command, { instancePath: instancePath + "/command", parentData: data, parentDataProperty: "command", rootData }) || (vErrors = vErrors === null ? validate51.errors : vErrors.concat(validate51.errors), errors = vErrors.length)), data.configs !== void 0 && (validate41(data.configs, { instancePath: instancePath + "/configs", parentData: data, parentDataProperty: "configs", rootData }) || (vErrors = vErrors === null ? validate41.errors : vErrors.concat(validate41.errors), errors = vErrors.length)), data.container_name !== void 0 && typeof data.container_name != "string") {
      let err36 = { instancePath: instancePath + "/container_name", schemaPath: "#/properties/container_name/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err36] : vErrors.push(err36), errors++;
    }
    if (data.cpu_count !== void 0) {
      let data52 = data.cpu_count;
      if (!(typeof data52 == "number" && !(data52 % 1) && !isNaN(data52) && isFinite(data52)) && typeof data52 != "string") {
        let err37 = { instancePath: instancePath + "/cpu_count", schemaPath: "#/properties/cpu_count/type", keyword: "type", params: { type: schema8.properties.cpu_count.type } };
        vErrors === null ? vErrors = [err37] : vErrors.push(err37), errors++;
      }
      if (typeof data52 == "number" && isFinite(data52) && (data52 < 0 || isNaN(data52))) {
        let err38 = { instancePath: instancePath + "/cpu_count", schemaPath: "#/properties/cpu_count/minimum", keyword: "minimum", params: { comparison: ">=", limit: 0 } };
        vErrors === null ? vErrors = [err38] : vErrors.push(err38), errors++;
      }
    }
    if (data.cpu_percent !== void 0) {
      let data53 = data.cpu_percent;
      if (!(typeof data53 == "number" && isFinite(data53)) && typeof data53 != "string") {
        let err39 = { instancePath: instancePath + "/cpu_percent", schemaPath: "#/properties/cpu_percent/type", keyword: "type", params: { type: schema8.properties.cpu_percent.type } };
        vErrors === null ? vErrors = [err39] : vErrors.push(err39), errors++;
      }
      if (typeof data53 == "number" && isFinite(data53)) {
        if (data53 > 100 || isNaN(data53)) {
          let err40 = { instancePath: instancePath + "/cpu_percent", schemaPath: "#/properties/cpu_percent/maximum", keyword: "maximum", params: { comparison: "<=", limit: 100 } };
          vErrors === null ? vErrors = [err40] : vErrors.push(err40), errors++;
        }
        if (data53 < 0 || isNaN(data53)) {
          let err41 = { instancePath: instancePath + "/cpu_percent", schemaPath: "#/properties/cpu_percent/minimum", keyword: "minimum", params: { comparison: ">=", limit: 0 } };
          vErrors === null ? vErrors = [err41] : vErrors.push(err41), errors++;
        }
      }
    }
    if (data.cpu_period !== void 0) {
      let data54 = data.cpu_period;
      if (!(typeof data54 == "number" && isFinite(data54)) && typeof data54 != "string") {
        let err42 = { instancePath: instancePath + "/cpu_period", schemaPath: "#/properties/cpu_period/type", keyword: "type", params: { type: schema8.properties.cpu_period.type } };
        vErrors === null ? vErrors = [err42] : vErrors.push(err42), errors++;
      }
    }
    if (data.cpu_quota !== void 0) {
      let data55 = data.cpu_quota;
      if (!(typeof data55 == "number" && isFinite(data55)) && typeof data55 != "string") {
        let err43 = { instancePath: instancePath + "/cpu_quota", schemaPath: "#/properties/cpu_quota/type", keyword: "type", params: { type: schema8.properties.cpu_quota.type } };
        vErrors === null ? vErrors = [err43] : vErrors.push(err43), errors++;
      }
    }
    if (data.cpu_rt_period !== void 0) {
      let data56 = data.cpu_rt_period;
      if (!(typeof data56 == "number" && isFinite(data56)) && typeof data56 != "string") {
        let err44 = { instancePath: instancePath + "/cpu_rt_period", schemaPath: "#/properties/cpu_rt_period/type", keyword: "type", params: { type: schema8.properties.cpu_rt_period.type } };
        vErrors === null ? vErrors = [err44] : vErrors.push(err44), errors++;
      }
    }
    if (data.cpu_rt_runtime !== void 0) {
      let data57 = data.cpu_rt_runtime;
      if (!(typeof data57 == "number" && isFinite(data57)) && typeof data57 != "string") {
        let err45 = { instancePath: instancePath + "/cpu_rt_runtime", schemaPath: "#/properties/cpu_rt_runtime/type", keyword: "type", params: { type: schema8.properties.cpu_rt_runtime.type } };
        vErrors === null ? vErrors = [err45] : vErrors.push(err45), errors++;
      }
    }
    if (data.cpu_shares !== void 0) {
      let data58 = data.cpu_shares;
      if (!(typeof data58 == "number" && isFinite(data58)) && typeof data58 != "string") {
        let err46 = { instancePath: instancePath + "/cpu_shares", schemaPath: "#/properties/cpu_shares/type", keyword: "type", params: { type: schema8.properties.cpu_shares.type } };
        vErrors === null ? vErrors = [err46] : vErrors.push(err46), errors++;
      }
    }
    if (data.cpus !== void 0) {
      let data59 = data.cpus;
      if (!(typeof data59 == "number" && isFinite(data59)) && typeof data59 != "string") {
        let err47 = { instancePath: instancePath + "/cpus", schemaPath: "#/properties/cpus/type", keyword: "type", params: { type: schema8.properties.cpus.type } };
        vErrors === null ? vErrors = [err47] : vErrors.push(err47), errors++;
      }
    }
    if (data.cpuset !== void 0 && typeof data.cpuset != "string") {
      let err48 = { instancePath: instancePath + "/cpuset", schemaPath: "#/properties/cpuset/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err48] : vErrors.push(err48), errors++;
    }
    if (data.credential_spec !== void 0) {
      let data61 = data.credential_spec;
      if (data61 && typeof data61 == "object" && !Array.isArray(data61)) {
        for (let key3 in data61)
          if (!(key3 === "config" || key3 === "file" || key3 === "registry" || pattern0.test(key3))) {
            let err49 = { instancePath: instancePath + "/credential_spec", schemaPath: "#/properties/credential_spec/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key3 } };
            vErrors === null ? vErrors = [err49] : vErrors.push(err49), errors++;
          }
        if (data61.config !== void 0 && typeof data61.config != "string") {
          let err50 = { instancePath: instancePath + "/credential_spec/config", schemaPath: "#/properties/credential_spec/properties/config/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err50] : vErrors.push(err50), errors++;
        }
        if (data61.file !== void 0 && typeof data61.file != "string") {
          let err51 = { instancePath: instancePath + "/credential_spec/file", schemaPath: "#/properties/credential_spec/properties/file/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err51] : vErrors.push(err51), errors++;
        }
        if (data61.registry !== void 0 && typeof data61.registry != "string") {
          let err52 = { instancePath: instancePath + "/credential_spec/registry", schemaPath: "#/properties/credential_spec/properties/registry/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err52] : vErrors.push(err52), errors++;
        }
      } else {
        let err53 = { instancePath: instancePath + "/credential_spec", schemaPath: "#/properties/credential_spec/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err53] : vErrors.push(err53), errors++;
      }
    }
    if (data.depends_on !== void 0) {
      let data65 = data.depends_on;
      if (!data65 || typeof data65 != "object") {
        let err54 = { instancePath: instancePath + "/depends_on", schemaPath: "#/properties/depends_on/type", keyword: "type", params: { type: schema8.properties.depends_on.type } };
        vErrors === null ? vErrors = [err54] : vErrors.push(err54), errors++;
      }
      if (Array.isArray(data65)) {
        let len10 = data65.length;
        for (let i10 = 0; i10 < len10; i10++)
          if (typeof data65[i10] != "string") {
            let err55 = { instancePath: instancePath + "/depends_on/" + i10, schemaPath: "#/properties/depends_on/items/type", keyword: "type", params: { type: "string" } };
            vErrors === null ? vErrors = [err55] : vErrors.push(err55), errors++;
          }
        let i11 = data65.length, j0;
        if (i11 > 1) {
          let indices0 = {};
          for (; i11--; ) {
            let item0 = data65[i11];
            if (typeof item0 == "string") {
              if (typeof indices0[item0] == "number") {
                j0 = indices0[item0];
                let err56 = { instancePath: instancePath + "/depends_on", schemaPath: "#/properties/depends_on/uniqueItems", keyword: "uniqueItems", params: { i: i11, j: j0 } };
                vErrors === null ? vErrors = [err56] : vErrors.push(err56), errors++;
                break;
              }
              indices0[item0] = i11;
            }
          }
        }
      }
      if (data65 && typeof data65 == "object" && !Array.isArray(data65)) {
        for (let key4 in data65)
          if (!pattern1.test(key4)) {
            let err57 = { instancePath: instancePath + "/depends_on", schemaPath: "#/properties/depends_on/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key4 } };
            vErrors === null ? vErrors = [err57] : vErrors.push(err57), errors++;
          }
        for (let key5 in data65)
          if (pattern1.test(key5)) {
            let data67 = data65[key5];
            if (data67 && typeof data67 == "object" && !Array.isArray(data67)) {
              if (data67.condition === void 0) {
                let err58 = { instancePath: instancePath + "/depends_on/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/depends_on/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/required", keyword: "required", params: { missingProperty: "condition" } };
                vErrors === null ? vErrors = [err58] : vErrors.push(err58), errors++;
              }
              for (let key6 in data67)
                if (!(key6 === "condition" || key6 === "required" || key6 === "restart" || pattern0.test(key6))) {
                  let err59 = { instancePath: instancePath + "/depends_on/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/depends_on/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key6 } };
                  vErrors === null ? vErrors = [err59] : vErrors.push(err59), errors++;
                }
              if (data67.condition !== void 0) {
                let data68 = data67.condition;
                if (typeof data68 != "string") {
                  let err60 = { instancePath: instancePath + "/depends_on/" + key5.replace(/~/g, "~0").replace(/\//g, "~1") + "/condition", schemaPath: "#/properties/depends_on/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/properties/condition/type", keyword: "type", params: { type: "string" } };
                  vErrors === null ? vErrors = [err60] : vErrors.push(err60), errors++;
                }
                if (!(data68 === "service_started" || data68 === "service_healthy" || data68 === "service_completed_successfully")) {
                  let err61 = { instancePath: instancePath + "/depends_on/" + key5.replace(/~/g, "~0").replace(/\//g, "~1") + "/condition", schemaPath: "#/properties/depends_on/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/properties/condition/enum", keyword: "enum", params: { allowedValues: schema8.properties.depends_on.patternProperties["^[a-zA-Z0-9._-]+$"].properties.condition.enum } };
                  vErrors === null ? vErrors = [err61] : vErrors.push(err61), errors++;
                }
              }
              if (data67.required !== void 0 && typeof data67.required != "boolean") {
                let err62 = { instancePath: instancePath + "/depends_on/" + key5.replace(/~/g, "~0").replace(/\//g, "~1") + "/required", schemaPath: "#/properties/depends_on/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/properties/required/type", keyword: "type", params: { type: "boolean" } };
                vErrors === null ? vErrors = [err62] : vErrors.push(err62), errors++;
              }
              if (data67.restart !== void 0) {
                let data70 = data67.restart;
                if (typeof data70 != "boolean" && typeof data70 != "string") {
                  let err63 = { instancePath: instancePath + "/depends_on/" + key5.replace(/~/g, "~0").replace(/\//g, "~1") + "/restart", schemaPath: "#/properties/depends_on/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/properties/restart/type", keyword: "type", params: { type: schema8.properties.depends_on.patternProperties["^[a-zA-Z0-9._-]+$"].properties.restart.type } };
                  vErrors === null ? vErrors = [err63] : vErrors.push(err63), errors++;
                }
              }
            } else {
              let err64 = { instancePath: instancePath + "/depends_on/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/depends_on/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/type", keyword: "type", params: { type: "object" } };
              vErrors === null ? vErrors = [err64] : vErrors.push(err64), errors++;
            }
          }
      }
    }
    if (data.deploy !== void 0 && (validate54(data.deploy, { instancePath: instancePath + "/deploy", parentData: data, parentDataProperty: "deploy", rootData }) || (vErrors = vErrors === null ? validate54.errors : vErrors.concat(validate54.errors), errors = vErrors.length)), data.develop !== void 0) {
      let data72 = data.develop;
      if (!(data72 && typeof data72 == "object" && !Array.isArray(data72)) && data72 !== null) {
        let err65 = { instancePath: instancePath + "/develop", schemaPath: "#/properties/develop/type", keyword: "type", params: { type: schema8.properties.develop.type } };
        vErrors === null ? vErrors = [err65] : vErrors.push(err65), errors++;
      }
      if (data72 && typeof data72 == "object" && !Array.isArray(data72)) {
        for (let key7 in data72)
          if (!(key7 === "watch" || pattern0.test(key7))) {
            let err66 = { instancePath: instancePath + "/develop", schemaPath: "#/properties/develop/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key7 } };
            vErrors === null ? vErrors = [err66] : vErrors.push(err66), errors++;
          }
        if (data72.watch !== void 0) {
          let data73 = data72.watch;
          if (Array.isArray(data73)) {
            let len11 = data73.length;
            for (let i12 = 0; i12 < len11; i12++) {
              let data74 = data73[i12];
              if (data74 && typeof data74 == "object" && !Array.isArray(data74)) {
                if (data74.path === void 0) {
                  let err67 = { instancePath: instancePath + "/develop/watch/" + i12, schemaPath: "#/properties/develop/properties/watch/items/required", keyword: "required", params: { missingProperty: "path" } };
                  vErrors === null ? vErrors = [err67] : vErrors.push(err67), errors++;
                }
                if (data74.action === void 0) {
                  let err68 = { instancePath: instancePath + "/develop/watch/" + i12, schemaPath: "#/properties/develop/properties/watch/items/required", keyword: "required", params: { missingProperty: "action" } };
                  vErrors === null ? vErrors = [err68] : vErrors.push(err68), errors++;
                }
                for (let key8 in data74)
                  if (!(key8 === "path" || key8 === "action" || key8 === "target" || key8 === "ignore" || key8 === "include" || key8 === "initial_sync" || key8 === "exec" || pattern0.test(key8))) {
                    let err69 = { instancePath: instancePath + "/develop/watch/" + i12, schemaPath: "#/properties/develop/properties/watch/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key8 } };
                    vErrors === null ? vErrors = [err69] : vErrors.push(err69), errors++;
                  }
                if (data74.path !== void 0 && typeof data74.path != "string") {
                  let err70 = { instancePath: instancePath + "/develop/watch/" + i12 + "/path", schemaPath: "#/properties/develop/properties/watch/items/properties/path/type", keyword: "type", params: { type: "string" } };
                  vErrors === null ? vErrors = [err70] : vErrors.push(err70), errors++;
                }
                if (data74.action !== void 0) {
                  let data76 = data74.action;
                  if (typeof data76 != "string") {
                    let err71 = { instancePath: instancePath + "/develop/watch/" + i12 + "/action", schemaPath: "#/properties/develop/properties/watch/items/properties/action/type", keyword: "type", params: { type: "string" } };
                    vErrors === null ? vErrors = [err71] : vErrors.push(err71), errors++;
                  }
                  if (!(data76 === "rebuild" || data76 === "sync" || data76 === "restart" || data76 === "sync+restart" || data76 === "sync+exec")) {
                    let err72 = { instancePath: instancePath + "/develop/watch/" + i12 + "/action", schemaPath: "#/properties/develop/properties/watch/items/properties/action/enum", keyword: "enum", params: { allowedValues: schema8.properties.develop.properties.watch.items.properties.action.enum } };
                    vErrors === null ? vErrors = [err72] : vErrors.push(err72), errors++;
                  }
                }
                if (data74.target !== void 0 && typeof data74.target != "string") {
                  let err73 = { instancePath: instancePath + "/develop/watch/" + i12 + "/target", schemaPath: "#/properties/develop/properties/watch/items/properties/target/type", keyword: "type", params: { type: "string" } };
                  vErrors === null ? vErrors = [err73] : vErrors.push(err73), errors++;
                }
                if (data74.ignore !== void 0 && (validate22(data74.ignore, { instancePath: instancePath + "/develop/watch/" + i12 + "/ignore", parentData: data74, parentDataProperty: "ignore", rootData }) || (vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors), errors = vErrors.length)), data74.include !== void 0 && (validate22(data74.include, { instancePath: instancePath + "/develop/watch/" + i12 + "/include", parentData: data74, parentDataProperty: "include", rootData }) || (vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors), errors = vErrors.length)), data74.initial_sync !== void 0) {
                  let data80 = data74.initial_sync;
                  if (typeof data80 != "boolean" && typeof data80 != "string") {
                    let err74 = { instancePath: instancePath + "/develop/watch/" + i12 + "/initial_sync", schemaPath: "#/properties/develop/properties/watch/items/properties/initial_sync/type", keyword: "type", params: { type: schema8.properties.develop.properties.watch.items.properties.initial_sync.type } };
                    vErrors === null ? vErrors = [err74] : vErrors.push(err74), errors++;
                  }
                }
                data74.exec !== void 0 && (validate69(data74.exec, { instancePath: instancePath + "/develop/watch/" + i12 + "/exec", parentData: data74, parentDataProperty: "exec", rootData }) || (vErrors = vErrors === null ? validate69.errors : vErrors.concat(validate69.errors), errors = vErrors.length));
              } else {
                let err75 = { instancePath: instancePath + "/develop/watch/" + i12, schemaPath: "#/properties/develop/properties/watch/items/type", keyword: "type", params: { type: "object" } };
                vErrors === null ? vErrors = [err75] : vErrors.push(err75), errors++;
              }
            }
          } else {
            let err76 = { instancePath: instancePath + "/develop/watch", schemaPath: "#/properties/develop/properties/watch/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err76] : vErrors.push(err76), errors++;
          }
        }
      }
    }
    if (data.device_cgroup_rules !== void 0 && (validate48(data.device_cgroup_rules, { instancePath: instancePath + "/device_cgroup_rules", parentData: data, parentDataProperty: "device_cgroup_rules", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data.devices !== void 0) {
      let data83 = data.devices;
      if (Array.isArray(data83)) {
        let len12 = data83.length;
        for (let i13 = 0; i13 < len12; i13++) {
          let data84 = data83[i13];
          if (typeof data84 != "string" && !(data84 && typeof data84 == "object" && !Array.isArray(data84))) {
            let err77 = { instancePath: instancePath + "/devices/" + i13, schemaPath: "#/properties/devices/items/type", keyword: "type", params: { type: schema8.properties.devices.items.type } };
            vErrors === null ? vErrors = [err77] : vErrors.push(err77), errors++;
          }
          if (data84 && typeof data84 == "object" && !Array.isArray(data84)) {
            if (data84.source === void 0) {
              let err78 = { instancePath: instancePath + "/devices/" + i13, schemaPath: "#/properties/devices/items/required", keyword: "required", params: { missingProperty: "source" } };
              vErrors === null ? vErrors = [err78] : vErrors.push(err78), errors++;
            }
            for (let key9 in data84)
              if (!(key9 === "source" || key9 === "target" || key9 === "permissions" || pattern0.test(key9))) {
                let err79 = { instancePath: instancePath + "/devices/" + i13, schemaPath: "#/properties/devices/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key9 } };
                vErrors === null ? vErrors = [err79] : vErrors.push(err79), errors++;
              }
            if (data84.source !== void 0 && typeof data84.source != "string") {
              let err80 = { instancePath: instancePath + "/devices/" + i13 + "/source", schemaPath: "#/properties/devices/items/properties/source/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err80] : vErrors.push(err80), errors++;
            }
            if (data84.target !== void 0 && typeof data84.target != "string") {
              let err81 = { instancePath: instancePath + "/devices/" + i13 + "/target", schemaPath: "#/properties/devices/items/properties/target/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err81] : vErrors.push(err81), errors++;
            }
            if (data84.permissions !== void 0 && typeof data84.permissions != "string") {
              let err82 = { instancePath: instancePath + "/devices/" + i13 + "/permissions", schemaPath: "#/properties/devices/items/properties/permissions/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err82] : vErrors.push(err82), errors++;
            }
          }
        }
      } else {
        let err83 = { instancePath: instancePath + "/devices", schemaPath: "#/properties/devices/type", keyword: "type", params: { type: "array" } };
        vErrors === null ? vErrors = [err83] : vErrors.push(err83), errors++;
      }
    }
    if (data.dns !== void 0 && (validate22(data.dns, { instancePath: instancePath + "/dns", parentData: data, parentDataProperty: "dns", rootData }) || (vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors), errors = vErrors.length)), data.dns_opt !== void 0 && (validate48(data.dns_opt, { instancePath: instancePath + "/dns_opt", parentData: data, parentDataProperty: "dns_opt", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data.dns_search !== void 0 && (validate22(data.dns_search, { instancePath: instancePath + "/dns_search", parentData: data, parentDataProperty: "dns_search", rootData }) || (vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors), errors = vErrors.length)), data.domainname !== void 0 && typeof data.domainname != "string") {
      let err84 = { instancePath: instancePath + "/domainname", schemaPath: "#/properties/domainname/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err84] : vErrors.push(err84), errors++;
    }
    if (data.entrypoint !== void 0 && (validate51(data.entrypoint, { instancePath: instancePath + "/entrypoint", parentData: data, parentDataProperty: "entrypoint", rootData }) || (vErrors = vErrors === null ? validate51.errors : vErrors.concat(validate51.errors), errors = vErrors.length)), data.env_file !== void 0 && (validate78(data.env_file, { instancePath: instancePath + "/env_file", parentData: data, parentDataProperty: "env_file", rootData }) || (vErrors = vErrors === null ? validate78.errors : vErrors.concat(validate78.errors), errors = vErrors.length)), data.environment !== void 0 && (validate26(data.environment, { instancePath: instancePath + "/environment", parentData: data, parentDataProperty: "environment", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data.expose !== void 0) {
      let data95 = data.expose;
      if (Array.isArray(data95)) {
        let len13 = data95.length;
        for (let i14 = 0; i14 < len13; i14++) {
          let data96 = data95[i14];
          if (typeof data96 != "string" && !(typeof data96 == "number" && isFinite(data96))) {
            let err85 = { instancePath: instancePath + "/expose/" + i14, schemaPath: "#/properties/expose/items/type", keyword: "type", params: { type: schema8.properties.expose.items.type } };
            vErrors === null ? vErrors = [err85] : vErrors.push(err85), errors++;
          }
        }
        let i15 = data95.length, j1;
        if (i15 > 1) {
          let indices1 = {};
          for (; i15--; ) {
            let item1 = data95[i15];
            if (!(typeof item1 != "string" && !(typeof item1 == "number" && isFinite(item1)))) {
              if (typeof item1 == "string" && (item1 += "_"), typeof indices1[item1] == "number") {
                j1 = indices1[item1];
                let err86 = { instancePath: instancePath + "/expose", schemaPath: "#/properties/expose/uniqueItems", keyword: "uniqueItems", params: { i: i15, j: j1 } };
                vErrors === null ? vErrors = [err86] : vErrors.push(err86), errors++;
                break;
              }
              indices1[item1] = i15;
            }
          }
        }
      } else {
        let err87 = { instancePath: instancePath + "/expose", schemaPath: "#/properties/expose/type", keyword: "type", params: { type: "array" } };
        vErrors === null ? vErrors = [err87] : vErrors.push(err87), errors++;
      }
    }
    if (data.extends !== void 0) {
      let data97 = data.extends;
      if (typeof data97 != "string" && !(data97 && typeof data97 == "object" && !Array.isArray(data97))) {
        let err88 = { instancePath: instancePath + "/extends", schemaPath: "#/properties/extends/type", keyword: "type", params: { type: schema8.properties.extends.type } };
        vErrors === null ? vErrors = [err88] : vErrors.push(err88), errors++;
      }
      if (data97 && typeof data97 == "object" && !Array.isArray(data97)) {
        if (data97.service === void 0) {
          let err89 = { instancePath: instancePath + "/extends", schemaPath: "#/properties/extends/required", keyword: "required", params: { missingProperty: "service" } };
          vErrors === null ? vErrors = [err89] : vErrors.push(err89), errors++;
        }
        for (let key10 in data97)
          if (!(key10 === "service" || key10 === "file")) {
            let err90 = { instancePath: instancePath + "/extends", schemaPath: "#/properties/extends/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key10 } };
            vErrors === null ? vErrors = [err90] : vErrors.push(err90), errors++;
          }
        if (data97.service !== void 0 && typeof data97.service != "string") {
          let err91 = { instancePath: instancePath + "/extends/service", schemaPath: "#/properties/extends/properties/service/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err91] : vErrors.push(err91), errors++;
        }
        if (data97.file !== void 0 && typeof data97.file != "string") {
          let err92 = { instancePath: instancePath + "/extends/file", schemaPath: "#/properties/extends/properties/file/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err92] : vErrors.push(err92), errors++;
        }
      }
    }
    if (data.external_links !== void 0 && (validate48(data.external_links, { instancePath: instancePath + "/external_links", parentData: data, parentDataProperty: "external_links", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data.extra_hosts !== void 0 && (validate37(data.extra_hosts, { instancePath: instancePath + "/extra_hosts", parentData: data, parentDataProperty: "extra_hosts", rootData }) || (vErrors = vErrors === null ? validate37.errors : vErrors.concat(validate37.errors), errors = vErrors.length)), data.gpus !== void 0) {
      let data102 = data.gpus;
      if (typeof data102 != "string" && !Array.isArray(data102)) {
        let err93 = { instancePath: instancePath + "/gpus", schemaPath: "#/properties/gpus/type", keyword: "type", params: { type: schema8.properties.gpus.type } };
        vErrors === null ? vErrors = [err93] : vErrors.push(err93), errors++;
      }
      if (Array.isArray(data102)) {
        let len14 = data102.length;
        for (let i16 = 0; i16 < len14; i16++) {
          let data103 = data102[i16];
          if (data103 && typeof data103 == "object" && !Array.isArray(data103)) {
            for (let key11 in data103)
              if (!(key11 === "capabilities" || key11 === "count" || key11 === "device_ids" || key11 === "driver" || key11 === "options" || pattern0.test(key11))) {
                let err94 = { instancePath: instancePath + "/gpus/" + i16, schemaPath: "#/properties/gpus/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key11 } };
                vErrors === null ? vErrors = [err94] : vErrors.push(err94), errors++;
              }
            if (data103.capabilities !== void 0 && (validate48(data103.capabilities, { instancePath: instancePath + "/gpus/" + i16 + "/capabilities", parentData: data103, parentDataProperty: "capabilities", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data103.count !== void 0) {
              let data105 = data103.count;
              if (typeof data105 != "string" && !(typeof data105 == "number" && !(data105 % 1) && !isNaN(data105) && isFinite(data105))) {
                let err95 = { instancePath: instancePath + "/gpus/" + i16 + "/count", schemaPath: "#/properties/gpus/items/properties/count/type", keyword: "type", params: { type: schema8.properties.gpus.items.properties.count.type } };
                vErrors === null ? vErrors = [err95] : vErrors.push(err95), errors++;
              }
            }
            if (data103.device_ids !== void 0 && (validate48(data103.device_ids, { instancePath: instancePath + "/gpus/" + i16 + "/device_ids", parentData: data103, parentDataProperty: "device_ids", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data103.driver !== void 0 && typeof data103.driver != "string") {
              let err96 = { instancePath: instancePath + "/gpus/" + i16 + "/driver", schemaPath: "#/properties/gpus/items/properties/driver/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err96] : vErrors.push(err96), errors++;
            }
            data103.options !== void 0 && (validate26(data103.options, { instancePath: instancePath + "/gpus/" + i16 + "/options", parentData: data103, parentDataProperty: "options", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length));
          } else {
            let err97 = { instancePath: instancePath + "/gpus/" + i16, schemaPath: "#/properties/gpus/items/type", keyword: "type", params: { type: "object" } };
            vErrors === null ? vErrors = [err97] : vErrors.push(err97), errors++;
          }
        }
      }
    }
    if (data.group_add !== void 0) {
      let data109 = data.group_add;
      if (Array.isArray(data109)) {
        let len15 = data109.length;
        for (let i17 = 0; i17 < len15; i17++) {
          let data110 = data109[i17];
          if (typeof data110 != "string" && !(typeof data110 == "number" && isFinite(data110))) {
            let err98 = { instancePath: instancePath + "/group_add/" + i17, schemaPath: "#/properties/group_add/items/type", keyword: "type", params: { type: schema8.properties.group_add.items.type } };
            vErrors === null ? vErrors = [err98] : vErrors.push(err98), errors++;
          }
        }
        let i18 = data109.length, j2;
        if (i18 > 1) {
          let indices2 = {};
          for (; i18--; ) {
            let item2 = data109[i18];
            if (!(typeof item2 != "string" && !(typeof item2 == "number" && isFinite(item2)))) {
              if (typeof item2 == "string" && (item2 += "_"), typeof indices2[item2] == "number") {
                j2 = indices2[item2];
                let err99 = { instancePath: instancePath + "/group_add", schemaPath: "#/properties/group_add/uniqueItems", keyword: "uniqueItems", params: { i: i18, j: j2 } };
                vErrors === null ? vErrors = [err99] : vErrors.push(err99), errors++;
                break;
              }
              indices2[item2] = i18;
            }
          }
        }
      } else {
        let err100 = { instancePath: instancePath + "/group_add", schemaPath: "#/properties/group_add/type", keyword: "type", params: { type: "array" } };
        vErrors === null ? vErrors = [err100] : vErrors.push(err100), errors++;
      }
    }
    if (data.healthcheck !== void 0) {
      let data111 = data.healthcheck;
      if (data111 && typeof data111 == "object" && !Array.isArray(data111)) {
        for (let key12 in data111)
          if (!(key12 === "test" || key12 === "interval" || key12 === "timeout" || key12 === "retries" || key12 === "start_period" || key12 === "start_interval" || key12 === "disable" || pattern0.test(key12))) {
            let err101 = { instancePath: instancePath + "/healthcheck", schemaPath: "#/properties/healthcheck/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key12 } };
            vErrors === null ? vErrors = [err101] : vErrors.push(err101), errors++;
          }
        if (data111.test !== void 0) {
          let data112 = data111.test;
          if (typeof data112 != "string" && !Array.isArray(data112)) {
            let err102 = { instancePath: instancePath + "/healthcheck/test", schemaPath: "#/properties/healthcheck/properties/test/type", keyword: "type", params: { type: schema8.properties.healthcheck.properties.test.type } };
            vErrors === null ? vErrors = [err102] : vErrors.push(err102), errors++;
          }
          if (Array.isArray(data112)) {
            let len16 = data112.length;
            for (let i19 = 0; i19 < len16; i19++)
              if (typeof data112[i19] != "string") {
                let err103 = { instancePath: instancePath + "/healthcheck/test/" + i19, schemaPath: "#/properties/healthcheck/properties/test/items/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err103] : vErrors.push(err103), errors++;
              }
          }
        }
        if (data111.interval !== void 0 && (validate56(data111.interval, { instancePath: instancePath + "/healthcheck/interval", parentData: data111, parentDataProperty: "interval", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length)), data111.timeout !== void 0 && (validate56(data111.timeout, { instancePath: instancePath + "/healthcheck/timeout", parentData: data111, parentDataProperty: "timeout", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length)), data111.retries !== void 0) {
          let data116 = data111.retries;
          if (!(typeof data116 == "number" && isFinite(data116)) && typeof data116 != "string") {
            let err104 = { instancePath: instancePath + "/healthcheck/retries", schemaPath: "#/properties/healthcheck/properties/retries/type", keyword: "type", params: { type: schema8.properties.healthcheck.properties.retries.type } };
            vErrors === null ? vErrors = [err104] : vErrors.push(err104), errors++;
          }
        }
        if (data111.start_period !== void 0 && (validate56(data111.start_period, { instancePath: instancePath + "/healthcheck/start_period", parentData: data111, parentDataProperty: "start_period", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length)), data111.start_interval !== void 0 && (validate56(data111.start_interval, { instancePath: instancePath + "/healthcheck/start_interval", parentData: data111, parentDataProperty: "start_interval", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length)), data111.disable !== void 0) {
          let data119 = data111.disable;
          if (typeof data119 != "boolean" && typeof data119 != "string") {
            let err105 = { instancePath: instancePath + "/healthcheck/disable", schemaPath: "#/properties/healthcheck/properties/disable/type", keyword: "type", params: { type: schema8.properties.healthcheck.properties.disable.type } };
            vErrors === null ? vErrors = [err105] : vErrors.push(err105), errors++;
          }
        }
      } else {
        let err106 = { instancePath: instancePath + "/healthcheck", schemaPath: "#/properties/healthcheck/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err106] : vErrors.push(err106), errors++;
      }
    }
    if (data.hostname !== void 0 && typeof data.hostname != "string") {
      let err107 = { instancePath: instancePath + "/hostname", schemaPath: "#/properties/hostname/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err107] : vErrors.push(err107), errors++;
    }
    if (data.image !== void 0 && typeof data.image != "string") {
      let err108 = { instancePath: instancePath + "/image", schemaPath: "#/properties/image/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err108] : vErrors.push(err108), errors++;
    }
    if (data.init !== void 0) {
      let data122 = data.init;
      if (typeof data122 != "boolean" && typeof data122 != "string") {
        let err109 = { instancePath: instancePath + "/init", schemaPath: "#/properties/init/type", keyword: "type", params: { type: schema8.properties.init.type } };
        vErrors === null ? vErrors = [err109] : vErrors.push(err109), errors++;
      }
    }
    if (data.ipc !== void 0 && typeof data.ipc != "string") {
      let err110 = { instancePath: instancePath + "/ipc", schemaPath: "#/properties/ipc/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err110] : vErrors.push(err110), errors++;
    }
    if (data.isolation !== void 0 && typeof data.isolation != "string") {
      let err111 = { instancePath: instancePath + "/isolation", schemaPath: "#/properties/isolation/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err111] : vErrors.push(err111), errors++;
    }
    if (data.label_file !== void 0 && (validate22(data.label_file, { instancePath: instancePath + "/label_file", parentData: data, parentDataProperty: "label_file", rootData }) || (vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors), errors = vErrors.length)), data.labels !== void 0 && (validate26(data.labels, { instancePath: instancePath + "/labels", parentData: data, parentDataProperty: "labels", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data.links !== void 0 && (validate48(data.links, { instancePath: instancePath + "/links", parentData: data, parentDataProperty: "links", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data.logging !== void 0) {
      let data128 = data.logging;
      if (data128 && typeof data128 == "object" && !Array.isArray(data128)) {
        for (let key13 in data128)
          if (!(key13 === "driver" || key13 === "options" || pattern0.test(key13))) {
            let err112 = { instancePath: instancePath + "/logging", schemaPath: "#/properties/logging/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key13 } };
            vErrors === null ? vErrors = [err112] : vErrors.push(err112), errors++;
          }
        if (data128.driver !== void 0 && typeof data128.driver != "string") {
          let err113 = { instancePath: instancePath + "/logging/driver", schemaPath: "#/properties/logging/properties/driver/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err113] : vErrors.push(err113), errors++;
        }
        if (data128.options !== void 0) {
          let data130 = data128.options;
          if (data130 && typeof data130 == "object" && !Array.isArray(data130))
            for (let key14 in data130) {
              let data131 = data130[key14];
              if (typeof data131 != "string" && !(typeof data131 == "number" && isFinite(data131)) && data131 !== null) {
                let err114 = { instancePath: instancePath + "/logging/options/" + key14.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/logging/properties/options/additionalProperties/type", keyword: "type", params: { type: schema8.properties.logging.properties.options.additionalProperties.type } };
                vErrors === null ? vErrors = [err114] : vErrors.push(err114), errors++;
              }
            }
          else {
            let err115 = { instancePath: instancePath + "/logging/options", schemaPath: "#/properties/logging/properties/options/type", keyword: "type", params: { type: "object" } };
            vErrors === null ? vErrors = [err115] : vErrors.push(err115), errors++;
          }
        }
      } else {
        let err116 = { instancePath: instancePath + "/logging", schemaPath: "#/properties/logging/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err116] : vErrors.push(err116), errors++;
      }
    }
    if (data.mac_address !== void 0 && typeof data.mac_address != "string") {
      let err117 = { instancePath: instancePath + "/mac_address", schemaPath: "#/properties/mac_address/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err117] : vErrors.push(err117), errors++;
    }
    if (data.mem_limit !== void 0 && (validate43(data.mem_limit, { instancePath: instancePath + "/mem_limit", parentData: data, parentDataProperty: "mem_limit", rootData }) || (vErrors = vErrors === null ? validate43.errors : vErrors.concat(validate43.errors), errors = vErrors.length)), data.mem_reservation !== void 0 && (validate43(data.mem_reservation, { instancePath: instancePath + "/mem_reservation", parentData: data, parentDataProperty: "mem_reservation", rootData }) || (vErrors = vErrors === null ? validate43.errors : vErrors.concat(validate43.errors), errors = vErrors.length)), data.mem_swappiness !== void 0) {
      let data135 = data.mem_swappiness;
      if (!(typeof data135 == "number" && !(data135 % 1) && !isNaN(data135) && isFinite(data135)) && typeof data135 != "string") {
        let err118 = { instancePath: instancePath + "/mem_swappiness", schemaPath: "#/properties/mem_swappiness/type", keyword: "type", params: { type: schema8.properties.mem_swappiness.type } };
        vErrors === null ? vErrors = [err118] : vErrors.push(err118), errors++;
      }
    }
    if (data.memswap_limit !== void 0 && (validate43(data.memswap_limit, { instancePath: instancePath + "/memswap_limit", parentData: data, parentDataProperty: "memswap_limit", rootData }) || (vErrors = vErrors === null ? validate43.errors : vErrors.concat(validate43.errors), errors = vErrors.length)), data.models !== void 0) {
      let data137 = data.models;
      if (!data137 || typeof data137 != "object") {
        let err119 = { instancePath: instancePath + "/models", schemaPath: "#/properties/models/type", keyword: "type", params: { type: schema8.properties.models.type } };
        vErrors === null ? vErrors = [err119] : vErrors.push(err119), errors++;
      }
      if (Array.isArray(data137)) {
        let len17 = data137.length;
        for (let i20 = 0; i20 < len17; i20++)
          if (typeof data137[i20] != "string") {
            let err120 = { instancePath: instancePath + "/models/" + i20, schemaPath: "#/properties/models/items/type", keyword: "type", params: { type: "string" } };
            vErrors === null ? vErrors = [err120] : vErrors.push(err120), errors++;
          }
        let i21 = data137.length, j3;
        if (i21 > 1) {
          let indices3 = {};
          for (; i21--; ) {
            let item3 = data137[i21];
            if (typeof item3 == "string") {
              if (typeof indices3[item3] == "number") {
                j3 = indices3[item3];
                let err121 = { instancePath: instancePath + "/models", schemaPath: "#/properties/models/uniqueItems", keyword: "uniqueItems", params: { i: i21, j: j3 } };
                vErrors === null ? vErrors = [err121] : vErrors.push(err121), errors++;
                break;
              }
              indices3[item3] = i21;
            }
          }
        }
      }
      if (data137 && typeof data137 == "object" && !Array.isArray(data137))
        for (let key15 in data137) {
          let data139 = data137[key15];
          if (!(data139 && typeof data139 == "object" && !Array.isArray(data139)) && data139 !== null) {
            let err122 = { instancePath: instancePath + "/models/" + key15.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/models/additionalProperties/type", keyword: "type", params: { type: schema8.properties.models.additionalProperties.type } };
            vErrors === null ? vErrors = [err122] : vErrors.push(err122), errors++;
          }
          if (data139 && typeof data139 == "object" && !Array.isArray(data139)) {
            for (let key16 in data139)
              if (!(key16 === "endpoint_var" || key16 === "model_var" || pattern0.test(key16))) {
                let err123 = { instancePath: instancePath + "/models/" + key15.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/models/additionalProperties/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key16 } };
                vErrors === null ? vErrors = [err123] : vErrors.push(err123), errors++;
              }
            if (data139.endpoint_var !== void 0 && typeof data139.endpoint_var != "string") {
              let err124 = { instancePath: instancePath + "/models/" + key15.replace(/~/g, "~0").replace(/\//g, "~1") + "/endpoint_var", schemaPath: "#/properties/models/additionalProperties/properties/endpoint_var/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err124] : vErrors.push(err124), errors++;
            }
            if (data139.model_var !== void 0 && typeof data139.model_var != "string") {
              let err125 = { instancePath: instancePath + "/models/" + key15.replace(/~/g, "~0").replace(/\//g, "~1") + "/model_var", schemaPath: "#/properties/models/additionalProperties/properties/model_var/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err125] : vErrors.push(err125), errors++;
            }
          }
        }
    }
    if (data.network_mode !== void 0 && typeof data.network_mode != "string") {
      let err126 = { instancePath: instancePath + "/network_mode", schemaPath: "#/properties/network_mode/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err126] : vErrors.push(err126), errors++;
    }
    if (data.networks !== void 0) {
      let data143 = data.networks;
      if (!data143 || typeof data143 != "object") {
        let err127 = { instancePath: instancePath + "/networks", schemaPath: "#/properties/networks/type", keyword: "type", params: { type: schema8.properties.networks.type } };
        vErrors === null ? vErrors = [err127] : vErrors.push(err127), errors++;
      }
      if (Array.isArray(data143)) {
        let len18 = data143.length;
        for (let i22 = 0; i22 < len18; i22++)
          if (typeof data143[i22] != "string") {
            let err128 = { instancePath: instancePath + "/networks/" + i22, schemaPath: "#/properties/networks/items/type", keyword: "type", params: { type: "string" } };
            vErrors === null ? vErrors = [err128] : vErrors.push(err128), errors++;
          }
        let i23 = data143.length, j4;
        if (i23 > 1) {
          let indices4 = {};
          for (; i23--; ) {
            let item4 = data143[i23];
            if (typeof item4 == "string") {
              if (typeof indices4[item4] == "number") {
                j4 = indices4[item4];
                let err129 = { instancePath: instancePath + "/networks", schemaPath: "#/properties/networks/uniqueItems", keyword: "uniqueItems", params: { i: i23, j: j4 } };
                vErrors === null ? vErrors = [err129] : vErrors.push(err129), errors++;
                break;
              }
              indices4[item4] = i23;
            }
          }
        }
      }
      if (data143 && typeof data143 == "object" && !Array.isArray(data143)) {
        for (let key17 in data143)
          if (!pattern1.test(key17)) {
            let err130 = { instancePath: instancePath + "/networks", schemaPath: "#/properties/networks/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key17 } };
            vErrors === null ? vErrors = [err130] : vErrors.push(err130), errors++;
          }
        for (let key18 in data143)
          if (pattern1.test(key18)) {
            let data145 = data143[key18];
            if (!(data145 && typeof data145 == "object" && !Array.isArray(data145)) && data145 !== null) {
              let err131 = { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/networks/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/type", keyword: "type", params: { type: schema8.properties.networks.patternProperties["^[a-zA-Z0-9._-]+$"].type } };
              vErrors === null ? vErrors = [err131] : vErrors.push(err131), errors++;
            }
            if (data145 && typeof data145 == "object" && !Array.isArray(data145)) {
              for (let key19 in data145)
                if (!(func2.call(schema8.properties.networks.patternProperties["^[a-zA-Z0-9._-]+$"].properties, key19) || pattern0.test(key19))) {
                  let err132 = { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/networks/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key19 } };
                  vErrors === null ? vErrors = [err132] : vErrors.push(err132), errors++;
                }
              if (data145.aliases !== void 0 && (validate48(data145.aliases, { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1") + "/aliases", parentData: data145, parentDataProperty: "aliases", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data145.interface_name !== void 0 && typeof data145.interface_name != "string") {
                let err133 = { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1") + "/interface_name", schemaPath: "#/properties/networks/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/properties/interface_name/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err133] : vErrors.push(err133), errors++;
              }
              if (data145.ipv4_address !== void 0 && typeof data145.ipv4_address != "string") {
                let err134 = { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1") + "/ipv4_address", schemaPath: "#/properties/networks/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/properties/ipv4_address/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err134] : vErrors.push(err134), errors++;
              }
              if (data145.ipv6_address !== void 0 && typeof data145.ipv6_address != "string") {
                let err135 = { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1") + "/ipv6_address", schemaPath: "#/properties/networks/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/properties/ipv6_address/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err135] : vErrors.push(err135), errors++;
              }
              if (data145.link_local_ips !== void 0 && (validate48(data145.link_local_ips, { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1") + "/link_local_ips", parentData: data145, parentDataProperty: "link_local_ips", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data145.mac_address !== void 0 && typeof data145.mac_address != "string") {
                let err136 = { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1") + "/mac_address", schemaPath: "#/properties/networks/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/properties/mac_address/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err136] : vErrors.push(err136), errors++;
              }
              if (data145.driver_opts !== void 0 && (validate98(data145.driver_opts, { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1") + "/driver_opts", parentData: data145, parentDataProperty: "driver_opts", rootData }) || (vErrors = vErrors === null ? validate98.errors : vErrors.concat(validate98.errors), errors = vErrors.length)), data145.priority !== void 0) {
                let data153 = data145.priority;
                if (!(typeof data153 == "number" && isFinite(data153))) {
                  let err137 = { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1") + "/priority", schemaPath: "#/properties/networks/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/properties/priority/type", keyword: "type", params: { type: "number" } };
                  vErrors === null ? vErrors = [err137] : vErrors.push(err137), errors++;
                }
              }
              if (data145.gw_priority !== void 0) {
                let data154 = data145.gw_priority;
                if (!(typeof data154 == "number" && isFinite(data154))) {
                  let err138 = { instancePath: instancePath + "/networks/" + key18.replace(/~/g, "~0").replace(/\//g, "~1") + "/gw_priority", schemaPath: "#/properties/networks/patternProperties/%5E%5Ba-zA-Z0-9._-%5D%2B%24/properties/gw_priority/type", keyword: "type", params: { type: "number" } };
                  vErrors === null ? vErrors = [err138] : vErrors.push(err138), errors++;
                }
              }
            }
          }
      }
    }
    if (data.oom_kill_disable !== void 0) {
      let data155 = data.oom_kill_disable;
      if (typeof data155 != "boolean" && typeof data155 != "string") {
        let err139 = { instancePath: instancePath + "/oom_kill_disable", schemaPath: "#/properties/oom_kill_disable/type", keyword: "type", params: { type: schema8.properties.oom_kill_disable.type } };
        vErrors === null ? vErrors = [err139] : vErrors.push(err139), errors++;
      }
    }
    if (data.oom_score_adj !== void 0) {
      let data156 = data.oom_score_adj;
      if (!(typeof data156 == "number" && !(data156 % 1) && !isNaN(data156) && isFinite(data156)) && typeof data156 != "string") {
        let err140 = { instancePath: instancePath + "/oom_score_adj", schemaPath: "#/properties/oom_score_adj/type", keyword: "type", params: { type: schema8.properties.oom_score_adj.type } };
        vErrors === null ? vErrors = [err140] : vErrors.push(err140), errors++;
      }
      if (typeof data156 == "number" && isFinite(data156)) {
        if (data156 > 1e3 || isNaN(data156)) {
          let err141 = { instancePath: instancePath + "/oom_score_adj", schemaPath: "#/properties/oom_score_adj/maximum", keyword: "maximum", params: { comparison: "<=", limit: 1e3 } };
          vErrors === null ? vErrors = [err141] : vErrors.push(err141), errors++;
        }
        if (data156 < -1e3 || isNaN(data156)) {
          let err142 = { instancePath: instancePath + "/oom_score_adj", schemaPath: "#/properties/oom_score_adj/minimum", keyword: "minimum", params: { comparison: ">=", limit: -1e3 } };
          vErrors === null ? vErrors = [err142] : vErrors.push(err142), errors++;
        }
      }
    }
    if (data.pid !== void 0) {
      let data157 = data.pid;
      if (typeof data157 != "string" && data157 !== null) {
        let err143 = { instancePath: instancePath + "/pid", schemaPath: "#/properties/pid/type", keyword: "type", params: { type: schema8.properties.pid.type } };
        vErrors === null ? vErrors = [err143] : vErrors.push(err143), errors++;
      }
    }
    if (data.pids_limit !== void 0) {
      let data158 = data.pids_limit;
      if (!(typeof data158 == "number" && isFinite(data158)) && typeof data158 != "string") {
        let err144 = { instancePath: instancePath + "/pids_limit", schemaPath: "#/properties/pids_limit/type", keyword: "type", params: { type: schema8.properties.pids_limit.type } };
        vErrors === null ? vErrors = [err144] : vErrors.push(err144), errors++;
      }
    }
    if (data.platform !== void 0 && typeof data.platform != "string") {
      let err145 = { instancePath: instancePath + "/platform", schemaPath: "#/properties/platform/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err145] : vErrors.push(err145), errors++;
    }
    if (data.ports !== void 0) {
      let data160 = data.ports;
      if (Array.isArray(data160)) {
        let len19 = data160.length;
        for (let i24 = 0; i24 < len19; i24++) {
          let data161 = data160[i24];
          if (!(typeof data161 == "number" && isFinite(data161)) && typeof data161 != "string" && !(data161 && typeof data161 == "object" && !Array.isArray(data161))) {
            let err146 = { instancePath: instancePath + "/ports/" + i24, schemaPath: "#/properties/ports/items/type", keyword: "type", params: { type: schema8.properties.ports.items.type } };
            vErrors === null ? vErrors = [err146] : vErrors.push(err146), errors++;
          }
          if (data161 && typeof data161 == "object" && !Array.isArray(data161)) {
            for (let key20 in data161)
              if (!(key20 === "name" || key20 === "mode" || key20 === "host_ip" || key20 === "target" || key20 === "published" || key20 === "protocol" || key20 === "app_protocol" || pattern0.test(key20))) {
                let err147 = { instancePath: instancePath + "/ports/" + i24, schemaPath: "#/properties/ports/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key20 } };
                vErrors === null ? vErrors = [err147] : vErrors.push(err147), errors++;
              }
            if (data161.name !== void 0 && typeof data161.name != "string") {
              let err148 = { instancePath: instancePath + "/ports/" + i24 + "/name", schemaPath: "#/properties/ports/items/properties/name/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err148] : vErrors.push(err148), errors++;
            }
            if (data161.mode !== void 0 && typeof data161.mode != "string") {
              let err149 = { instancePath: instancePath + "/ports/" + i24 + "/mode", schemaPath: "#/properties/ports/items/properties/mode/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err149] : vErrors.push(err149), errors++;
            }
            if (data161.host_ip !== void 0 && typeof data161.host_ip != "string") {
              let err150 = { instancePath: instancePath + "/ports/" + i24 + "/host_ip", schemaPath: "#/properties/ports/items/properties/host_ip/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err150] : vErrors.push(err150), errors++;
            }
            if (data161.target !== void 0) {
              let data165 = data161.target;
              if (!(typeof data165 == "number" && !(data165 % 1) && !isNaN(data165) && isFinite(data165)) && typeof data165 != "string") {
                let err151 = { instancePath: instancePath + "/ports/" + i24 + "/target", schemaPath: "#/properties/ports/items/properties/target/type", keyword: "type", params: { type: schema8.properties.ports.items.properties.target.type } };
                vErrors === null ? vErrors = [err151] : vErrors.push(err151), errors++;
              }
            }
            if (data161.published !== void 0) {
              let data166 = data161.published;
              if (typeof data166 != "string" && !(typeof data166 == "number" && !(data166 % 1) && !isNaN(data166) && isFinite(data166))) {
                let err152 = { instancePath: instancePath + "/ports/" + i24 + "/published", schemaPath: "#/properties/ports/items/properties/published/type", keyword: "type", params: { type: schema8.properties.ports.items.properties.published.type } };
                vErrors === null ? vErrors = [err152] : vErrors.push(err152), errors++;
              }
            }
            if (data161.protocol !== void 0 && typeof data161.protocol != "string") {
              let err153 = { instancePath: instancePath + "/ports/" + i24 + "/protocol", schemaPath: "#/properties/ports/items/properties/protocol/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err153] : vErrors.push(err153), errors++;
            }
            if (data161.app_protocol !== void 0 && typeof data161.app_protocol != "string") {
              let err154 = { instancePath: instancePath + "/ports/" + i24 + "/app_protocol", schemaPath: "#/properties/ports/items/properties/app_protocol/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err154] : vErrors.push(err154), errors++;
            }
          }
        }
      } else {
        let err155 = { instancePath: instancePath + "/ports", schemaPath: "#/properties/ports/type", keyword: "type", params: { type: "array" } };
        vErrors === null ? vErrors = [err155] : vErrors.push(err155), errors++;
      }
    }
    if (data.post_start !== void 0) {
      let data169 = data.post_start;
      if (Array.isArray(data169)) {
        let len20 = data169.length;
        for (let i25 = 0; i25 < len20; i25++)
          validate69(data169[i25], { instancePath: instancePath + "/post_start/" + i25, parentData: data169, parentDataProperty: i25, rootData }) || (vErrors = vErrors === null ? validate69.errors : vErrors.concat(validate69.errors), errors = vErrors.length);
      } else {
        let err156 = { instancePath: instancePath + "/post_start", schemaPath: "#/properties/post_start/type", keyword: "type", params: { type: "array" } };
        vErrors === null ? vErrors = [err156] : vErrors.push(err156), errors++;
      }
    }
    if (data.pre_start !== void 0) {
      let data171 = data.pre_start;
      if (Array.isArray(data171)) {
        let len21 = data171.length;
        for (let i26 = 0; i26 < len21; i26++) {
          let data172 = data171[i26];
          if (data172 && typeof data172 == "object" && !Array.isArray(data172)) {
            for (let key21 in data172)
              if (!(key21 === "command" || key21 === "user" || key21 === "privileged" || key21 === "working_dir" || key21 === "environment" || key21 === "image" || key21 === "per_replica" || pattern0.test(key21))) {
                let err157 = { instancePath: instancePath + "/pre_start/" + i26, schemaPath: "#/properties/pre_start/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key21 } };
                vErrors === null ? vErrors = [err157] : vErrors.push(err157), errors++;
              }
            if (data172.command !== void 0 && (validate51(data172.command, { instancePath: instancePath + "/pre_start/" + i26 + "/command", parentData: data172, parentDataProperty: "command", rootData }) || (vErrors = vErrors === null ? validate51.errors : vErrors.concat(validate51.errors), errors = vErrors.length)), data172.user !== void 0 && typeof data172.user != "string") {
              let err158 = { instancePath: instancePath + "/pre_start/" + i26 + "/user", schemaPath: "#/properties/pre_start/items/properties/user/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err158] : vErrors.push(err158), errors++;
            }
            if (data172.privileged !== void 0) {
              let data175 = data172.privileged;
              if (typeof data175 != "boolean" && typeof data175 != "string") {
                let err159 = { instancePath: instancePath + "/pre_start/" + i26 + "/privileged", schemaPath: "#/properties/pre_start/items/properties/privileged/type", keyword: "type", params: { type: schema8.properties.pre_start.items.properties.privileged.type } };
                vErrors === null ? vErrors = [err159] : vErrors.push(err159), errors++;
              }
            }
            if (data172.working_dir !== void 0 && typeof data172.working_dir != "string") {
              let err160 = { instancePath: instancePath + "/pre_start/" + i26 + "/working_dir", schemaPath: "#/properties/pre_start/items/properties/working_dir/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err160] : vErrors.push(err160), errors++;
            }
            if (data172.environment !== void 0 && (validate26(data172.environment, { instancePath: instancePath + "/pre_start/" + i26 + "/environment", parentData: data172, parentDataProperty: "environment", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data172.image !== void 0 && typeof data172.image != "string") {
              let err161 = { instancePath: instancePath + "/pre_start/" + i26 + "/image", schemaPath: "#/properties/pre_start/items/properties/image/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err161] : vErrors.push(err161), errors++;
            }
            if (data172.per_replica !== void 0) {
              let data179 = data172.per_replica;
              if (typeof data179 != "boolean" && typeof data179 != "string") {
                let err162 = { instancePath: instancePath + "/pre_start/" + i26 + "/per_replica", schemaPath: "#/properties/pre_start/items/properties/per_replica/type", keyword: "type", params: { type: schema8.properties.pre_start.items.properties.per_replica.type } };
                vErrors === null ? vErrors = [err162] : vErrors.push(err162), errors++;
              }
            }
          } else {
            let err163 = { instancePath: instancePath + "/pre_start/" + i26, schemaPath: "#/properties/pre_start/items/type", keyword: "type", params: { type: "object" } };
            vErrors === null ? vErrors = [err163] : vErrors.push(err163), errors++;
          }
        }
      } else {
        let err164 = { instancePath: instancePath + "/pre_start", schemaPath: "#/properties/pre_start/type", keyword: "type", params: { type: "array" } };
        vErrors === null ? vErrors = [err164] : vErrors.push(err164), errors++;
      }
    }
    if (data.pre_stop !== void 0) {
      let data180 = data.pre_stop;
      if (Array.isArray(data180)) {
        let len22 = data180.length;
        for (let i27 = 0; i27 < len22; i27++)
          validate69(data180[i27], { instancePath: instancePath + "/pre_stop/" + i27, parentData: data180, parentDataProperty: i27, rootData }) || (vErrors = vErrors === null ? validate69.errors : vErrors.concat(validate69.errors), errors = vErrors.length);
      } else {
        let err165 = { instancePath: instancePath + "/pre_stop", schemaPath: "#/properties/pre_stop/type", keyword: "type", params: { type: "array" } };
        vErrors === null ? vErrors = [err165] : vErrors.push(err165), errors++;
      }
    }
    if (data.privileged !== void 0) {
      let data182 = data.privileged;
      if (typeof data182 != "boolean" && typeof data182 != "string") {
        let err166 = { instancePath: instancePath + "/privileged", schemaPath: "#/properties/privileged/type", keyword: "type", params: { type: schema8.properties.privileged.type } };
        vErrors === null ? vErrors = [err166] : vErrors.push(err166), errors++;
      }
    }
    if (data.profiles !== void 0 && (validate48(data.profiles, { instancePath: instancePath + "/profiles", parentData: data, parentDataProperty: "profiles", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data.provider !== void 0) {
      let data184 = data.provider;
      if (data184 && typeof data184 == "object" && !Array.isArray(data184)) {
        if (data184.type === void 0) {
          let err167 = { instancePath: instancePath + "/provider", schemaPath: "#/properties/provider/required", keyword: "required", params: { missingProperty: "type" } };
          vErrors === null ? vErrors = [err167] : vErrors.push(err167), errors++;
        }
        for (let key22 in data184)
          if (!(key22 === "type" || key22 === "options" || pattern0.test(key22))) {
            let err168 = { instancePath: instancePath + "/provider", schemaPath: "#/properties/provider/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key22 } };
            vErrors === null ? vErrors = [err168] : vErrors.push(err168), errors++;
          }
        if (data184.type !== void 0 && typeof data184.type != "string") {
          let err169 = { instancePath: instancePath + "/provider/type", schemaPath: "#/properties/provider/properties/type/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err169] : vErrors.push(err169), errors++;
        }
        if (data184.options !== void 0) {
          let data186 = data184.options;
          if (data186 && typeof data186 == "object" && !Array.isArray(data186))
            for (let key23 in data186) {
              let data187 = data186[key23];
              if (typeof data187 != "string" && !(typeof data187 == "number" && isFinite(data187)) && typeof data187 != "boolean" && !Array.isArray(data187)) {
                let err170 = { instancePath: instancePath + "/provider/options/" + key23.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/provider/properties/options/additionalProperties/type", keyword: "type", params: { type: schema8.properties.provider.properties.options.additionalProperties.type } };
                vErrors === null ? vErrors = [err170] : vErrors.push(err170), errors++;
              }
              if (Array.isArray(data187)) {
                let len23 = data187.length;
                for (let i28 = 0; i28 < len23; i28++) {
                  let data188 = data187[i28];
                  if (typeof data188 != "string" && !(typeof data188 == "number" && isFinite(data188)) && typeof data188 != "boolean") {
                    let err171 = { instancePath: instancePath + "/provider/options/" + key23.replace(/~/g, "~0").replace(/\//g, "~1") + "/" + i28, schemaPath: "#/properties/provider/properties/options/additionalProperties/items/type", keyword: "type", params: { type: schema8.properties.provider.properties.options.additionalProperties.items.type } };
                    vErrors === null ? vErrors = [err171] : vErrors.push(err171), errors++;
                  }
                }
              }
            }
          else {
            let err172 = { instancePath: instancePath + "/provider/options", schemaPath: "#/properties/provider/properties/options/type", keyword: "type", params: { type: "object" } };
            vErrors === null ? vErrors = [err172] : vErrors.push(err172), errors++;
          }
        }
      } else {
        let err173 = { instancePath: instancePath + "/provider", schemaPath: "#/properties/provider/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err173] : vErrors.push(err173), errors++;
      }
    }
    if (data.pull_policy !== void 0) {
      let data189 = data.pull_policy;
      if (typeof data189 == "string") {
        if (!pattern37.test(data189)) {
          let err174 = { instancePath: instancePath + "/pull_policy", schemaPath: "#/properties/pull_policy/pattern", keyword: "pattern", params: { pattern: "always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+" } };
          vErrors === null ? vErrors = [err174] : vErrors.push(err174), errors++;
        }
      } else {
        let err175 = { instancePath: instancePath + "/pull_policy", schemaPath: "#/properties/pull_policy/type", keyword: "type", params: { type: "string" } };
        vErrors === null ? vErrors = [err175] : vErrors.push(err175), errors++;
      }
    }
    if (data.pull_refresh_after !== void 0 && typeof data.pull_refresh_after != "string") {
      let err176 = { instancePath: instancePath + "/pull_refresh_after", schemaPath: "#/properties/pull_refresh_after/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err176] : vErrors.push(err176), errors++;
    }
    if (data.read_only !== void 0) {
      let data191 = data.read_only;
      if (typeof data191 != "boolean" && typeof data191 != "string") {
        let err177 = { instancePath: instancePath + "/read_only", schemaPath: "#/properties/read_only/type", keyword: "type", params: { type: schema8.properties.read_only.type } };
        vErrors === null ? vErrors = [err177] : vErrors.push(err177), errors++;
      }
    }
    if (data.restart !== void 0 && typeof data.restart != "string") {
      let err178 = { instancePath: instancePath + "/restart", schemaPath: "#/properties/restart/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err178] : vErrors.push(err178), errors++;
    }
    if (data.runtime !== void 0 && typeof data.runtime != "string") {
      let err179 = { instancePath: instancePath + "/runtime", schemaPath: "#/properties/runtime/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err179] : vErrors.push(err179), errors++;
    }
    if (data.scale !== void 0) {
      let data194 = data.scale;
      if (!(typeof data194 == "number" && !(data194 % 1) && !isNaN(data194) && isFinite(data194)) && typeof data194 != "string") {
        let err180 = { instancePath: instancePath + "/scale", schemaPath: "#/properties/scale/type", keyword: "type", params: { type: schema8.properties.scale.type } };
        vErrors === null ? vErrors = [err180] : vErrors.push(err180), errors++;
      }
    }
    if (data.secrets !== void 0 && (validate41(data.secrets, { instancePath: instancePath + "/secrets", parentData: data, parentDataProperty: "secrets", rootData }) || (vErrors = vErrors === null ? validate41.errors : vErrors.concat(validate41.errors), errors = vErrors.length)), data.security_opt !== void 0 && (validate48(data.security_opt, { instancePath: instancePath + "/security_opt", parentData: data, parentDataProperty: "security_opt", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data.shm_size !== void 0 && (validate43(data.shm_size, { instancePath: instancePath + "/shm_size", parentData: data, parentDataProperty: "shm_size", rootData }) || (vErrors = vErrors === null ? validate43.errors : vErrors.concat(validate43.errors), errors = vErrors.length)), data.stdin_open !== void 0) {
      let data198 = data.stdin_open;
      if (typeof data198 != "boolean" && typeof data198 != "string") {
        let err181 = { instancePath: instancePath + "/stdin_open", schemaPath: "#/properties/stdin_open/type", keyword: "type", params: { type: schema8.properties.stdin_open.type } };
        vErrors === null ? vErrors = [err181] : vErrors.push(err181), errors++;
      }
    }
    if (data.stop_grace_period !== void 0 && (validate56(data.stop_grace_period, { instancePath: instancePath + "/stop_grace_period", parentData: data, parentDataProperty: "stop_grace_period", rootData }) || (vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors), errors = vErrors.length)), data.stop_signal !== void 0 && typeof data.stop_signal != "string") {
      let err182 = { instancePath: instancePath + "/stop_signal", schemaPath: "#/properties/stop_signal/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err182] : vErrors.push(err182), errors++;
    }
    if (data.storage_opt !== void 0) {
      let data201 = data.storage_opt;
      if (!(data201 && typeof data201 == "object" && !Array.isArray(data201))) {
        let err183 = { instancePath: instancePath + "/storage_opt", schemaPath: "#/properties/storage_opt/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err183] : vErrors.push(err183), errors++;
      }
    }
    if (data.sysctls !== void 0 && (validate26(data.sysctls, { instancePath: instancePath + "/sysctls", parentData: data, parentDataProperty: "sysctls", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data.tmpfs !== void 0 && (validate22(data.tmpfs, { instancePath: instancePath + "/tmpfs", parentData: data, parentDataProperty: "tmpfs", rootData }) || (vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors), errors = vErrors.length)), data.tty !== void 0) {
      let data204 = data.tty;
      if (typeof data204 != "boolean" && typeof data204 != "string") {
        let err184 = { instancePath: instancePath + "/tty", schemaPath: "#/properties/tty/type", keyword: "type", params: { type: schema8.properties.tty.type } };
        vErrors === null ? vErrors = [err184] : vErrors.push(err184), errors++;
      }
    }
    if (data.ulimits !== void 0 && (validate46(data.ulimits, { instancePath: instancePath + "/ulimits", parentData: data, parentDataProperty: "ulimits", rootData }) || (vErrors = vErrors === null ? validate46.errors : vErrors.concat(validate46.errors), errors = vErrors.length)), data.use_api_socket !== void 0 && typeof data.use_api_socket != "boolean") {
      let err185 = { instancePath: instancePath + "/use_api_socket", schemaPath: "#/properties/use_api_socket/type", keyword: "type", params: { type: "boolean" } };
      vErrors === null ? vErrors = [err185] : vErrors.push(err185), errors++;
    }
    if (data.user !== void 0 && typeof data.user != "string") {
      let err186 = { instancePath: instancePath + "/user", schemaPath: "#/properties/user/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err186] : vErrors.push(err186), errors++;
    }
    if (data.userns_mode !== void 0 && typeof data.userns_mode != "string") {
      let err187 = { instancePath: instancePath + "/userns_mode", schemaPath: "#/properties/userns_mode/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err187] : vErrors.push(err187), errors++;
    }
    if (data.uts !== void 0 && typeof data.uts != "string") {
      let err188 = { instancePath: instancePath + "/uts", schemaPath: "#/properties/uts/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err188] : vErrors.push(err188), errors++;
    }
    if (data.volumes !== void 0) {
      let data210 = data.volumes;
      if (Array.isArray(data210)) {
        let len24 = data210.length;
        for (let i29 = 0; i29 < len24; i29++) {
          let data211 = data210[i29];
          if (typeof data211 != "string" && !(data211 && typeof data211 == "object" && !Array.isArray(data211))) {
            let err189 = { instancePath: instancePath + "/volumes/" + i29, schemaPath: "#/properties/volumes/items/type", keyword: "type", params: { type: schema8.properties.volumes.items.type } };
            vErrors === null ? vErrors = [err189] : vErrors.push(err189), errors++;
          }
          if (data211 && typeof data211 == "object" && !Array.isArray(data211)) {
            if (data211.type === void 0) {
              let err190 = { instancePath: instancePath + "/volumes/" + i29, schemaPath: "#/properties/volumes/items/required", keyword: "required", params: { missingProperty: "type" } };
              vErrors === null ? vErrors = [err190] : vErrors.push(err190), errors++;
            }
            for (let key24 in data211)
              if (!(func2.call(schema8.properties.volumes.items.properties, key24) || pattern0.test(key24))) {
                let err191 = { instancePath: instancePath + "/volumes/" + i29, schemaPath: "#/properties/volumes/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key24 } };
                vErrors === null ? vErrors = [err191] : vErrors.push(err191), errors++;
              }
            if (data211.type !== void 0) {
              let data212 = data211.type;
              if (typeof data212 != "string") {
                let err192 = { instancePath: instancePath + "/volumes/" + i29 + "/type", schemaPath: "#/properties/volumes/items/properties/type/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err192] : vErrors.push(err192), errors++;
              }
              if (!(data212 === "bind" || data212 === "volume" || data212 === "tmpfs" || data212 === "cluster" || data212 === "npipe" || data212 === "image")) {
                let err193 = { instancePath: instancePath + "/volumes/" + i29 + "/type", schemaPath: "#/properties/volumes/items/properties/type/enum", keyword: "enum", params: { allowedValues: schema8.properties.volumes.items.properties.type.enum } };
                vErrors === null ? vErrors = [err193] : vErrors.push(err193), errors++;
              }
            }
            if (data211.source !== void 0 && typeof data211.source != "string") {
              let err194 = { instancePath: instancePath + "/volumes/" + i29 + "/source", schemaPath: "#/properties/volumes/items/properties/source/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err194] : vErrors.push(err194), errors++;
            }
            if (data211.target !== void 0 && typeof data211.target != "string") {
              let err195 = { instancePath: instancePath + "/volumes/" + i29 + "/target", schemaPath: "#/properties/volumes/items/properties/target/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err195] : vErrors.push(err195), errors++;
            }
            if (data211.read_only !== void 0) {
              let data215 = data211.read_only;
              if (typeof data215 != "boolean" && typeof data215 != "string") {
                let err196 = { instancePath: instancePath + "/volumes/" + i29 + "/read_only", schemaPath: "#/properties/volumes/items/properties/read_only/type", keyword: "type", params: { type: schema8.properties.volumes.items.properties.read_only.type } };
                vErrors === null ? vErrors = [err196] : vErrors.push(err196), errors++;
              }
            }
            if (data211.consistency !== void 0 && typeof data211.consistency != "string") {
              let err197 = { instancePath: instancePath + "/volumes/" + i29 + "/consistency", schemaPath: "#/properties/volumes/items/properties/consistency/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err197] : vErrors.push(err197), errors++;
            }
            if (data211.bind !== void 0) {
              let data217 = data211.bind;
              if (data217 && typeof data217 == "object" && !Array.isArray(data217)) {
                for (let key25 in data217)
                  if (!(key25 === "propagation" || key25 === "create_host_path" || key25 === "recursive" || key25 === "selinux" || pattern0.test(key25))) {
                    let err198 = { instancePath: instancePath + "/volumes/" + i29 + "/bind", schemaPath: "#/properties/volumes/items/properties/bind/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key25 } };
                    vErrors === null ? vErrors = [err198] : vErrors.push(err198), errors++;
                  }
                if (data217.propagation !== void 0 && typeof data217.propagation != "string") {
                  let err199 = { instancePath: instancePath + "/volumes/" + i29 + "/bind/propagation", schemaPath: "#/properties/volumes/items/properties/bind/properties/propagation/type", keyword: "type", params: { type: "string" } };
                  vErrors === null ? vErrors = [err199] : vErrors.push(err199), errors++;
                }
                if (data217.create_host_path !== void 0) {
                  let data219 = data217.create_host_path;
                  if (typeof data219 != "boolean" && typeof data219 != "string") {
                    let err200 = { instancePath: instancePath + "/volumes/" + i29 + "/bind/create_host_path", schemaPath: "#/properties/volumes/items/properties/bind/properties/create_host_path/type", keyword: "type", params: { type: schema8.properties.volumes.items.properties.bind.properties.create_host_path.type } };
                    vErrors === null ? vErrors = [err200] : vErrors.push(err200), errors++;
                  }
                }
                if (data217.recursive !== void 0) {
                  let data220 = data217.recursive;
                  if (typeof data220 != "string") {
                    let err201 = { instancePath: instancePath + "/volumes/" + i29 + "/bind/recursive", schemaPath: "#/properties/volumes/items/properties/bind/properties/recursive/type", keyword: "type", params: { type: "string" } };
                    vErrors === null ? vErrors = [err201] : vErrors.push(err201), errors++;
                  }
                  if (!(data220 === "enabled" || data220 === "disabled" || data220 === "writable" || data220 === "readonly")) {
                    let err202 = { instancePath: instancePath + "/volumes/" + i29 + "/bind/recursive", schemaPath: "#/properties/volumes/items/properties/bind/properties/recursive/enum", keyword: "enum", params: { allowedValues: schema8.properties.volumes.items.properties.bind.properties.recursive.enum } };
                    vErrors === null ? vErrors = [err202] : vErrors.push(err202), errors++;
                  }
                }
                if (data217.selinux !== void 0) {
                  let data221 = data217.selinux;
                  if (typeof data221 != "string") {
                    let err203 = { instancePath: instancePath + "/volumes/" + i29 + "/bind/selinux", schemaPath: "#/properties/volumes/items/properties/bind/properties/selinux/type", keyword: "type", params: { type: "string" } };
                    vErrors === null ? vErrors = [err203] : vErrors.push(err203), errors++;
                  }
                  if (!(data221 === "z" || data221 === "Z")) {
                    let err204 = { instancePath: instancePath + "/volumes/" + i29 + "/bind/selinux", schemaPath: "#/properties/volumes/items/properties/bind/properties/selinux/enum", keyword: "enum", params: { allowedValues: schema8.properties.volumes.items.properties.bind.properties.selinux.enum } };
                    vErrors === null ? vErrors = [err204] : vErrors.push(err204), errors++;
                  }
                }
              } else {
                let err205 = { instancePath: instancePath + "/volumes/" + i29 + "/bind", schemaPath: "#/properties/volumes/items/properties/bind/type", keyword: "type", params: { type: "object" } };
                vErrors === null ? vErrors = [err205] : vErrors.push(err205), errors++;
              }
            }
            if (data211.volume !== void 0) {
              let data222 = data211.volume;
              if (data222 && typeof data222 == "object" && !Array.isArray(data222)) {
                for (let key26 in data222)
                  if (!(key26 === "labels" || key26 === "nocopy" || key26 === "subpath" || pattern0.test(key26))) {
                    let err206 = { instancePath: instancePath + "/volumes/" + i29 + "/volume", schemaPath: "#/properties/volumes/items/properties/volume/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key26 } };
                    vErrors === null ? vErrors = [err206] : vErrors.push(err206), errors++;
                  }
                if (data222.labels !== void 0 && (validate26(data222.labels, { instancePath: instancePath + "/volumes/" + i29 + "/volume/labels", parentData: data222, parentDataProperty: "labels", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data222.nocopy !== void 0) {
                  let data224 = data222.nocopy;
                  if (typeof data224 != "boolean" && typeof data224 != "string") {
                    let err207 = { instancePath: instancePath + "/volumes/" + i29 + "/volume/nocopy", schemaPath: "#/properties/volumes/items/properties/volume/properties/nocopy/type", keyword: "type", params: { type: schema8.properties.volumes.items.properties.volume.properties.nocopy.type } };
                    vErrors === null ? vErrors = [err207] : vErrors.push(err207), errors++;
                  }
                }
                if (data222.subpath !== void 0 && typeof data222.subpath != "string") {
                  let err208 = { instancePath: instancePath + "/volumes/" + i29 + "/volume/subpath", schemaPath: "#/properties/volumes/items/properties/volume/properties/subpath/type", keyword: "type", params: { type: "string" } };
                  vErrors === null ? vErrors = [err208] : vErrors.push(err208), errors++;
                }
              } else {
                let err209 = { instancePath: instancePath + "/volumes/" + i29 + "/volume", schemaPath: "#/properties/volumes/items/properties/volume/type", keyword: "type", params: { type: "object" } };
                vErrors === null ? vErrors = [err209] : vErrors.push(err209), errors++;
              }
            }
            if (data211.tmpfs !== void 0) {
              let data226 = data211.tmpfs;
              if (data226 && typeof data226 == "object" && !Array.isArray(data226)) {
                for (let key27 in data226)
                  if (!(key27 === "size" || key27 === "mode" || pattern0.test(key27))) {
                    let err210 = { instancePath: instancePath + "/volumes/" + i29 + "/tmpfs", schemaPath: "#/properties/volumes/items/properties/tmpfs/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key27 } };
                    vErrors === null ? vErrors = [err210] : vErrors.push(err210), errors++;
                  }
                if (data226.size !== void 0) {
                  let data227 = data226.size;
                  if (!(typeof data227 == "number" && !(data227 % 1) && !isNaN(data227) && isFinite(data227)) && typeof data227 != "string") {
                    let err211 = { instancePath: instancePath + "/volumes/" + i29 + "/tmpfs/size", schemaPath: "#/properties/volumes/items/properties/tmpfs/properties/size/type", keyword: "type", params: { type: schema8.properties.volumes.items.properties.tmpfs.properties.size.type } };
                    vErrors === null ? vErrors = [err211] : vErrors.push(err211), errors++;
                  }
                  if (typeof data227 == "number" && isFinite(data227) && (data227 < 0 || isNaN(data227))) {
                    let err212 = { instancePath: instancePath + "/volumes/" + i29 + "/tmpfs/size", schemaPath: "#/properties/volumes/items/properties/tmpfs/properties/size/minimum", keyword: "minimum", params: { comparison: ">=", limit: 0 } };
                    vErrors === null ? vErrors = [err212] : vErrors.push(err212), errors++;
                  }
                }
                if (data226.mode !== void 0) {
                  let data228 = data226.mode;
                  if (!(typeof data228 == "number" && isFinite(data228)) && typeof data228 != "string") {
                    let err213 = { instancePath: instancePath + "/volumes/" + i29 + "/tmpfs/mode", schemaPath: "#/properties/volumes/items/properties/tmpfs/properties/mode/type", keyword: "type", params: { type: schema8.properties.volumes.items.properties.tmpfs.properties.mode.type } };
                    vErrors === null ? vErrors = [err213] : vErrors.push(err213), errors++;
                  }
                }
              } else {
                let err214 = { instancePath: instancePath + "/volumes/" + i29 + "/tmpfs", schemaPath: "#/properties/volumes/items/properties/tmpfs/type", keyword: "type", params: { type: "object" } };
                vErrors === null ? vErrors = [err214] : vErrors.push(err214), errors++;
              }
            }
            if (data211.image !== void 0) {
              let data229 = data211.image;
              if (data229 && typeof data229 == "object" && !Array.isArray(data229)) {
                for (let key28 in data229)
                  if (!(key28 === "subpath" || pattern0.test(key28))) {
                    let err215 = { instancePath: instancePath + "/volumes/" + i29 + "/image", schemaPath: "#/properties/volumes/items/properties/image/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key28 } };
                    vErrors === null ? vErrors = [err215] : vErrors.push(err215), errors++;
                  }
                if (data229.subpath !== void 0 && typeof data229.subpath != "string") {
                  let err216 = { instancePath: instancePath + "/volumes/" + i29 + "/image/subpath", schemaPath: "#/properties/volumes/items/properties/image/properties/subpath/type", keyword: "type", params: { type: "string" } };
                  vErrors === null ? vErrors = [err216] : vErrors.push(err216), errors++;
                }
              } else {
                let err217 = { instancePath: instancePath + "/volumes/" + i29 + "/image", schemaPath: "#/properties/volumes/items/properties/image/type", keyword: "type", params: { type: "object" } };
                vErrors === null ? vErrors = [err217] : vErrors.push(err217), errors++;
              }
            }
          }
        }
      } else {
        let err218 = { instancePath: instancePath + "/volumes", schemaPath: "#/properties/volumes/type", keyword: "type", params: { type: "array" } };
        vErrors === null ? vErrors = [err218] : vErrors.push(err218), errors++;
      }
    }
    if (data.volumes_from !== void 0 && (validate48(data.volumes_from, { instancePath: instancePath + "/volumes_from", parentData: data, parentDataProperty: "volumes_from", rootData }) || (vErrors = vErrors === null ? validate48.errors : vErrors.concat(validate48.errors), errors = vErrors.length)), data.working_dir !== void 0 && typeof data.working_dir != "string") {
      let err219 = { instancePath: instancePath + "/working_dir", schemaPath: "#/properties/working_dir/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err219] : vErrors.push(err219), errors++;
    }
  } else {
    let err220 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" } };
    vErrors === null ? vErrors = [err220] : vErrors.push(err220), errors++;
  }
  return validate25.errors = vErrors, errors === 0;
}
var schema23 = { type: ["object", "null"], properties: { name: { type: "string" }, driver: { type: "string" }, driver_opts: { $ref: "#/definitions/options" }, ipam: { type: "object", properties: { driver: { type: "string" }, config: { type: "array", items: { type: "object", properties: { subnet: { type: "string" }, ip_range: { type: "string" }, gateway: { type: "string" }, aux_addresses: { type: "object", additionalProperties: { type: "string" } } }, patternProperties: { "^x-": {} }, additionalProperties: !1 } }, options: { type: "object", additionalProperties: { type: "string" } } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, external: { type: ["boolean", "string", "object"], properties: { name: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, internal: { type: ["boolean", "string"] }, enable_ipv4: { type: ["boolean", "string"] }, enable_ipv6: { type: ["boolean", "string"] }, attachable: { type: ["boolean", "string"] }, labels: { $ref: "#/definitions/key_values" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 };
function validate115(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (!(data && typeof data == "object" && !Array.isArray(data)) && data !== null) {
    let err0 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: schema23.type } };
    vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
  }
  if (data && typeof data == "object" && !Array.isArray(data)) {
    for (let key0 in data)
      if (!(func2.call(schema23.properties, key0) || pattern0.test(key0))) {
        let err1 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
    if (data.name !== void 0 && typeof data.name != "string") {
      let err2 = { instancePath: instancePath + "/name", schemaPath: "#/properties/name/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
    }
    if (data.driver !== void 0 && typeof data.driver != "string") {
      let err3 = { instancePath: instancePath + "/driver", schemaPath: "#/properties/driver/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
    }
    if (data.driver_opts !== void 0 && (validate98(data.driver_opts, { instancePath: instancePath + "/driver_opts", parentData: data, parentDataProperty: "driver_opts", rootData }) || (vErrors = vErrors === null ? validate98.errors : vErrors.concat(validate98.errors), errors = vErrors.length)), data.ipam !== void 0) {
      let data3 = data.ipam;
      if (data3 && typeof data3 == "object" && !Array.isArray(data3)) {
        for (let key1 in data3)
          if (!(key1 === "driver" || key1 === "config" || key1 === "options" || pattern0.test(key1))) {
            let err4 = { instancePath: instancePath + "/ipam", schemaPath: "#/properties/ipam/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key1 } };
            vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
          }
        if (data3.driver !== void 0 && typeof data3.driver != "string") {
          let err5 = { instancePath: instancePath + "/ipam/driver", schemaPath: "#/properties/ipam/properties/driver/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
        }
        if (data3.config !== void 0) {
          let data5 = data3.config;
          if (Array.isArray(data5)) {
            let len0 = data5.length;
            for (let i0 = 0; i0 < len0; i0++) {
              let data6 = data5[i0];
              if (data6 && typeof data6 == "object" && !Array.isArray(data6)) {
                for (let key2 in data6)
                  if (!(key2 === "subnet" || key2 === "ip_range" || key2 === "gateway" || key2 === "aux_addresses" || pattern0.test(key2))) {
                    let err6 = { instancePath: instancePath + "/ipam/config/" + i0, schemaPath: "#/properties/ipam/properties/config/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key2 } };
                    vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
                  }
                if (data6.subnet !== void 0 && typeof data6.subnet != "string") {
                  let err7 = { instancePath: instancePath + "/ipam/config/" + i0 + "/subnet", schemaPath: "#/properties/ipam/properties/config/items/properties/subnet/type", keyword: "type", params: { type: "string" } };
                  vErrors === null ? vErrors = [err7] : vErrors.push(err7), errors++;
                }
                if (data6.ip_range !== void 0 && typeof data6.ip_range != "string") {
                  let err8 = { instancePath: instancePath + "/ipam/config/" + i0 + "/ip_range", schemaPath: "#/properties/ipam/properties/config/items/properties/ip_range/type", keyword: "type", params: { type: "string" } };
                  vErrors === null ? vErrors = [err8] : vErrors.push(err8), errors++;
                }
                if (data6.gateway !== void 0 && typeof data6.gateway != "string") {
                  let err9 = { instancePath: instancePath + "/ipam/config/" + i0 + "/gateway", schemaPath: "#/properties/ipam/properties/config/items/properties/gateway/type", keyword: "type", params: { type: "string" } };
                  vErrors === null ? vErrors = [err9] : vErrors.push(err9), errors++;
                }
                if (data6.aux_addresses !== void 0) {
                  let data10 = data6.aux_addresses;
                  if (data10 && typeof data10 == "object" && !Array.isArray(data10)) {
                    for (let key3 in data10)
                      if (typeof data10[key3] != "string") {
                        let err10 = { instancePath: instancePath + "/ipam/config/" + i0 + "/aux_addresses/" + key3.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/ipam/properties/config/items/properties/aux_addresses/additionalProperties/type", keyword: "type", params: { type: "string" } };
                        vErrors === null ? vErrors = [err10] : vErrors.push(err10), errors++;
                      }
                  } else {
                    let err11 = { instancePath: instancePath + "/ipam/config/" + i0 + "/aux_addresses", schemaPath: "#/properties/ipam/properties/config/items/properties/aux_addresses/type", keyword: "type", params: { type: "object" } };
                    vErrors === null ? vErrors = [err11] : vErrors.push(err11), errors++;
                  }
                }
              } else {
                let err12 = { instancePath: instancePath + "/ipam/config/" + i0, schemaPath: "#/properties/ipam/properties/config/items/type", keyword: "type", params: { type: "object" } };
                vErrors === null ? vErrors = [err12] : vErrors.push(err12), errors++;
              }
            }
          } else {
            let err13 = { instancePath: instancePath + "/ipam/config", schemaPath: "#/properties/ipam/properties/config/type", keyword: "type", params: { type: "array" } };
            vErrors === null ? vErrors = [err13] : vErrors.push(err13), errors++;
          }
        }
        if (data3.options !== void 0) {
          let data12 = data3.options;
          if (data12 && typeof data12 == "object" && !Array.isArray(data12)) {
            for (let key4 in data12)
              if (typeof data12[key4] != "string") {
                let err14 = { instancePath: instancePath + "/ipam/options/" + key4.replace(/~/g, "~0").replace(/\//g, "~1"), schemaPath: "#/properties/ipam/properties/options/additionalProperties/type", keyword: "type", params: { type: "string" } };
                vErrors === null ? vErrors = [err14] : vErrors.push(err14), errors++;
              }
          } else {
            let err15 = { instancePath: instancePath + "/ipam/options", schemaPath: "#/properties/ipam/properties/options/type", keyword: "type", params: { type: "object" } };
            vErrors === null ? vErrors = [err15] : vErrors.push(err15), errors++;
          }
        }
      } else {
        let err16 = { instancePath: instancePath + "/ipam", schemaPath: "#/properties/ipam/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err16] : vErrors.push(err16), errors++;
      }
    }
    if (data.external !== void 0) {
      let data14 = data.external;
      if (typeof data14 != "boolean" && typeof data14 != "string" && !(data14 && typeof data14 == "object" && !Array.isArray(data14))) {
        let err17 = { instancePath: instancePath + "/external", schemaPath: "#/properties/external/type", keyword: "type", params: { type: schema23.properties.external.type } };
        vErrors === null ? vErrors = [err17] : vErrors.push(err17), errors++;
      }
      if (data14 && typeof data14 == "object" && !Array.isArray(data14)) {
        for (let key5 in data14)
          if (!(key5 === "name" || pattern0.test(key5))) {
            let err18 = { instancePath: instancePath + "/external", schemaPath: "#/properties/external/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key5 } };
            vErrors === null ? vErrors = [err18] : vErrors.push(err18), errors++;
          }
        if (data14.name !== void 0 && typeof data14.name != "string") {
          let err19 = { instancePath: instancePath + "/external/name", schemaPath: "#/properties/external/properties/name/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err19] : vErrors.push(err19), errors++;
        }
      }
    }
    if (data.internal !== void 0) {
      let data16 = data.internal;
      if (typeof data16 != "boolean" && typeof data16 != "string") {
        let err20 = { instancePath: instancePath + "/internal", schemaPath: "#/properties/internal/type", keyword: "type", params: { type: schema23.properties.internal.type } };
        vErrors === null ? vErrors = [err20] : vErrors.push(err20), errors++;
      }
    }
    if (data.enable_ipv4 !== void 0) {
      let data17 = data.enable_ipv4;
      if (typeof data17 != "boolean" && typeof data17 != "string") {
        let err21 = { instancePath: instancePath + "/enable_ipv4", schemaPath: "#/properties/enable_ipv4/type", keyword: "type", params: { type: schema23.properties.enable_ipv4.type } };
        vErrors === null ? vErrors = [err21] : vErrors.push(err21), errors++;
      }
    }
    if (data.enable_ipv6 !== void 0) {
      let data18 = data.enable_ipv6;
      if (typeof data18 != "boolean" && typeof data18 != "string") {
        let err22 = { instancePath: instancePath + "/enable_ipv6", schemaPath: "#/properties/enable_ipv6/type", keyword: "type", params: { type: schema23.properties.enable_ipv6.type } };
        vErrors === null ? vErrors = [err22] : vErrors.push(err22), errors++;
      }
    }
    if (data.attachable !== void 0) {
      let data19 = data.attachable;
      if (typeof data19 != "boolean" && typeof data19 != "string") {
        let err23 = { instancePath: instancePath + "/attachable", schemaPath: "#/properties/attachable/type", keyword: "type", params: { type: schema23.properties.attachable.type } };
        vErrors === null ? vErrors = [err23] : vErrors.push(err23), errors++;
      }
    }
    data.labels !== void 0 && (validate26(data.labels, { instancePath: instancePath + "/labels", parentData: data, parentDataProperty: "labels", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length));
  }
  return validate115.errors = vErrors, errors === 0;
}
var schema24 = { type: ["object", "null"], properties: { name: { type: "string" }, driver: { type: "string" }, driver_opts: { $ref: "#/definitions/options" }, external: { type: ["boolean", "string", "object"], properties: { name: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 }, labels: { $ref: "#/definitions/key_values" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 };
function validate120(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (!(data && typeof data == "object" && !Array.isArray(data)) && data !== null) {
    let err0 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: schema24.type } };
    vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
  }
  if (data && typeof data == "object" && !Array.isArray(data)) {
    for (let key0 in data)
      if (!(key0 === "name" || key0 === "driver" || key0 === "driver_opts" || key0 === "external" || key0 === "labels" || pattern0.test(key0))) {
        let err1 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
    if (data.name !== void 0 && typeof data.name != "string") {
      let err2 = { instancePath: instancePath + "/name", schemaPath: "#/properties/name/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
    }
    if (data.driver !== void 0 && typeof data.driver != "string") {
      let err3 = { instancePath: instancePath + "/driver", schemaPath: "#/properties/driver/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
    }
    if (data.driver_opts !== void 0 && (validate98(data.driver_opts, { instancePath: instancePath + "/driver_opts", parentData: data, parentDataProperty: "driver_opts", rootData }) || (vErrors = vErrors === null ? validate98.errors : vErrors.concat(validate98.errors), errors = vErrors.length)), data.external !== void 0) {
      let data3 = data.external;
      if (typeof data3 != "boolean" && typeof data3 != "string" && !(data3 && typeof data3 == "object" && !Array.isArray(data3))) {
        let err4 = { instancePath: instancePath + "/external", schemaPath: "#/properties/external/type", keyword: "type", params: { type: schema24.properties.external.type } };
        vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
      }
      if (data3 && typeof data3 == "object" && !Array.isArray(data3)) {
        for (let key1 in data3)
          if (!(key1 === "name" || pattern0.test(key1))) {
            let err5 = { instancePath: instancePath + "/external", schemaPath: "#/properties/external/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key1 } };
            vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
          }
        if (data3.name !== void 0 && typeof data3.name != "string") {
          let err6 = { instancePath: instancePath + "/external/name", schemaPath: "#/properties/external/properties/name/type", keyword: "type", params: { type: "string" } };
          vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
        }
      }
    }
    data.labels !== void 0 && (validate26(data.labels, { instancePath: instancePath + "/labels", parentData: data, parentDataProperty: "labels", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length));
  }
  return validate120.errors = vErrors, errors === 0;
}
var schema25 = { type: "object", properties: { name: { type: "string" }, environment: { type: "string" }, file: { type: "string" }, external: { type: ["boolean", "string", "object"], properties: { name: { type: "string" } }, patternProperties: {}, additionalProperties: {} }, labels: { $ref: "#/definitions/key_values" }, driver: { type: "string" }, driver_opts: { $ref: "#/definitions/options" }, template_driver: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 };
function validate124(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data)) {
    for (let key0 in data)
      if (!(key0 === "name" || key0 === "environment" || key0 === "file" || key0 === "external" || key0 === "labels" || key0 === "driver" || key0 === "driver_opts" || key0 === "template_driver" || pattern0.test(key0))) {
        let err0 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
      }
    if (data.name !== void 0 && typeof data.name != "string") {
      let err1 = { instancePath: instancePath + "/name", schemaPath: "#/properties/name/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
    }
    if (data.environment !== void 0 && typeof data.environment != "string") {
      let err2 = { instancePath: instancePath + "/environment", schemaPath: "#/properties/environment/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
    }
    if (data.file !== void 0 && typeof data.file != "string") {
      let err3 = { instancePath: instancePath + "/file", schemaPath: "#/properties/file/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
    }
    if (data.external !== void 0) {
      let data3 = data.external;
      if (typeof data3 != "boolean" && typeof data3 != "string" && !(data3 && typeof data3 == "object" && !Array.isArray(data3))) {
        let err4 = { instancePath: instancePath + "/external", schemaPath: "#/properties/external/type", keyword: "type", params: { type: schema25.properties.external.type } };
        vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
      }
      if (data3 && typeof data3 == "object" && !Array.isArray(data3) && data3.name !== void 0 && typeof data3.name != "string") {
        let err5 = { instancePath: instancePath + "/external/name", schemaPath: "#/properties/external/properties/name/type", keyword: "type", params: { type: "string" } };
        vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
      }
    }
    if (data.labels !== void 0 && (validate26(data.labels, { instancePath: instancePath + "/labels", parentData: data, parentDataProperty: "labels", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data.driver !== void 0 && typeof data.driver != "string") {
      let err6 = { instancePath: instancePath + "/driver", schemaPath: "#/properties/driver/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
    }
    if (data.driver_opts !== void 0 && (validate98(data.driver_opts, { instancePath: instancePath + "/driver_opts", parentData: data, parentDataProperty: "driver_opts", rootData }) || (vErrors = vErrors === null ? validate98.errors : vErrors.concat(validate98.errors), errors = vErrors.length)), data.template_driver !== void 0 && typeof data.template_driver != "string") {
      let err7 = { instancePath: instancePath + "/template_driver", schemaPath: "#/properties/template_driver/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err7] : vErrors.push(err7), errors++;
    }
  } else {
    let err8 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" } };
    vErrors === null ? vErrors = [err8] : vErrors.push(err8), errors++;
  }
  return validate124.errors = vErrors, errors === 0;
}
var schema26 = { type: "object", properties: { name: { type: "string" }, content: { type: "string" }, environment: { type: "string" }, file: { type: "string" }, external: { type: ["boolean", "string", "object"], properties: { name: { type: "string" } }, patternProperties: {}, additionalProperties: {} }, labels: { $ref: "#/definitions/key_values" }, template_driver: { type: "string" } }, patternProperties: { "^x-": {} }, additionalProperties: !1 };
function validate128(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data)) {
    for (let key0 in data)
      if (!(key0 === "name" || key0 === "content" || key0 === "environment" || key0 === "file" || key0 === "external" || key0 === "labels" || key0 === "template_driver" || pattern0.test(key0))) {
        let err0 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
      }
    if (data.name !== void 0 && typeof data.name != "string") {
      let err1 = { instancePath: instancePath + "/name", schemaPath: "#/properties/name/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
    }
    if (data.content !== void 0 && typeof data.content != "string") {
      let err2 = { instancePath: instancePath + "/content", schemaPath: "#/properties/content/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
    }
    if (data.environment !== void 0 && typeof data.environment != "string") {
      let err3 = { instancePath: instancePath + "/environment", schemaPath: "#/properties/environment/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
    }
    if (data.file !== void 0 && typeof data.file != "string") {
      let err4 = { instancePath: instancePath + "/file", schemaPath: "#/properties/file/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
    }
    if (data.external !== void 0) {
      let data4 = data.external;
      if (typeof data4 != "boolean" && typeof data4 != "string" && !(data4 && typeof data4 == "object" && !Array.isArray(data4))) {
        let err5 = { instancePath: instancePath + "/external", schemaPath: "#/properties/external/type", keyword: "type", params: { type: schema26.properties.external.type } };
        vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
      }
      if (data4 && typeof data4 == "object" && !Array.isArray(data4) && data4.name !== void 0 && typeof data4.name != "string") {
        let err6 = { instancePath: instancePath + "/external/name", schemaPath: "#/properties/external/properties/name/type", keyword: "type", params: { type: "string" } };
        vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
      }
    }
    if (data.labels !== void 0 && (validate26(data.labels, { instancePath: instancePath + "/labels", parentData: data, parentDataProperty: "labels", rootData }) || (vErrors = vErrors === null ? validate26.errors : vErrors.concat(validate26.errors), errors = vErrors.length)), data.template_driver !== void 0 && typeof data.template_driver != "string") {
      let err7 = { instancePath: instancePath + "/template_driver", schemaPath: "#/properties/template_driver/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err7] : vErrors.push(err7), errors++;
    }
  } else {
    let err8 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" } };
    vErrors === null ? vErrors = [err8] : vErrors.push(err8), errors++;
  }
  return validate128.errors = vErrors, errors === 0;
}
function validate131(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data)) {
    if (data.model === void 0) {
      let err0 = { instancePath, schemaPath: "#/required", keyword: "required", params: { missingProperty: "model" } };
      vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
    }
    for (let key0 in data)
      if (!(key0 === "name" || key0 === "model" || key0 === "context_size" || key0 === "runtime_flags" || pattern0.test(key0))) {
        let err1 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
      }
    if (data.name !== void 0 && typeof data.name != "string") {
      let err2 = { instancePath: instancePath + "/name", schemaPath: "#/properties/name/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
    }
    if (data.model !== void 0 && typeof data.model != "string") {
      let err3 = { instancePath: instancePath + "/model", schemaPath: "#/properties/model/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
    }
    if (data.context_size !== void 0) {
      let data2 = data.context_size;
      if (!(typeof data2 == "number" && !(data2 % 1) && !isNaN(data2) && isFinite(data2))) {
        let err4 = { instancePath: instancePath + "/context_size", schemaPath: "#/properties/context_size/type", keyword: "type", params: { type: "integer" } };
        vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
      }
    }
    if (data.runtime_flags !== void 0) {
      let data3 = data.runtime_flags;
      if (Array.isArray(data3)) {
        let len0 = data3.length;
        for (let i0 = 0; i0 < len0; i0++)
          if (typeof data3[i0] != "string") {
            let err5 = { instancePath: instancePath + "/runtime_flags/" + i0, schemaPath: "#/properties/runtime_flags/items/type", keyword: "type", params: { type: "string" } };
            vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
          }
      } else {
        let err6 = { instancePath: instancePath + "/runtime_flags", schemaPath: "#/properties/runtime_flags/type", keyword: "type", params: { type: "array" } };
        vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
      }
    }
  } else {
    let err7 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" } };
    vErrors === null ? vErrors = [err7] : vErrors.push(err7), errors++;
  }
  return validate131.errors = vErrors, errors === 0;
}
function validate21(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null, errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data)) {
    for (let key0 in data)
      if (!(func2.call(schema6.properties, key0) || pattern0.test(key0))) {
        let err0 = { instancePath, schemaPath: "#/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key0 } };
        vErrors === null ? vErrors = [err0] : vErrors.push(err0), errors++;
      }
    if (data.version !== void 0 && typeof data.version != "string") {
      let err1 = { instancePath: instancePath + "/version", schemaPath: "#/properties/version/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err1] : vErrors.push(err1), errors++;
    }
    if (data.name !== void 0 && typeof data.name != "string") {
      let err2 = { instancePath: instancePath + "/name", schemaPath: "#/properties/name/type", keyword: "type", params: { type: "string" } };
      vErrors === null ? vErrors = [err2] : vErrors.push(err2), errors++;
    }
    if (data.include !== void 0) {
      let data2 = data.include;
      if (Array.isArray(data2)) {
        let len0 = data2.length;
        for (let i0 = 0; i0 < len0; i0++) {
          let data3 = data2[i0];
          if (typeof data3 != "string" && !(data3 && typeof data3 == "object" && !Array.isArray(data3))) {
            let err3 = { instancePath: instancePath + "/include/" + i0, schemaPath: "#/properties/include/items/type", keyword: "type", params: { type: schema6.properties.include.items.type } };
            vErrors === null ? vErrors = [err3] : vErrors.push(err3), errors++;
          }
          if (data3 && typeof data3 == "object" && !Array.isArray(data3)) {
            for (let key1 in data3)
              if (!(key1 === "path" || key1 === "project_directory" || key1 === "env_file")) {
                let err4 = { instancePath: instancePath + "/include/" + i0, schemaPath: "#/properties/include/items/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key1 } };
                vErrors === null ? vErrors = [err4] : vErrors.push(err4), errors++;
              }
            if (data3.path !== void 0 && (validate22(data3.path, { instancePath: instancePath + "/include/" + i0 + "/path", parentData: data3, parentDataProperty: "path", rootData }) || (vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors), errors = vErrors.length)), data3.project_directory !== void 0 && typeof data3.project_directory != "string") {
              let err5 = { instancePath: instancePath + "/include/" + i0 + "/project_directory", schemaPath: "#/properties/include/items/properties/project_directory/type", keyword: "type", params: { type: "string" } };
              vErrors === null ? vErrors = [err5] : vErrors.push(err5), errors++;
            }
            data3.env_file !== void 0 && (validate22(data3.env_file, { instancePath: instancePath + "/include/" + i0 + "/env_file", parentData: data3, parentDataProperty: "env_file", rootData }) || (vErrors = vErrors === null ? validate22.errors : vErrors.concat(validate22.errors), errors = vErrors.length));
          }
        }
      } else {
        let err6 = { instancePath: instancePath + "/include", schemaPath: "#/properties/include/type", keyword: "type", params: { type: "array" } };
        vErrors === null ? vErrors = [err6] : vErrors.push(err6), errors++;
      }
    }
    if (data.services !== void 0) {
      let data7 = data.services;
      if (data7 && typeof data7 == "object" && !Array.isArray(data7)) {
        for (let key2 in data7)
          if (!pattern1.test(key2)) {
            let err7 = { instancePath: instancePath + "/services", schemaPath: "#/properties/services/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key2 } };
            vErrors === null ? vErrors = [err7] : vErrors.push(err7), errors++;
          }
        for (let key3 in data7)
          pattern1.test(key3) && (validate25(data7[key3], { instancePath: instancePath + "/services/" + key3.replace(/~/g, "~0").replace(/\//g, "~1"), parentData: data7, parentDataProperty: key3, rootData }) || (vErrors = vErrors === null ? validate25.errors : vErrors.concat(validate25.errors), errors = vErrors.length));
      } else {
        let err8 = { instancePath: instancePath + "/services", schemaPath: "#/properties/services/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err8] : vErrors.push(err8), errors++;
      }
    }
    if (data.networks !== void 0) {
      let data9 = data.networks;
      if (data9 && typeof data9 == "object" && !Array.isArray(data9)) {
        for (let key4 in data9)
          pattern1.test(key4) || validate115(data9[key4], { instancePath: instancePath + "/networks/" + key4.replace(/~/g, "~0").replace(/\//g, "~1"), parentData: data9, parentDataProperty: key4, rootData }) || (vErrors = vErrors === null ? validate115.errors : vErrors.concat(validate115.errors), errors = vErrors.length);
        for (let key5 in data9)
          pattern1.test(key5) && (validate115(data9[key5], { instancePath: instancePath + "/networks/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"), parentData: data9, parentDataProperty: key5, rootData }) || (vErrors = vErrors === null ? validate115.errors : vErrors.concat(validate115.errors), errors = vErrors.length));
      } else {
        let err9 = { instancePath: instancePath + "/networks", schemaPath: "#/properties/networks/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err9] : vErrors.push(err9), errors++;
      }
    }
    if (data.volumes !== void 0) {
      let data12 = data.volumes;
      if (data12 && typeof data12 == "object" && !Array.isArray(data12)) {
        for (let key6 in data12)
          if (!pattern1.test(key6)) {
            let err10 = { instancePath: instancePath + "/volumes", schemaPath: "#/properties/volumes/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key6 } };
            vErrors === null ? vErrors = [err10] : vErrors.push(err10), errors++;
          }
        for (let key7 in data12)
          pattern1.test(key7) && (validate120(data12[key7], { instancePath: instancePath + "/volumes/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"), parentData: data12, parentDataProperty: key7, rootData }) || (vErrors = vErrors === null ? validate120.errors : vErrors.concat(validate120.errors), errors = vErrors.length));
      } else {
        let err11 = { instancePath: instancePath + "/volumes", schemaPath: "#/properties/volumes/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err11] : vErrors.push(err11), errors++;
      }
    }
    if (data.secrets !== void 0) {
      let data14 = data.secrets;
      if (data14 && typeof data14 == "object" && !Array.isArray(data14)) {
        for (let key8 in data14)
          if (!pattern1.test(key8)) {
            let err12 = { instancePath: instancePath + "/secrets", schemaPath: "#/properties/secrets/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key8 } };
            vErrors === null ? vErrors = [err12] : vErrors.push(err12), errors++;
          }
        for (let key9 in data14)
          pattern1.test(key9) && (validate124(data14[key9], { instancePath: instancePath + "/secrets/" + key9.replace(/~/g, "~0").replace(/\//g, "~1"), parentData: data14, parentDataProperty: key9, rootData }) || (vErrors = vErrors === null ? validate124.errors : vErrors.concat(validate124.errors), errors = vErrors.length));
      } else {
        let err13 = { instancePath: instancePath + "/secrets", schemaPath: "#/properties/secrets/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err13] : vErrors.push(err13), errors++;
      }
    }
    if (data.configs !== void 0) {
      let data16 = data.configs;
      if (data16 && typeof data16 == "object" && !Array.isArray(data16)) {
        for (let key10 in data16)
          if (!pattern1.test(key10)) {
            let err14 = { instancePath: instancePath + "/configs", schemaPath: "#/properties/configs/additionalProperties", keyword: "additionalProperties", params: { additionalProperty: key10 } };
            vErrors === null ? vErrors = [err14] : vErrors.push(err14), errors++;
          }
        for (let key11 in data16)
          pattern1.test(key11) && (validate128(data16[key11], { instancePath: instancePath + "/configs/" + key11.replace(/~/g, "~0").replace(/\//g, "~1"), parentData: data16, parentDataProperty: key11, rootData }) || (vErrors = vErrors === null ? validate128.errors : vErrors.concat(validate128.errors), errors = vErrors.length));
      } else {
        let err15 = { instancePath: instancePath + "/configs", schemaPath: "#/properties/configs/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err15] : vErrors.push(err15), errors++;
      }
    }
    if (data.models !== void 0) {
      let data18 = data.models;
      if (data18 && typeof data18 == "object" && !Array.isArray(data18)) {
        for (let key12 in data18)
          pattern1.test(key12) || validate131(data18[key12], { instancePath: instancePath + "/models/" + key12.replace(/~/g, "~0").replace(/\//g, "~1"), parentData: data18, parentDataProperty: key12, rootData }) || (vErrors = vErrors === null ? validate131.errors : vErrors.concat(validate131.errors), errors = vErrors.length);
        for (let key13 in data18)
          pattern1.test(key13) && (validate131(data18[key13], { instancePath: instancePath + "/models/" + key13.replace(/~/g, "~0").replace(/\//g, "~1"), parentData: data18, parentDataProperty: key13, rootData }) || (vErrors = vErrors === null ? validate131.errors : vErrors.concat(validate131.errors), errors = vErrors.length));
      } else {
        let err16 = { instancePath: instancePath + "/models", schemaPath: "#/properties/models/type", keyword: "type", params: { type: "object" } };
        vErrors === null ? vErrors = [err16] : vErrors.push(err16), errors++;
      }
    }
  } else {
    let err17 = { instancePath, schemaPath: "#/type", keyword: "type", params: { type: "object" } };
    vErrors === null ? vErrors = [err17] : vErrors.push(err17), errors++;
  }
  return validate21.errors = vErrors, errors === 0;
}
export {
  validate_default as default,
  validate
};
