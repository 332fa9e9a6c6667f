#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The OCI runtime-spec 1.2 config.json as plain structs, checked once by parseSpec. Names are the specification's;
/// absence is an empty optional, an empty string or an empty list. What the annotations of docs/architecture.md say is
/// parsed too, so that nobody below reads JSON.
namespace tscompose {

struct User {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::optional<uint32_t> umask;
  std::vector<uint32_t> additionalGids;
};

struct Rlimit {
  std::string type;  ///< "RLIMIT_NOFILE"
  int resource = 0;  ///< the number of getrlimit(2) for it
  uint64_t soft = 0;
  uint64_t hard = 0;
};

/// Five capability sets as names ("CAP_CHOWN"); capabilities.h turns them into masks.
struct Capabilities {
  std::vector<std::string> bounding;
  std::vector<std::string> effective;
  std::vector<std::string> inheritable;
  std::vector<std::string> permitted;
  std::vector<std::string> ambient;
};

struct ConsoleSize {
  uint16_t height = 0;
  uint16_t width = 0;
};

struct Scheduler {
  std::string policy;
  int32_t nice = 0;
  int32_t priority = 0;
  std::vector<std::string> flags;
  uint64_t runtime = 0;
  uint64_t deadline = 0;
  uint64_t period = 0;
};

struct IoPriority {
  std::string ioClass;
  int priority = 0;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> consoleSize;
  User user;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd;
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool noNewPrivileges = false;
  std::string apparmorProfile;
  std::string selinuxLabel;
  std::optional<int> oomScoreAdj;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> ioPriority;
};

struct Root {
  std::string path;
  bool readonly = false;
};

struct IdMapping {
  uint32_t containerId = 0;
  uint32_t hostId = 0;
  uint32_t size = 0;
};

struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  std::vector<std::string> options;
  std::vector<IdMapping> uidMappings;
  std::vector<IdMapping> gidMappings;
};

struct Hook {
  std::string path;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::optional<int> timeoutSeconds;
};

struct Hooks {
  std::vector<Hook> prestart;
  std::vector<Hook> createRuntime;
  std::vector<Hook> createContainer;
  std::vector<Hook> startContainer;
  std::vector<Hook> poststart;
  std::vector<Hook> poststop;
};

struct Namespace {
  std::string type;  ///< pid, network, mount, ipc, uts, user, cgroup, time
  std::string path;  ///< empty: a new one
};

struct Device {
  char type = 'c';  ///< c, u (as c), b or p
  std::string path;
  int64_t major = 0;
  int64_t minor = 0;
  std::optional<uint32_t> fileMode;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> gid;
};

struct DeviceRule {
  bool allow = false;
  char type = 'a';               ///< a, c or b
  std::optional<int64_t> major;  ///< absent: all
  std::optional<int64_t> minor;
  std::string access;  ///< of "rwm"; empty means all three
};

struct MemoryLimits {
  std::optional<int64_t> limit;  ///< bytes, -1: no limit
  std::optional<int64_t> reservation;
  std::optional<int64_t> swap;  ///< memory + swap, as in v1
  std::optional<int64_t> kernel;
  std::optional<int64_t> kernelTcp;
  std::optional<uint64_t> swappiness;
  std::optional<bool> disableOomKiller;
  std::optional<bool> useHierarchy;
  std::optional<bool> checkBeforeUpdate;
};

struct CpuLimits {
  std::optional<uint64_t> shares;
  std::optional<int64_t> quota;  ///< microseconds a period, -1: no limit
  std::optional<uint64_t> burst;
  std::optional<uint64_t> period;
  std::optional<int64_t> realtimeRuntime;
  std::optional<uint64_t> realtimePeriod;
  std::string cpus;
  std::string mems;
  std::optional<int64_t> idle;
};

struct WeightDevice {
  int64_t major = 0;
  int64_t minor = 0;
  std::optional<uint16_t> weight;
  std::optional<uint16_t> leafWeight;
};

struct ThrottleDevice {
  int64_t major = 0;
  int64_t minor = 0;
  uint64_t rate = 0;
};

struct BlockIoLimits {
  std::optional<uint16_t> weight;
  std::optional<uint16_t> leafWeight;
  std::vector<WeightDevice> weightDevice;
  std::vector<ThrottleDevice> throttleReadBps;
  std::vector<ThrottleDevice> throttleWriteBps;
  std::vector<ThrottleDevice> throttleReadIops;
  std::vector<ThrottleDevice> throttleWriteIops;
};

