#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/cgroup.h"

/// Internals that the files of cgroups share.
namespace tscompose {

/// One mounted hierarchy.
struct CgroupHierarchy {
  std::string mount;                     ///< "/sys/fs/cgroup/cpu,cpuacct"
  std::string name;                      ///< last part of `mount` below /sys/fs/cgroup; empty for v2 only
  std::vector<std::string> controllers;  ///< of v1; empty for the v2 tree, whose files say them
  bool isV2 = false;
  /// Where our paths begin: `mount`, or our own cgroup below it where the root is not ours to write.
  std::string base;
};

struct CgroupLayout {
  CgroupMode mode = CgroupMode::kLegacy;
  std::vector<CgroupHierarchy> hierarchies;

  const CgroupHierarchy* v1(std::string_view controller) const;
  const CgroupHierarchy* v2() const;
};

/// What this process sees; read once (mounts of cgroups do not move under a running system).
const CgroupLayout& cgroupLayout();

/// Pure halves of the above, for tests.
CgroupLayout parseCgroupLayout(std::string_view mountinfo, std::string_view ownCgroups);

bool isDirectory(const std::string& path);
/// Whether an errno says that the hierarchy is not ours to write.
bool isRefused(int error);
/// Without the line ends that every cgroup file closes with.
std::string trimmed(std::string text);
/// Whether a limit can exist: the file is there.
bool fileExists(const std::string& path);
/// The number in a cgroup file; 0 when the file is missing or says "max".
uint64_t readCounter(const std::string& path);
/// The number after `key` in a "key value" file.
uint64_t readKeyedCounter(const std::string& path, std::string_view key);
[[noreturn]] void throwUnavailable(const std::string& key, const std::string& controller);

}  // namespace tscompose
