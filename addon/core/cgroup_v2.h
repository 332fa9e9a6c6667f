#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/spec.h"

/// Limits as the v2 controllers take them, converted from the specification's v1 units. `directory` is the container's
/// cgroup in the v2 tree.
namespace tscompose::cgroup_v2 {

/// cpu.shares (2…262144, 1024 is normal) as cpu.weight (1…10000, 100 is normal): the quadratic fit in logarithms that
/// keeps minimum, normal and maximum in place.
uint64_t weightOfShares(uint64_t shares);
/// blkio weight (10…1000) as io.weight (1…10000), linearly.
uint64_t ioWeightOf(uint64_t blkioWeight);
/// memory.swap.max from the v1 pair: swap alone is memory + swap minus memory. Empty: not to be set. Throws InputError.
std::optional<int64_t> swapWithoutMemory(const MemoryLimits& memory);

/// Hands every controller that `base` has down to the parent of `directory`, level by level.
void enableControllers(const std::string& base, const std::string& directory);

void applyMemory(const std::string& directory, const Resources& resources);
void applyCpu(const std::string& directory, const Resources& resources);
void applyCpuset(const std::string& directory, const Resources& resources);
void applyPids(const std::string& directory, const Resources& resources);
void applyIo(const std::string& directory, const Resources& resources);
void applyHugetlb(const std::string& directory, const Resources& resources);
void applyDevices(const std::string& directory, const Resources& resources);
void applyUnified(const std::string& directory, const Resources& resources);

}  // namespace tscompose::cgroup_v2
