#pragma once

#include <sys/types.h>

namespace tscompose {

/// Pid 1 of a container with `init: true`: forwards every signal to `child`, collects whatever is reparented to it, and
/// exits as `child` did (128 + signal). Runs in a cloned process: no allocation, no return. All signals must be
/// blocked.
[[noreturn]] void runInit(pid_t child) noexcept;

}  // namespace tscompose
