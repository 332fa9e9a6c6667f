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

/// Why a container could not start. `code` is one of the ErrorCode words of src/util/errors.ts; `step` is what the child
/// was doing ("mount", "pivot_root", "exec"); `exitCode` what a shell would report (127 not found, 126 not executable, else 128).
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

/// What the container's process gets as 0, 1 and 2. Borrowed, the caller closes its own copies. Ignored with a terminal.
struct Stdio {
  int in;
  int out;
  int err;
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
  /// For `tscompose-runtime create`: keeps the container in the created state across processes through the FIFO
  /// `path`, which `start` opens (runc's exec.fifo protocol); the destructor then leaves it alone.
  void detach(const std::string& fifoPath);

  struct Parts;
  explicit Created(Parts* parts) noexcept;

 private:
  Parts* parts_;
};

/// Makes the container of `bundle` (an absolute directory with config.json, already parsed as `spec`).
/// `id` names it in the OCI state handed to hooks. Throws LaunchError, SysError, InputError; nothing is left behind.
Created create(const Spec& spec, const std::string& id, const std::string& bundle, const Stdio& stdio);

struct ExecProcess {
  pid_t pid;
  UniqueFd pidfd;
  UniqueFd console;  ///< pty master when process.terminal
};

/// Runs `process` in the namespaces and cgroup of the container whose init is `initPid`, with the container's seccomp,
/// capabilities (all when `privileged`) and LSM settings. The process is the caller's own child (wait4 collects it).
/// Returns after exec. Throws LaunchError.
ExecProcess execIn(pid_t initPid, const Spec& spec, const Process& process, const Cgroup& cgroup, const Stdio& stdio,
                   bool privileged);

}  // namespace tscompose
