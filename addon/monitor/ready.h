#pragma once

#include <sys/types.h>

#include <string>

#include "core/error.h"

namespace tscompose {

/// The line that whoever starts a monitor waits for (ReadyLine of src/container/monitor-protocol.ts). `fd` stays open;
/// nobody reading it any more is no failure, where SIGPIPE is ignored or blocked.
void reportStarted(int fd, pid_t pid);
void reportFailure(int fd, const std::string& code, const std::string& step, int error, const std::string& message,
                   int exitCode = 125);
void reportFailure(int fd, const SysError& error);

}  // namespace tscompose
