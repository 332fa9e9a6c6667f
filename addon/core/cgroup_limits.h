#pragma once

#include <string>

#include "core/spec.h"

namespace tscompose {

/// Writes every limit that `resources` asks for into the cgroup at `path` (below each hierarchy's base), in v1 where
/// its controller is mounted there, else in v2. Throws InputError CGROUP_UNAVAILABLE where neither has it.
void applyLimits(const std::string& path, const Resources& resources);

}  // namespace tscompose
