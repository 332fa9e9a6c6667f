#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.h"

namespace tscompose {

struct DaemonOptions {
  std::string file;
  /// When it is a descriptor, this is executed, and `file` is only its name.
  int executable = -1;
  std::vector<std::string> arguments;  ///< without the name
  std::string directory = "/";
  std::vector<std::string> environment;
  /// When it is a descriptor, what the process prints goes there.
  int output = -1;
  /// Whether it leaves the caller's cgroups for the roots (core/cgroup_roots.h): it outlives what its caller belongs
  /// to.
  bool leavesCgroups = false;
};

/// Starts a process in a new session, with stdio on /dev/null and `inherited` as its only other descriptor; "{fd}" in
/// an argument becomes its number. The process belongs to init, not to the caller, so it needs no wait4. Throws
/// SysError also when exec fails. Costs a vfork: nothing of the caller is copied.
void spawnDetached(const DaemonOptions& options, int inherited);

/// The same with the write end of a pipe; returns the read end.
UniqueFd spawnDetached(const DaemonOptions& options);

/// Start time in clock ticks since boot (field 22 of /proc/<pid>/stat); nothing when there is no such process.
/// `isZombie` tells whether it has ended and waits to be collected.
struct ProcessStart {
  uint64_t ticks;
  bool isZombie;
};
std::optional<ProcessStart> processStart(pid_t pid);

/// A pidfd of exactly that process; empty when it is gone. Throws SysError.
UniqueFd openProcess(pid_t pid, uint64_t startTicks);

}  // namespace tscompose
