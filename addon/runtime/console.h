#pragma once

#include <sys/types.h>

#include <string>

#include "core/fd.h"

namespace tscompose::runtime {

/// Hands the pty master to whoever listens at `socketPath` (the OCI console socket). Throws SysError.
void sendConsole(const std::string& socketPath, const UniqueFd& master);

/// Stays in the foreground for a process of ours until it ends: signals are passed on to it, and with a `console` our
/// terminal is put in raw mode and copied both ways. Returns its exit code.
int attend(pid_t pid, int pidfd, UniqueFd console);

}  // namespace tscompose::runtime
