#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.h"

namespace tscompose {

/// Starts `file` in a new session with stdio on /dev/null (what it prints on `output`, when that is a descriptor) and
/// the write end of a pipe as its only other descriptor; "{readyFd}" in an argument becomes its number. Returns the
/// read end. The process belongs to init, not to the caller, so it needs no wait4. Throws SysError also when exec
/// fails. Costs a vfork: nothing of the caller is copied.
UniqueFd spawnDetached(const std::string& file, const std::vector<std::string>& arguments, const std::string& directory,
                       const std::vector<std::string>& environment, int output = -1);

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