struct HugepageLimit {
  std::string pageSize;  ///< "2MB"
  uint64_t limit = 0;
};

struct RdmaLimit {
  std::optional<uint32_t> hcaHandles;
  std::optional<uint32_t> hcaObjects;
};

struct InterfacePriority {
  std::string name;
  uint32_t priority = 0;
};

struct NetworkLimits {
  std::optional<uint32_t> classId;
  std::vector<InterfacePriority> priorities;
};

/// linux.resources: limits of cgroup v1 and v2 alike, in the specification's (v1) units.
struct Resources {
  std::vector<DeviceRule> devices;
  MemoryLimits memory;
  CpuLimits cpu;
  std::optional<int64_t> pidsLimit;  ///< 0 or -1: no limit
  BlockIoLimits blockIo;
  std::vector<HugepageLimit> hugepageLimits;
  NetworkLimits network;
  std::map<std::string, RdmaLimit> rdma;
  std::map<std::string, std::string> unified;
};

struct SeccompArg {
  uint32_t index = 0;
  uint64_t value = 0;
  uint64_t valueTwo = 0;
  std::string op;
};

struct SeccompRule {
  std::vector<std::string> names;
  std::string action;
  std::optional<uint32_t> errnoRet;
  std::vector<SeccompArg> args;
};

struct Seccomp {
  std::string defaultAction;
  std::optional<uint32_t> defaultErrnoRet;
  std::vector<std::string> architectures;
  std::vector<std::string> flags;
  std::string listenerPath;
  std::string listenerMetadata;
  std::vector<SeccompRule> syscalls;
};

struct TimeOffset {
  int64_t secs = 0;
  uint32_t nanosecs = 0;
};

struct Personality {
  std::string domain;
};

struct Linux {
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uidMappings;
  std::vector<IdMapping> gidMappings;
  std::map<std::string, TimeOffset> timeOffsets;  ///< "monotonic", "boottime"
  std::vector<Device> devices;
  std::string cgroupsPath;
  Resources resources;
  std::string rootfsPropagation;
  std::optional<Seccomp> seccomp;
  std::map<std::string, std::string> sysctl;
  std::vector<std::string> maskedPaths;
  std::vector<std::string> readonlyPaths;
  std::string mountLabel;
  std::optional<Personality> personality;
};

/// Annotation dev.tscompose.overlay: what is mounted over root.path inside the container's mount namespace.
struct Overlay {
  std::vector<std::string> lower;  ///< top first
  std::string upper;               ///< empty: a read-only overlay
  std::string work;
  bool isVolatile = false;  ///< nothing below waits for the disk: whoever takes the upper directory must
};

struct Spec {
  std::string ociVersion;
  std::string hostname;
  std::string domainname;
  Root root;
  std::optional<Process> process;  ///< optional in `create`; start needs it
  std::vector<Mount> mounts;
  Hooks hooks;
  Linux linux_;  ///< `linux` is a macro of gcc's gnu++ dialects
  std::map<std::string, std::string> annotations;

  std::optional<Overlay> overlay;       ///< dev.tscompose.overlay
  bool init = false;                    ///< dev.tscompose.init
  std::string userName;                 ///< dev.tscompose.user: "name[:group]", resolved in the root's /etc/passwd
  std::vector<std::string> groupNames;  ///< dev.tscompose.groups: group_add names
  std::string seccompCache;             ///< dev.tscompose.seccompCache: directory of compiled filters

  /// The entry for `type`, or null when the container shares the caller's.
  const Namespace* findNamespace(std::string_view type) const;
};

/// Throws InputError INVALID naming the place at fault: "config.json: process.args[1]: expected a string".
Spec parseSpec(std::string_view json);
/// A process object alone, as `exec --process` and the monitor's `exec` get it.
Process parseProcess(std::string_view json);
/// A linux.resources object alone, as `update` gets it.
Resources parseResources(std::string_view json);

/// The OCI state object that hooks and `state` receive. `pid` 0 leaves it out.
std::string formatState(const Spec& spec, const std::string& id, const std::string& status, pid_t pid,
                        const std::string& bundle);

}  // namespace tscompose
