#include "core/spec.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"

namespace tscompose {

namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw InputError("INVALID", path + ": " + why);
}

/// A JSON value and the path that led to it, so that every complaint names its place.
class Node {
 public:
  Node(const json& value, std::string path) : value_(&value), path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  /// The member, unless absent or null (Go writes null for an empty list).
  std::optional<Node> member(const char* name) const {
    if (!value_->is_object()) refuse(path_, "expected an object");
    auto found = value_->find(name);
    if (found == value_->end() || found->is_null()) return std::nullopt;
    return Node{*found, path_ + "." + name};
  }

  Node required(const char* name) const {
    auto found = member(name);
    if (!found) refuse(path_ + "." + name, "is required");
    return *found;
  }

  std::string text() const {
    if (!value_->is_string()) refuse(path_, "expected a string");
    auto value = value_->get<std::string>();
    /* every string ends up in a system call or an exec argument, where a NUL would silently cut it */
    if (value.find('\0') != std::string::npos) refuse(path_, "must not contain a NUL character");
    return value;
  }

  bool boolean() const {
    if (!value_->is_boolean()) refuse(path_, "expected true or false");
    return value_->get<bool>();
  }

  template <typename T>
  T integer() const {
    if (value_->is_number_unsigned()) {
      auto value = value_->get<uint64_t>();
      if (value > static_cast<uint64_t>(std::numeric_limits<T>::max())) refuse(path_, "number is out of range");
      return static_cast<T>(value);
    }
    if (!value_->is_number_integer()) refuse(path_, "expected a whole number");
    auto value = value_->get<int64_t>();
    if (value < 0 && std::is_unsigned_v<T>) refuse(path_, "must not be negative");
    if (value < static_cast<int64_t>(std::numeric_limits<T>::min()) && !std::is_unsigned_v<T>)
      refuse(path_, "number is out of range");
    return static_cast<T>(value);
  }

  template <typename Function>
  auto list(Function&& convert) const {
    if (!value_->is_array()) refuse(path_, "expected an array");
    std::vector<decltype(convert(*this))> values;
    values.reserve(value_->size());
    size_t index = 0;
    for (const auto& element : *value_)
      values.push_back(convert(Node{element, path_ + "[" + std::to_string(index++) + "]"}));
    return values;
  }

  template <typename Function>
  auto map(Function&& convert) const {
    if (!value_->is_object()) refuse(path_, "expected an object");
    std::map<std::string, decltype(convert(*this))> values;
    for (const auto& [key, element] : value_->items()) values.emplace(key, convert(Node{element, path_ + "." + key}));
    return values;
  }

 private:
  const json* value_;
  std::string path_;
};

std::string asText(const Node& node) { return node.text(); }

std::string textOf(const Node& node, const char* name) {
  auto found = node.member(name);
  return found ? found->text() : std::string{};
}

bool booleanOf(const Node& node, const char* name) {
  auto found = node.member(name);
  return found && found->boolean();
}

std::optional<bool> optionalBoolean(const Node& node, const char* name) {
  auto found = node.member(name);
  if (!found) return std::nullopt;
  return found->boolean();
}

template <typename T>
std::optional<T> optionalInteger(const Node& node, const char* name) {
  auto found = node.member(name);
  if (!found) return std::nullopt;
  return found->integer<T>();
}

template <typename T>
T integerOf(const Node& node, const char* name) {
  return optionalInteger<T>(node, name).value_or(T{});
}

std::vector<std::string> textsOf(const Node& node, const char* name) {
  auto found = node.member(name);
  return found ? found->list(asText) : std::vector<std::string>{};
}

template <typename Function>
auto listOf(const Node& node, const char* name, Function&& convert) {
  auto found = node.member(name);
  return found ? found->list(convert) : std::vector<decltype(convert(node))>{};
}

std::string absolutePath(const Node& node) {
  auto path = node.text();
  if (path.empty() || path.front() != '/') refuse(node.path(), "must be an absolute path");
  return path;
}

