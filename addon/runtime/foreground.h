#pragma once

#include <signal.h>
#include <sys/types.h>

#include "core/fd.h"

namespace tscompose::runtime {

/// Blocks the signals that `run` and `exec` forward, from construction on.
class SignalForwarder {
 public:
  /// Throws SysError.
  SignalForwarder();
  ~SignalForwarder();
  SignalForwarder(const SignalForwarder&) = delete;
  SignalForwarder& operator=(const SignalForwarder&) = delete;

  /// Waits for our child `pid`, forwarding signals to it and, with a `console`, relaying our terminal (in raw mode,
  /// window changes included). Returns what a shell would report. Output is read to its end first.
  int wait(pid_t pid, int pidfd, int console);

 private:
  UniqueFd signals_;
  sigset_t before_{};
};

}  // namespace tscompose::runtime
