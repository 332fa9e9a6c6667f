#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.h"

namespace tscompose {

/// A process as it may be written down: a pid alone can be reused by another.
struct ProcessIdentity {
  pid_t pid = 0;
  uint64_t startTicks = 0;  ///< field 22 of /proc/<pid>/stat
};

/// Throws SysError (ESRCH when there is no such process).
UniqueFd openPidfd(pid_t pid);
/// A pidfd of exactly this process, empty when it is gone or the pid is another's by now.
std::optional<UniqueFd> openPidfd(const ProcessIdentity& identity);
/// A copy of a descriptor that another process of ours has open (pidfd_getfd(2)). Throws SysError.
UniqueFd copyDescriptor(pid_t pid, int fd);
/// False when the process is gone. Throws SysError for anything else.
bool sendSignal(int pidfd, int signal);

/// What /proc/<pid>/stat says; empty when there is no such process.
struct ProcessStatus {
  char state = '?';  ///< 'Z' is a process that has ended and was not collected
  uint64_t startTicks = 0;
};
std::optional<ProcessStatus> readProcessStatus(pid_t pid);
/// The machine's boot (/proc/sys/kernel/random/boot_id): pid and start time mean nothing in another.
std::string readBootId();

/// Where this process's command line lies in its memory (proc_pid_stat(5), arg_start and arg_end); empty when unknown.
struct ArgumentArea {
  char* start = nullptr;
  size_t length = 0;
};
ArgumentArea argumentArea();
/// Makes these words this process's command line, as `ps` shows it. Without PR_SET_MM_MAP (prctl(2); a kernel without
/// CONFIG_CHECKPOINT_RESTORE) it stays as it is.
void setCommandLine(const std::vector<std::string>& words);

/// Collects our own child and gives its wait status; retries EINTR.
int waitForChild(pid_t pid);
/// Polls the pidfd; false when it has not ended after `timeoutMs` (negative: for ever).
bool waitForExit(int pidfd, int timeoutMs);
/// What a shell reports for a wait status: the exit code, or 128 + signal.
int exitCodeOf(int waitStatus);

/// Number of a signal given as "SIGTERM", "TERM", "15" or "SIGRTMIN+3". Throws InputError INVALID.
int parseSignal(const std::string& text);

/// Makes sure that this executable cannot be written through /proc/<pid>/exe by what it starts (CVE-2019-5736): unless
/// that is so already, executes itself again from a detached read-only mount of its file or, where mounting is not
/// permitted, from a sealed memfd. Call it first in main of every program that enters containers. Throws SysError.
void sealExecutable(char* const argv[]);
/// An executable file as `sealExecutable` would have it, to be executed by descriptor: so a program that is started
/// often need not do it each time. Throws SysError.
UniqueFd sealedExecutable(const std::string& path);

}  // namespace tscompose
