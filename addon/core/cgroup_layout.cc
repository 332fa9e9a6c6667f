#include "core/cgroup_layout.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "core/error.h"
#include "core/file.h"

namespace tscompose {

namespace {

constexpr std::string_view kMountRoot = "/sys/fs/cgroup";

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool isController(const std::string& option) {
  static const std::vector<std::string> known{"cpu",        "cpuacct", "cpuset",  "memory", "devices",
                                              "freezer",    "blkio",   "net_cls", "pids",   "net_prio",
                                              "perf_event", "hugetlb", "rdma",    "misc"};
  return option.starts_with("name=") || std::ranges::find(known, option) != known.end();
}

/// The path of our own cgroup in the v2 tree ("0::/path" in proc_pid_cgroup(5)).
std::string ownV2Path(std::string_view ownCgroups) {
  for (const std::string& line : split(ownCgroups, '\n'))
    if (line.starts_with("0::")) return line.substr(3);
  return "/";
}

}  // namespace

const CgroupHierarchy* CgroupLayout::v1(std::string_view controller) const {
  for (const CgroupHierarchy& hierarchy : hierarchies)
    if (!hierarchy.isV2 && std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end())
      return &hierarchy;
  return nullptr;
}

const CgroupHierarchy* CgroupLayout::v2() const {
  for (const CgroupHierarchy& hierarchy : hierarchies)
    if (hierarchy.isV2) return &hierarchy;
  return nullptr;
}

CgroupLayout parseCgroupLayout(std::string_view mountinfo, std::string_view ownCgroups) {
  CgroupLayout layout;
  for (const std::string& line : split(mountinfo, '\n')) {
    // proc_pid_mountinfo(5): id parent dev root mountpoint options … - fstype source superoptions
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = std::ranges::find(fields, "-");
    if (fields.size() < 6 || fields.end() - dash < 4) continue;
    const std::string& type = dash[1];
    const std::string& mount = fields[4];
    if ((type != "cgroup" && type != "cgroup2") || !mount.starts_with(kMountRoot)) continue;
    CgroupHierarchy hierarchy;
    hierarchy.mount = mount;
    hierarchy.base = mount;
    hierarchy.name = mount.size() > kMountRoot.size() ? mount.substr(kMountRoot.size() + 1) : "";
    hierarchy.isV2 = type == "cgroup2";
    if (hierarchy.isV2) {
      if (layout.v2() != nullptr) continue;
    } else {
      for (std::string& option : split(dash[3], ','))
        if (isController(option)) hierarchy.controllers.push_back(std::move(option));
      if (hierarchy.controllers.empty() || layout.v1(hierarchy.controllers.front()) != nullptr) continue;
    }
    layout.hierarchies.push_back(std::move(hierarchy));
  }
  const bool hasV2 = layout.v2() != nullptr;
  if (hasV2 && layout.hierarchies.size() == 1)
    layout.mode = CgroupMode::kUnified;
  else
    layout.mode = hasV2 ? CgroupMode::kHybrid : CgroupMode::kLegacy;
  for (CgroupHierarchy& hierarchy : layout.hierarchies) {
    if (!hierarchy.isV2 || ::access(hierarchy.mount.c_str(), W_OK) == 0) continue;
    const std::string own = ownV2Path(ownCgroups);
    if (own != "/") hierarchy.base = hierarchy.mount + own;
  }
  return layout;
}

const CgroupLayout& cgroupLayout() {
  static const CgroupLayout layout =
      parseCgroupLayout(readFile("/proc/self/mountinfo"), readFileIfExists("/proc/self/cgroup").value_or(""));
  return layout;
}

bool isDirectory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool isRefused(int error) { return error == EACCES || error == EPERM || error == EROFS; }

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

bool fileExists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

namespace {
uint64_t parseCounter(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// A cgroup file that may be gone, or belong to a cgroup that is just being removed (ENODEV).
std::string readQuietly(const std::string& path) {
  try {
    return readFileIfExists(path).value_or("");
  } catch (const SysError&) {
    return {};
  }
}
}  // namespace

uint64_t readCounter(const std::string& path) { return parseCounter(readQuietly(path)); }

uint64_t readKeyedCounter(const std::string& path, std::string_view key) {
  const std::string text = readQuietly(path);
  for (size_t at = 0; at < text.size();) {
    const std::string_view line = std::string_view(text).substr(at, text.find('\n', at) - at);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ')
      return parseCounter(line.substr(key.size() + 1));
    at += line.size() + 1;
  }
  return 0;
}

void throwUnavailable(const std::string& key, const std::string& controller) {
  throw InputError("CGROUP_UNAVAILABLE",
                   key + " needs the cgroup controller " + controller + ", which is not available here");
}

}  // namespace tscompose
