#include "core/mounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/file.h"
#include "core/idmap.h"
#include "core/overlay.h"

namespace tscompose {

namespace {

struct AttributeOption {
  const char* name;
  uint64_t set;
  uint64_t clear;
};

/* access time is one field of several values, so setting it clears the field (mount_setattr(2)) */
constexpr std::array<AttributeOption, 17> kAttributes{{
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"atime", 0, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"norelatime", 0, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
}};

struct PropagationOption {
  const char* name;
  uint64_t flag;
  bool recursive;
};

constexpr std::array<PropagationOption, 8> kPropagations{{{"private", MS_PRIVATE, false},
                                                          {"rprivate", MS_PRIVATE, true},
                                                          {"shared", MS_SHARED, false},
                                                          {"rshared", MS_SHARED, true},
                                                          {"slave", MS_SLAVE, false},
                                                          {"rslave", MS_SLAVE, true},
                                                          {"unbindable", MS_UNBINDABLE, false},
                                                          {"runbindable", MS_UNBINDABLE, true}}};

/* words of mount(8) that need nothing done */
constexpr std::array kIgnored{"defaults",   "async",         "nomand",     "loud",   "silent",
                              "noiversion", "nostrictatime", "nolazytime", "remount"};

void addAttribute(mount_attr& attributes, const AttributeOption& option) {
  attributes.attr_set &= ~(option.clear | option.set);
  attributes.attr_clr |= option.clear;
  attributes.attr_set |= option.set;
  /* a flag that is set needs no clearing, but the access time field must be cleared to be set */
  attributes.attr_clr &= ~(option.set & ~static_cast<uint64_t>(MOUNT_ATTR__ATIME));
}

const AttributeOption* findAttribute(std::string_view name) {
  for (const auto& option : kAttributes)
    if (name == option.name) return &option;
  return nullptr;
}

constexpr std::string_view kBeneath = "x-tscompose.beneath=";

void applyAttributes(int tree, const mount_attr& attributes, unsigned flags, const std::string& subject) {
  if (attributes.attr_set == 0 && attributes.attr_clr == 0 && attributes.propagation == 0) return;
  mount_attr copy = attributes;
  if (::mount_setattr(tree, "", AT_EMPTY_PATH | flags, &copy, sizeof copy) != 0)
    throw SysError(errno, "mount_setattr", subject);
}

std::string normalize(const std::string& path) {
  auto text = std::filesystem::path{path}.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

bool isBelow(const std::string& path, std::string_view directory) {
  return path.size() > directory.size() && path.compare(0, directory.size(), directory) == 0 &&
         path[directory.size()] == '/';
}

/// /proc is the kernel's word about the container: only what lxcfs and the like replace may be covered
/// (CVE-2019-16884).
void checkDestination(const Mount& mount, const std::string& destination, const MountOptions& options) {
  static constexpr std::array kReplaceable{"/proc/cpuinfo",
                                           "/proc/diskstats",
                                           "/proc/meminfo",
                                           "/proc/stat",
                                           "/proc/swaps",
                                           "/proc/uptime",
                                           "/proc/loadavg",
                                           "/proc/slabinfo",
                                           "/proc/net/dev",
                                           "/proc/sys/kernel/ns_last_pid",
                                           "/proc/sys/crypto/fips_enabled"};
  if (destination == "/") throw InputError("INVALID", "a mount cannot cover the root of the container");
  if (isBelow(destination, "/proc")) {
    if (std::find(kReplaceable.begin(), kReplaceable.end(), destination) == kReplaceable.end())
      throw InputError("INVALID", "cannot mount on " + destination + ": it is inside /proc");
  }
  if (destination == "/proc" && mount.type != "proc") {
    struct statfs info = {};
    bool isProc = options.bind && ::statfs(mount.source.c_str(), &info) == 0 && info.f_type == PROC_SUPER_MAGIC;
    if (!isProc) throw InputError("INVALID", "cannot mount on /proc: the source is not a proc file system");
  }
}

/// A detached copy of the source. A part of a volume belongs to whoever can write to the volume: what its path means is
/// looked up once and within the volume, and exactly that is mounted.
UniqueFd cloneSource(const std::string& source, const MountOptions& options) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (options.recursiveBind ? AT_RECURSIVE : 0U);
  UniqueFd tree;
  if (options.beneath.empty()) {
    tree.reset(::open_tree(AT_FDCWD, source.c_str(), flags));
  } else {
    if (!isBelow(source, options.beneath))
      throw InputError("INVALID", "mount source " + source + " is not below " + options.beneath);
    try {
      const UniqueFd place =
          openBeneath(openDirectory(options.beneath).get(), source.substr(options.beneath.size() + 1));
      tree.reset(::open_tree(place.get(), "", flags | AT_EMPTY_PATH));
    } catch (const SysError& error) {
      if (error.error() != EXDEV) throw;
      throw InputError("INVALID", "mount source " + source + " leads out of " + options.beneath);
    }
  }
  if (!tree) throw SysError(errno, "mount", source);
  return tree;
}

MountStep planBind(const Mount& mount, const Spec& spec, const MountOptions& options, const std::string& source,
                   const std::string& destination) {
  MountStep step;
  step.kind = MountStep::Kind::kTree;
  step.destination = destination;
  step.tree = cloneSource(source, options);
  struct stat info = {};
  if (::fstat(step.tree.get(), &info) != 0) throw SysError(errno, "fstat", source);
  step.isDirectory = S_ISDIR(info.st_mode);
  mount_attr propagation{};
  /* a clone of a shared mount is its peer: unless that was asked for, it must not carry our mounts to the host */
  propagation.propagation = options.propagation != 0 ? options.propagation : uint64_t{MS_PRIVATE};
  bool everywhere = options.propagation == 0 || options.propagationRecursive;
  applyAttributes(step.tree.get(), propagation, everywhere ? AT_RECURSIVE : 0U, destination);
  if (options.idmap || !mount.uidMappings.empty()) {
    const auto& uids = mount.uidMappings.empty() ? spec.linux_.uidMappings : mount.uidMappings;
    const auto& gids = mount.gidMappings.empty() ? spec.linux_.gidMappings : mount.gidMappings;
    if (uids.empty() || gids.empty()) throw InputError("INVALID", "mount " + destination + ": idmap needs mappings");
    auto userNamespace = makeIdMapNamespace(uids, gids);
    mount_attr mapping{};
    mapping.attr_set = MOUNT_ATTR_IDMAP;
    mapping.userns_fd = static_cast<uint64_t>(userNamespace.get());
    applyAttributes(step.tree.get(), mapping, options.idmapRecursive ? AT_RECURSIVE : 0U, destination);
  }
  applyAttributes(step.tree.get(), options.recursive, AT_RECURSIVE, destination);
  applyAttributes(step.tree.get(), options.attributes, 0, destination);
  return step;
}

MountStep planFilesystem(const Mount& mount, const MountOptions& options, const std::string& destination) {
  MountStep step;
  step.kind = MountStep::Kind::kFilesystem;
  step.destination = destination;
  step.type = mount.type;
  step.plainTarget = mount.type == "proc" || mount.type == "sysfs";
  step.attributes = options.attributes;
  step.recursive = options.recursive;
  step.copyUp = options.copyUp;
  step.parameters = options.parameters;
  if (!mount.source.empty()) step.parameters.insert(step.parameters.begin(), {"source", mount.source});
  if (options.propagation != 0) {
    (options.propagationRecursive ? step.recursive : step.attributes).propagation = options.propagation;
  }
  if (mount.type == "tmpfs") {
    step.inheritMode = std::none_of(step.parameters.begin(), step.parameters.end(),
                                    [](const auto& parameter) { return parameter.first == "mode"; });
  }
  return step;
}

MountStep planView(const std::string& directory, const std::string& destination, const MountOptions& options) {
  MountStep step;
  step.kind = MountStep::Kind::kTree;
  step.destination = destination;
  step.tree = UniqueFd{::open_tree(AT_FDCWD, directory.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
  if (!step.tree) throw SysError(errno, "mount", directory);
  auto attributes = options.attributes;
  attributes.propagation = MS_PRIVATE;
  applyAttributes(step.tree.get(), attributes, 0, destination);
  return step;
}

/// The container's own cgroup: on v2 its directory, on v1 a tmpfs with one directory per hierarchy.
void planCgroup(const Cgroup* cgroup, const MountOptions& options, const std::string& destination,
                std::vector<MountStep>& steps) {
  if (cgroup == nullptr) return;
  auto directories = cgroup->directories();
  if (detectCgroupMode() == CgroupMode::kUnified) {
    for (const auto& [name, directory] : directories) steps.push_back(planView(directory, destination, options));
    return;
  }
  MountStep base;
  base.destination = destination;
  base.type = "tmpfs";
  base.parameters = {{"source", "tmpfs"}, {"mode", "755"}};
  base.attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  steps.push_back(std::move(base));
  for (const auto& [name, directory] : directories) {
    if (name == "unified" || name.empty()) continue;
    steps.push_back(planView(directory, destination + "/" + name, options));
  }
}

UniqueFd cloneRoot(const std::string& path) {
  UniqueFd tree{::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | AT_RECURSIVE | OPEN_TREE_CLOEXEC)};
  if (!tree) throw SysError(errno, "open", path);
  mount_attr attributes{};
  attributes.propagation = MS_PRIVATE;
  applyAttributes(tree.get(), attributes, AT_RECURSIVE, path);
  return tree;
}

mode_t typeOf(char type) { return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR; }

std::vector<DeviceNode> planDevices(const Linux& section) {
  struct Default {
    const char* path;
    unsigned major;
    unsigned minor;
  };
  static constexpr std::array<Default, 6> kDefaults{{{"/dev/null", 1, 3},
                                                     {"/dev/zero", 1, 5},
                                                     {"/dev/full", 1, 7},
                                                     {"/dev/random", 1, 8},
                                                     {"/dev/urandom", 1, 9},
                                                     {"/dev/tty", 5, 0}}};
  std::vector<DeviceNode> nodes;
  for (const auto& device : section.devices) {
    nodes.push_back({normalize(device.path), typeOf(device.type) | device.fileMode.value_or(0666),
                     device.type == 'p'
                         ? dev_t{0}
                         : makedev(static_cast<unsigned>(device.major), static_cast<unsigned>(device.minor)),
                     device.uid.value_or(0), device.gid.value_or(0)});
  }
  for (const auto& entry : kDefaults) {
    bool given =
        std::any_of(nodes.begin(), nodes.end(), [&](const DeviceNode& node) { return node.path == entry.path; });
    if (!given) nodes.push_back({entry.path, S_IFCHR | 0666U, makedev(entry.major, entry.minor), 0, 0});
  }
  return nodes;
}

}  // namespace

MountOptions parseMountOptions(const std::vector<std::string>& options) {
  MountOptions result;
  for (const auto& option : options) {
    if (option.empty()) continue;
    if (const auto* attribute = findAttribute(option)) {
      addAttribute(result.attributes, *attribute);
      continue;
    }
    if (option.front() == 'r') {
      if (const auto* attribute = findAttribute(std::string_view{option}.substr(1))) {
        addAttribute(result.recursive, *attribute);
        continue;
      }
    }
    const auto* propagation = std::find_if(kPropagations.begin(), kPropagations.end(),
                                           [&](const auto& entry) { return option == entry.name; });
    if (propagation != kPropagations.end()) {
      result.propagation = propagation->flag;
      result.propagationRecursive = propagation->recursive;
      continue;
    }
    if (option == "bind" || option == "rbind") {
      result.bind = true;
      result.recursiveBind = option == "rbind";
    } else if (option.starts_with(kBeneath)) {
      result.beneath = option.substr(kBeneath.size());
    } else if (option == "tmpcopyup") {
      result.copyUp = true;
    } else if (option == "idmap" || option == "ridmap") {
      result.idmap = true;
      result.idmapRecursive = option == "ridmap";
    } else if (std::find(kIgnored.begin(), kIgnored.end(), option) == kIgnored.end()) {
      auto equals = option.find('=');
      result.parameters.emplace_back(option.substr(0, equals),
                                     equals == std::string::npos ? "" : option.substr(equals + 1));
    }
  }
  return result;
}

std::vector<std::string> mountOptionNames() {
  std::vector<std::string> names{"bind", "rbind", "tmpcopyup", "idmap", "ridmap"};
  for (const auto& option : kAttributes) {
    names.emplace_back(option.name);
    names.push_back(std::string{"r"} + option.name);
  }
  for (const auto& option : kPropagations) names.emplace_back(option.name);
  names.insert(names.end(), kIgnored.begin(), kIgnored.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

RootPlan planRoot(const Spec& spec, const std::string& bundle, const Cgroup* cgroup) {
  RootPlan plan;
  plan.path = spec.root.path.front() == '/' ? spec.root.path : bundle + "/" + spec.root.path;
  struct stat info = {};
  if (::stat(plan.path.c_str(), &info) != 0) throw SysError(errno, "open root", plan.path);
  if (!S_ISDIR(info.st_mode)) throw SysError(ENOTDIR, "open root", plan.path);
  /* an overlay of one directory and nothing to write to is refused by the kernel, and is that directory */
  bool isSingle = spec.overlay && spec.overlay->upper.empty() && spec.overlay->lower.size() == 1;
  if (isSingle)
    plan.tree = cloneRoot(spec.overlay->lower.front());
  else
    plan.tree = spec.overlay ? makeOverlay(*spec.overlay, plan.path) : cloneRoot(plan.path);
  plan.readOnly = spec.root.readonly || (spec.overlay && spec.overlay->upper.empty());

  for (const auto& mount : spec.mounts) {
    auto options = parseMountOptions(mount.options);
    auto destination = normalize(mount.destination);
    bool isBind = options.bind || mount.type == "bind" || mount.type == "rbind";
    if (mount.type == "rbind") options.recursiveBind = true;
    options.bind = isBind;
    checkDestination(mount, destination, options);
    if (isBind) {
      if (destination == "/dev") plan.setUpDev = false;
      auto source = mount.source.empty() || mount.source.front() != '/' ? bundle + "/" + mount.source : mount.source;
      plan.mounts.push_back(planBind(mount, spec, options, source, destination));
    } else if (mount.type == "cgroup" || mount.type == "cgroup2") {
      planCgroup(cgroup, options, destination, plan.mounts);
    } else {
      if (mount.type.empty()) throw InputError("INVALID", "mount " + destination + " has no type");
      plan.mounts.push_back(planFilesystem(mount, options, destination));
    }
  }
  plan.devices = planDevices(spec.linux_);
  plan.maskedPaths = spec.linux_.maskedPaths;
  plan.readonlyPaths = spec.linux_.readonlyPaths;

  const auto& propagation = spec.linux_.rootfsPropagation;
  const auto* found = std::find_if(kPropagations.begin(), kPropagations.end(),
                                   [&](const auto& entry) { return propagation == entry.name; });
  if (found != kPropagations.end()) {
    /* what the container mounts must never come out, so the copies of the caller's mounts are slaves even for shared */
    if (found->flag == MS_PRIVATE || found->flag == MS_UNBINDABLE) plan.callerPropagation = MS_PRIVATE;
    plan.rootPropagation = found->flag;
    plan.rootPropagationRecursive = found->recursive;
  }
  return plan;
}

}  // namespace tscompose
