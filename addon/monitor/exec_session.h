#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/launch.h"
#include "monitor/control.h"
#include "monitor/event_loop.h"
#include "monitor/stdio.h"

namespace tscompose {

/// A process run inside a container, with its stdio: for a client, for nobody (detached), or for a health check.
class ExecSession {
 public:
  struct Target {
    pid_t initPid;
    const Spec& spec;
    const Cgroup& cgroup;
  };
  using OutputHandler = std::function<void(Channel, std::string_view)>;

  /// Starts it. Throws LaunchError, InputError, SysError. Without `onOutput` its stdio is /dev/null.
  ExecSession(EventLoop& loop, const Target& target, const Process& process, const ExecOptions& options, bool withStdin,
              OutputHandler onOutput);
  ~ExecSession();
  ExecSession(const ExecSession&) = delete;
  ExecSession& operator=(const ExecSession&) = delete;

  /// Called once from the loop, when the process has ended and its output was read. May destroy the session.
  void onExit(std::function<void(int exitCode)> handler) { onExit_ = std::move(handler); }
  ProcessStdio& stdio() { return stdio_; }
  pid_t pid() const noexcept { return pid_; }
  /// Whose stream this is; null when detached or the client left.
  void setClient(std::shared_ptr<Connection> client);
  const std::shared_ptr<Connection>& client() const noexcept { return client_; }
  void signal(int number);
  /// Kills it and all that it started after `timeoutMs` unless it has ended; isTimedOut() says so.
  void limit(int64_t timeoutMs);
  bool isTimedOut() const noexcept { return isTimedOut_; }
  /// Waits for the end of a process that is being killed, outside the loop.
  void endNow();

 private:
  void exited();
  void killAll();

  EventLoop& loop_;
  ProcessStdio stdio_;
  pid_t pid_ = 0;
  UniqueFd pidfd_;
  bool isTimedOut_ = false;
  Timer timer_;
  Cgroup cgroup_;
  std::string cgroupChild_;
  std::function<void(int)> onExit_;
  std::shared_ptr<Connection> client_;
};

}  // namespace tscompose
