#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.h"
#include "core/spec.h"

namespace tscompose {

/// How this machine mounts cgroups (cgroups(7)): every controller in v1, v1 with a v2 tree at `unified`, or v2 only.
enum class CgroupMode { kLegacy, kHybrid, kUnified };

CgroupMode detectCgroupMode();

struct CgroupStatistics {
  uint64_t memoryBytes = 0;       ///< usage without inactive file cache, as `docker stats` counts
  uint64_t memoryLimitBytes = 0;  ///< 0: no limit
  uint64_t memoryPeakBytes = 0;
  uint64_t cpuNanoseconds = 0;
  uint64_t cpuUserNanoseconds = 0;
  uint64_t cpuSystemNanoseconds = 0;
  uint64_t cpuThrottledPeriods = 0;
  uint64_t pids = 0;
  uint64_t pidsLimit = 0;  ///< 0: no limit
  uint64_t ioReadBytes = 0;
  uint64_t ioWriteBytes = 0;
  uint64_t oomKills = 0;
};

/// One container's cgroup in every hierarchy of this machine. A value that names the paths: it does not remove them
/// when it dies. `path` is the OCI cgroupsPath, relative to each hierarchy's mount ("/tscompose/<id>").
class Cgroup {
 public:
  /// Makes the cgroup in every hierarchy and applies `resources`. An existing, empty one is taken over.
  /// Throws SysError, or InputError CGROUP_UNAVAILABLE when a limit needs a controller that is not there.
  /// Nothing is left behind when it throws.
  static Cgroup create(const std::string& path, const Resources& resources);
  /// Names an existing cgroup (or one that is gone: then the queries say empty).
  static Cgroup open(const std::string& path);

  bool exists() const;
  void apply(const Resources& resources);
  /// Moves a process into the v2 hierarchy alone; without one there is nothing to do. With `child` into that cgroup
  /// below this one, which is made where absent and goes with this one: it groups, and limits nothing.
  void attachUnified(pid_t pid, const std::string& child = "") const;
  /// SIGKILL to all that came of what was attached to `child`, wherever it went since; nothing where v2 is not there or
  /// older than Linux 5.14.
  void killUnified(const std::string& child) const;
  /// The v1 files into each of which a process that is to come in writes "0" itself. To move another one, the kernel
  /// waits until no process of the machine forks or ends, which after a quiet while is 10 ms; a thread that moves
  /// itself needs no such wait (cgroup_procs_write_start in the kernel's kernel/cgroup/cgroup.c).
  std::vector<UniqueFd> openForEntering() const;
  /// The v2 directory for clone3(CLONE_INTO_CGROUP); empty on legacy.
  UniqueFd openForClone() const;
  void freeze() const;
  void thaw() const;
  bool frozen() const;
  /// SIGKILL to every process below, complete when it returns (cgroup.kill, or freeze-kill-thaw on v1).
  void kill() const;
  std::vector<pid_t> processes() const;
  /// Removes it and its children in every hierarchy; already gone is success.
  void remove() const;
  CgroupStatistics statistics() const;
  uint64_t oomKills() const;
  /// An fd that becomes readable at an OOM event (v1: eventfd on memory.oom_control; v2: inotify on memory.events);
  /// empty where the memory controller is missing.
  UniqueFd watchOom() const;
  /// Directory per hierarchy, for mounting the container's own view ("cpu" → "/sys/fs/cgroup/cpu/tscompose/<id>").
  std::vector<std::pair<std::string, std::string>> directories() const;
  const std::string& path() const noexcept { return path_; }

 private:
  explicit Cgroup(std::string path);
  std::string path_;
};

}  // namespace tscompose
