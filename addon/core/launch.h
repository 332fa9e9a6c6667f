#pragma once

#include <sys/types.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/cgroup.h"
#include "core/fd.h"
#include "core/spec.h"

namespace tscompose {

/// Why a container could not start. `code` is one of the ErrorCode words of src/util/errors.ts; `step` is what the
/// child was doing ("mount", "pivot_root", "exec"); `exitCode` what a shell would report (127 not found, 126 not
/// executable, else 128).
class LaunchError : public std::runtime_error {
 public:
  LaunchError(std::string code, std::string step, int error, const std::string& message);
  const std::string& code() const noexcept { return code_; }
  const std::string& step() const noexcept { return step_; }
  int error() const noexcept { return error_; }
  int exitCode() const noexcept;

 private:
  std::string code_;
  std::string step_;
  int error_;
};

/// What the container's process gets as 0, 1 and 2. Borrowed, the caller closes its own copies. Ignored with a
/// terminal.
struct Stdio {
  int in = 0;
  int out = 1;
  int err = 2;
  /// Pipes are opened again for reading and writing, so that the container can neither be killed by SIGPIPE nor lose
  /// what it wrote when their other end dies: `--adopt` takes them over.
  bool holdPipes = false;
  /// Fds 3, 4, … of the caller that stay open in the process (`--preserve-fds`, LISTEN_FDS).
  unsigned preservedFds = 0;
};

/// A container in OCI state "created": namespaces, root, cgroup and hooks up to createContainer are done, and its
/// process waits for start(). Dropping it without start() kills the process and removes the cgroup.
class Created {
 public:
  Created(Created&&) noexcept;
  Created& operator=(Created&&) noexcept;
  ~Created();

  pid_t pid() const noexcept;
  /// Becomes readable when init exits; wait4(pid) collects it, since init is the caller's own child.
  int pidfd() const noexcept;
  /// Gives the pidfd away.
  UniqueFd takePidfd();
  /// The pty master, when process.terminal; empty otherwise.
  UniqueFd takeConsole();
  const Cgroup& cgroup() const noexcept;
  /// Lets the process exec and returns once it has (startContainer and poststart hooks included). Throws LaunchError;
  /// the process is then gone and the cgroup removed.
  void start();
  /// What was not possible but is no reason to fail (an unknown capability, an oom_score_adj that may not be lowered).
  const std::vector<std::string>& warnings() const noexcept;
  /// For `tscompose-runtime create`: keeps the container in the created state across processes. The order to start
  /// comes through a unix socket made at `socketPath`, to which startDetached connects; the destructor then leaves the
  /// container alone.
  void detach(const std::string& socketPath);

  struct Parts;
  explicit Created(Parts* parts) noexcept;

 private:
  Parts* parts_;
};

/// Makes the container of `bundle` (an absolute directory with config.json, already parsed as `spec`).
/// `id` names it in the OCI state handed to hooks. Throws LaunchError, SysError, InputError; nothing is left behind.
/// `pivot` false enters the root by moving it over "/" where pivot_root cannot work (an initramfs).
Created create(const Spec& spec, const std::string& id, const std::string& bundle, const Stdio& stdio,
               bool pivot = true);

/// Starts a container that another process created and detached: startContainer hooks, exec, poststart hooks. The
/// result lists warnings. Throws LaunchError when it cannot; the process is then gone, its cgroup is not.
std::vector<std::string> startDetached(const Spec& spec, const std::string& id, const std::string& bundle, pid_t pid,
                                       const std::string& socketPath);

/// Runs the poststop hooks; failures are returned as warnings, as the specification asks.
std::vector<std::string> runPoststopHooks(const Spec& spec, const std::string& id, const std::string& bundle);

/// The cgroup the container of `spec` gets: linux.cgroupsPath, or "/<id>".
std::string cgroupPathOf(const Spec& spec, const std::string& id);

struct ExecOptions {
  bool privileged = false;
  std::string user;                     ///< "name[:group]", resolved in the container; empty: process.user
  std::vector<std::string> groupNames;  ///< with `user`
  /// A cgroup below the container's in the v2 hierarchy, so that Cgroup::killUnified reaches all that the process
  /// starts.
  std::string cgroupChild;
};

struct ExecProcess {
  pid_t pid;
  UniqueFd pidfd;
  UniqueFd console;  ///< pty master when process.terminal
};

/// Runs `process` in the namespaces and cgroup of the container whose init is `initPid`, with the container's seccomp,
/// capabilities (all, and no filter, when `privileged`) and LSM settings. The process is the caller's own child (wait4
/// collects it). Returns after exec. Throws LaunchError.
ExecProcess execIn(pid_t initPid, const Spec& spec, const Process& process, const Cgroup& cgroup, const Stdio& stdio,
                   bool privileged);
ExecProcess execIn(pid_t initPid, const Spec& spec, const Process& process, const Cgroup& cgroup, const Stdio& stdio,
                   const ExecOptions& options);

}  // namespace tscompose