Rlimit parseRlimit(const Node& node) {
  static constexpr std::array<std::pair<const char*, int>, 16> kResources{{
      {"RLIMIT_AS", RLIMIT_AS},
      {"RLIMIT_CORE", RLIMIT_CORE},
      {"RLIMIT_CPU", RLIMIT_CPU},
      {"RLIMIT_DATA", RLIMIT_DATA},
      {"RLIMIT_FSIZE", RLIMIT_FSIZE},
      {"RLIMIT_LOCKS", RLIMIT_LOCKS},
      {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
      {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
      {"RLIMIT_NICE", RLIMIT_NICE},
      {"RLIMIT_NOFILE", RLIMIT_NOFILE},
      {"RLIMIT_NPROC", RLIMIT_NPROC},
      {"RLIMIT_RSS", RLIMIT_RSS},
      {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
      {"RLIMIT_RTTIME", RLIMIT_RTTIME},
      {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
      {"RLIMIT_STACK", RLIMIT_STACK},
  }};
  Rlimit limit;
  auto type = node.required("type");
  limit.type = type.text();
  const auto* known =
      std::find_if(kResources.begin(), kResources.end(), [&](const auto& entry) { return limit.type == entry.first; });
  if (known == kResources.end()) refuse(type.path(), "unknown rlimit '" + limit.type + "'");
  limit.resource = known->second;
  limit.soft = node.required("soft").integer<uint64_t>();
  limit.hard = node.required("hard").integer<uint64_t>();
  if (limit.soft > limit.hard) refuse(node.path() + ".soft", "is above the hard limit");
  return limit;
}

User parseUser(const Node& node) {
  User user;
  user.uid = integerOf<uint32_t>(node, "uid");
  user.gid = integerOf<uint32_t>(node, "gid");
  user.umask = optionalInteger<uint32_t>(node, "umask");
  user.additionalGids = listOf(node, "additionalGids", [](const Node& gid) { return gid.integer<uint32_t>(); });
  return user;
}

Capabilities parseCapabilities(const Node& node) {
  return {textsOf(node, "bounding"), textsOf(node, "effective"), textsOf(node, "inheritable"),
          textsOf(node, "permitted"), textsOf(node, "ambient")};
}

Process parseProcessNode(const Node& node) {
  Process process;
  process.terminal = booleanOf(node, "terminal");
  if (auto size = node.member("consoleSize"))
    process.consoleSize = ConsoleSize{integerOf<uint16_t>(*size, "height"), integerOf<uint16_t>(*size, "width")};
  if (auto user = node.member("user")) process.user = parseUser(*user);
  process.args = textsOf(node, "args");
  process.env = textsOf(node, "env");
  process.cwd = absolutePath(node.required("cwd"));
  if (auto capabilities = node.member("capabilities")) process.capabilities = parseCapabilities(*capabilities);
  process.rlimits = listOf(node, "rlimits", parseRlimit);
  process.noNewPrivileges = booleanOf(node, "noNewPrivileges");
  process.apparmorProfile = textOf(node, "apparmorProfile");
  process.selinuxLabel = textOf(node, "selinuxLabel");
  if (auto score = node.member("oomScoreAdj")) {
    process.oomScoreAdj = score->integer<int>();
    if (*process.oomScoreAdj < -1000 || *process.oomScoreAdj > 1000)
      refuse(score->path(), "must be between -1000 and 1000");
  }
  if (auto scheduler = node.member("scheduler")) {
    process.scheduler = Scheduler{.policy = scheduler->required("policy").text(),
                                  .nice = integerOf<int32_t>(*scheduler, "nice"),
                                  .priority = integerOf<int32_t>(*scheduler, "priority"),
                                  .flags = textsOf(*scheduler, "flags"),
                                  .runtime = integerOf<uint64_t>(*scheduler, "runtime"),
                                  .deadline = integerOf<uint64_t>(*scheduler, "deadline"),
                                  .period = integerOf<uint64_t>(*scheduler, "period")};
  }
  if (auto priority = node.member("ioPriority")) {
    process.ioPriority = IoPriority{priority->required("class").text(), integerOf<int>(*priority, "priority")};
    if (process.ioPriority->priority < 0 || process.ioPriority->priority > 7)
      refuse(priority->path() + ".priority", "must be between 0 and 7");
  }
  return process;
}

std::vector<IdMapping> parseIdMappings(const Node& node, const char* name) {
  return listOf(node, name, [](const Node& entry) {
    return IdMapping{entry.required("containerID").integer<uint32_t>(), entry.required("hostID").integer<uint32_t>(),
                     entry.required("size").integer<uint32_t>()};
  });
}

Mount parseMount(const Node& node) {
  Mount mount;
  mount.destination = node.required("destination").text();
  if (mount.destination.empty()) refuse(node.path() + ".destination", "must not be empty");
  /* the specification once allowed a relative destination, meaning one below the root */
  if (mount.destination.front() != '/') mount.destination.insert(0, 1, '/');
  mount.type = textOf(node, "type");
  mount.source = textOf(node, "source");
  mount.options = textsOf(node, "options");
  mount.uidMappings = parseIdMappings(node, "uidMappings");
  mount.gidMappings = parseIdMappings(node, "gidMappings");
  if (mount.uidMappings.empty() != mount.gidMappings.empty())
    refuse(node.path(), "uidMappings and gidMappings go together");
  return mount;
}

Hook parseHook(const Node& node) {
  Hook hook;
  hook.path = absolutePath(node.required("path"));
  hook.args = textsOf(node, "args");
  hook.env = textsOf(node, "env");
  if (auto timeout = node.member("timeout")) {
    hook.timeoutSeconds = timeout->integer<int>();
    if (*hook.timeoutSeconds <= 0) refuse(timeout->path(), "must be greater than zero");
  }
  return hook;
}

Hooks parseHooks(const Node& node) {
  return {listOf(node, "prestart", parseHook),        listOf(node, "createRuntime", parseHook),
          listOf(node, "createContainer", parseHook), listOf(node, "startContainer", parseHook),
          listOf(node, "poststart", parseHook),       listOf(node, "poststop", parseHook)};
}

Device parseDevice(const Node& node) {
  Device device;
  auto type = node.required("type");
  auto text = type.text();
  if (text != "c" && text != "u" && text != "b" && text != "p") refuse(type.path(), "must be c, u, b or p");
  device.type = text.front();
  device.path = absolutePath(node.required("path"));
  device.major = integerOf<int64_t>(node, "major");
  device.minor = integerOf<int64_t>(node, "minor");
  device.fileMode = optionalInteger<uint32_t>(node, "fileMode");
  device.uid = optionalInteger<uint32_t>(node, "uid");
  device.gid = optionalInteger<uint32_t>(node, "gid");
  return device;
}

DeviceRule parseDeviceRule(const Node& node) {
  DeviceRule rule;
  rule.allow = node.required("allow").boolean();
  auto type = textOf(node, "type");
  if (!type.empty() && type != "a" && type != "c" && type != "u" && type != "b")
    refuse(node.path() + ".type", "must be a, b or c");
  rule.type = type.empty() ? 'a' : type == "u" ? 'c' : type.front();
  /* -1 is the wildcard that runc's own configurations write */
  auto number = [&](const char* name) {
    auto value = optionalInteger<int64_t>(node, name);
    return value && *value < 0 ? std::optional<int64_t>{} : value;
  };
  rule.major = number("major");
  rule.minor = number("minor");
  rule.access = textOf(node, "access");
  if (rule.access.find_first_not_of("rwm") != std::string::npos)
    refuse(node.path() + ".access", "may only contain r, w and m");
  return rule;
}

std::vector<ThrottleDevice> parseThrottle(const Node& node, const char* name) {
  return listOf(node, name, [](const Node& entry) {
    return ThrottleDevice{entry.required("major").integer<int64_t>(), entry.required("minor").integer<int64_t>(),
                          entry.required("rate").integer<uint64_t>()};
  });
}

MemoryLimits parseMemory(const Node& node) {
  MemoryLimits memory;
  memory.limit = optionalInteger<int64_t>(node, "limit");
  memory.reservation = optionalInteger<int64_t>(node, "reservation");
  memory.swap = optionalInteger<int64_t>(node, "swap");
  memory.kernel = optionalInteger<int64_t>(node, "kernel");
  memory.kernelTcp = optionalInteger<int64_t>(node, "kernelTCP");
  memory.swappiness = optionalInteger<uint64_t>(node, "swappiness");
  memory.disableOomKiller = optionalBoolean(node, "disableOOMKiller");
  memory.useHierarchy = optionalBoolean(node, "useHierarchy");
  memory.checkBeforeUpdate = optionalBoolean(node, "checkBeforeUpdate");
  return memory;
}

CpuLimits parseCpu(const Node& node) {
  CpuLimits cpu;
  cpu.shares = optionalInteger<uint64_t>(node, "shares");
  cpu.quota = optionalInteger<int64_t>(node, "quota");
  cpu.burst = optionalInteger<uint64_t>(node, "burst");
  cpu.period = optionalInteger<uint64_t>(node, "period");
  cpu.realtimeRuntime = optionalInteger<int64_t>(node, "realtimeRuntime");
  cpu.realtimePeriod = optionalInteger<uint64_t>(node, "realtimePeriod");
  cpu.cpus = textOf(node, "cpus");
  cpu.mems = textOf(node, "mems");
  cpu.idle = optionalInteger<int64_t>(node, "idle");
  return cpu;
}

BlockIoLimits parseBlockIo(const Node& node) {
  BlockIoLimits io;
  io.weight = optionalInteger<uint16_t>(node, "weight");
  io.leafWeight = optionalInteger<uint16_t>(node, "leafWeight");
  io.weightDevice = listOf(node, "weightDevice", [](const Node& entry) {
    return WeightDevice{entry.required("major").integer<int64_t>(), entry.required("minor").integer<int64_t>(),
                        optionalInteger<uint16_t>(entry, "weight"), optionalInteger<uint16_t>(entry, "leafWeight")};
  });
  io.throttleReadBps = parseThrottle(node, "throttleReadBpsDevice");
  io.throttleWriteBps = parseThrottle(node, "throttleWriteBpsDevice");
  io.throttleReadIops = parseThrottle(node, "throttleReadIOPSDevice");
  io.throttleWriteIops = parseThrottle(node, "throttleWriteIOPSDevice");
  return io;
}

Resources parseResourcesNode(const Node& node) {
  Resources resources;
  resources.devices = listOf(node, "devices", parseDeviceRule);
  if (auto memory = node.member("memory")) resources.memory = parseMemory(*memory);
  if (auto cpu = node.member("cpu")) resources.cpu = parseCpu(*cpu);
  if (auto pids = node.member("pids")) resources.pidsLimit = optionalInteger<int64_t>(*pids, "limit");
  if (auto io = node.member("blockIO")) resources.blockIo = parseBlockIo(*io);
  resources.hugepageLimits = listOf(node, "hugepageLimits", [](const Node& entry) {
    return HugepageLimit{entry.required("pageSize").text(), entry.required("limit").integer<uint64_t>()};
  });
  if (auto network = node.member("network")) {
    resources.network.classId = optionalInteger<uint32_t>(*network, "classID");
    resources.network.priorities = listOf(*network, "priorities", [](const Node& entry) {
      return InterfacePriority{entry.required("name").text(), entry.required("priority").integer<uint32_t>()};
    });
  }
  if (auto rdma = node.member("rdma")) {
    resources.rdma = rdma->map([](const Node& entry) {
      return RdmaLimit{optionalInteger<uint32_t>(entry, "hcaHandles"), optionalInteger<uint32_t>(entry, "hcaObjects")};
    });
  }
  if (auto unified = node.member("unified")) resources.unified = unified->map(asText);
  return resources;
}

SeccompRule parseSeccompRule(const Node& node) {
  SeccompRule rule;
  rule.names = node.required("names").list(asText);
  if (rule.names.empty()) refuse(node.path() + ".names", "must name at least one system call");
  rule.action = node.required("action").text();
  rule.errnoRet = optionalInteger<uint32_t>(node, "errnoRet");
  rule.args = listOf(node, "args", [](const Node& entry) {
    SeccompArg argument{entry.required("index").integer<uint32_t>(), entry.required("value").integer<uint64_t>(),
                        integerOf<uint64_t>(entry, "valueTwo"), entry.required("op").text()};
    if (argument.index > 5) refuse(entry.path() + ".index", "must be between 0 and 5");
    return argument;
  });
  return rule;
}

Seccomp parseSeccomp(const Node& node) {
  Seccomp seccomp;
  seccomp.defaultAction = node.required("defaultAction").text();
  seccomp.defaultErrnoRet = optionalInteger<uint32_t>(node, "defaultErrnoRet");
  seccomp.architectures = textsOf(node, "architectures");
  seccomp.flags = textsOf(node, "flags");
  seccomp.listenerPath = textOf(node, "listenerPath");
  seccomp.listenerMetadata = textOf(node, "listenerMetadata");
  seccomp.syscalls = listOf(node, "syscalls", parseSeccompRule);
  return seccomp;
}

Namespace parseNamespace(const Node& node) {
  static constexpr std::array kTypes{"pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"};
  auto type = node.required("type");
  Namespace result{type.text(), textOf(node, "path")};
  if (std::find(kTypes.begin(), kTypes.end(), result.type) == kTypes.end())
    refuse(type.path(), "unknown namespace '" + result.type + "'");
  if (!result.path.empty() && result.path.front() != '/') refuse(node.path() + ".path", "must be an absolute path");
  return result;
}

Linux parseLinux(const Node& node) {
  Linux value;
  value.namespaces = listOf(node, "namespaces", parseNamespace);
  for (auto first = value.namespaces.begin(); first != value.namespaces.end(); ++first) {
    bool twice =
        std::any_of(value.namespaces.begin(), first, [&](const auto& entry) { return entry.type == first->type; });
    if (twice) refuse(node.path() + ".namespaces", "namespace '" + first->type + "' is listed twice");
  }
  value.uidMappings = parseIdMappings(node, "uidMappings");
  value.gidMappings = parseIdMappings(node, "gidMappings");
  if (auto offsets = node.member("timeOffsets")) {
    value.timeOffsets = offsets->map([](const Node& entry) {
      return TimeOffset{integerOf<int64_t>(entry, "secs"), integerOf<uint32_t>(entry, "nanosecs")};
    });
  }
  value.devices = listOf(node, "devices", parseDevice);
  value.cgroupsPath = textOf(node, "cgroupsPath");
  if (auto resources = node.member("resources")) value.resources = parseResourcesNode(*resources);
  if (auto propagation = node.member("rootfsPropagation")) {
    value.rootfsPropagation = propagation->text();
    static constexpr std::array kKinds{"",         "private", "shared", "slave",      "unbindable",
                                       "rprivate", "rshared", "rslave", "runbindable"};
    if (std::find(kKinds.begin(), kKinds.end(), value.rootfsPropagation) == kKinds.end())
      refuse(propagation->path(), "unknown propagation '" + value.rootfsPropagation + "'");
  }
  if (auto seccomp = node.member("seccomp")) value.seccomp = parseSeccomp(*seccomp);
  if (auto sysctl = node.member("sysctl")) value.sysctl = sysctl->map(asText);
  value.maskedPaths = listOf(node, "maskedPaths", absolutePath);
  value.readonlyPaths = listOf(node, "readonlyPaths", absolutePath);
  value.mountLabel = textOf(node, "mountLabel");
  if (auto personality = node.member("personality"))
    value.personality = Personality{personality->required("domain").text()};
  return value;
}

json parseText(std::string_view text, const std::string& what) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    refuse(what, "is not JSON: byte " + std::to_string(error.byte) + " is unexpected");
  }
}

Overlay parseOverlay(const Node& node) {
  Overlay overlay;
  overlay.lower = node.required("lower").list(absolutePath);
  if (overlay.lower.empty()) refuse(node.path() + ".lower", "must have at least one directory");
  overlay.upper = textOf(node, "upper");
  overlay.work = textOf(node, "work");
  overlay.isVolatile = booleanOf(node, "volatile");
  if (overlay.upper.empty() != overlay.work.empty()) refuse(node.path(), "upper and work go together");
  return overlay;
}

void readAnnotations(Spec& spec, const std::string& path) {
  auto find = [&](const char* name) -> const std::string* {
    auto found = spec.annotations.find(name);
    return found == spec.annotations.end() ? nullptr : &found->second;
  };
  if (const auto* text = find("dev.tscompose.overlay")) {
    auto where = path + ".annotations.dev.tscompose.overlay";
    auto value = parseText(*text, where);
    spec.overlay = parseOverlay(Node{value, where});
  }
  if (const auto* text = find("dev.tscompose.init")) spec.init = *text == "true";
  if (const auto* text = find("dev.tscompose.user")) spec.userName = *text;
  if (const auto* text = find("dev.tscompose.groups")) {
    auto where = path + ".annotations.dev.tscompose.groups";
    auto value = parseText(*text, where);
    spec.groupNames = Node{value, where}.list(asText);
  }
  if (const auto* text = find("dev.tscompose.seccompCache")) spec.seccompCache = *text;
}

}  // namespace

const Namespace* Spec::findNamespace(std::string_view type) const {
  for (const auto& entry : linux_.namespaces)
    if (entry.type == type) return &entry;
  return nullptr;
}

Spec parseSpec(std::string_view text) {
  const std::string path = "config.json";
  auto value = parseText(text, path);
  Node node{value, path};
  Spec spec;
  auto version = node.required("ociVersion");
  spec.ociVersion = version.text();
  if (spec.ociVersion.rfind("1.", 0) != 0) refuse(version.path(), "version '" + spec.ociVersion + "' is not supported");
  spec.hostname = textOf(node, "hostname");
  spec.domainname = textOf(node, "domainname");
  auto root = node.required("root");
  spec.root = Root{root.required("path").text(), booleanOf(root, "readonly")};
  if (spec.root.path.empty()) refuse(path + ".root.path", "must not be empty");
  if (auto process = node.member("process")) spec.process = parseProcessNode(*process);
  spec.mounts = listOf(node, "mounts", parseMount);
  if (auto hooks = node.member("hooks")) spec.hooks = parseHooks(*hooks);
  if (auto section = node.member("linux")) spec.linux_ = parseLinux(*section);
  if (auto annotations = node.member("annotations")) spec.annotations = annotations->map(asText);
  readAnnotations(spec, path);
  if (!spec.hostname.empty() && spec.findNamespace("uts") == nullptr)
    refuse(path + ".hostname", "needs a uts namespace");
  return spec;
}

Process parseProcess(std::string_view text) {
  auto value = parseText(text, "process");
  return parseProcessNode(Node{value, "process"});
}

Resources parseResources(std::string_view text) {
  auto value = parseText(text, "resources");
  return parseResourcesNode(Node{value, "resources"});
}

std::string formatState(const Spec& spec, const std::string& id, const std::string& status, pid_t pid,
                        const std::string& bundle) {
  nlohmann::ordered_json state;
  state["ociVersion"] = "1.2.0";
  state["id"] = id;
  state["status"] = status;
  if (pid != 0) state["pid"] = pid;
  state["bundle"] = bundle;
  if (!spec.annotations.empty()) state["annotations"] = spec.annotations;
  return state.dump();
}

}  // namespace tscompose
