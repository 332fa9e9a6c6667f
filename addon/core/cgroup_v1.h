#pragma once

#include <string>

#include "core/spec.h"

/// Limits as the v1 controllers take them. `directory` is the container's cgroup in the controller's hierarchy.
namespace tscompose::cgroup_v1 {

/// A new cpuset has no processors and no memory nodes, and nothing can be attached to it: takes the parent's.
void inheritCpuset(const std::string& directory);

void applyMemory(const std::string& directory, const Resources& resources);
void applyCpu(const std::string& directory, const Resources& resources);
void applyCpuset(const std::string& directory, const Resources& resources);
void applyPids(const std::string& directory, const Resources& resources);
void applyIo(const std::string& directory, const Resources& resources);
void applyHugetlb(const std::string& directory, const Resources& resources);
void applyDevices(const std::string& directory, const Resources& resources);
void applyNetworkClass(const std::string& directory, const Resources& resources);
void applyNetworkPriority(const std::string& directory, const Resources& resources);
void applyRdma(const std::string& directory, const Resources& resources);

}  // namespace tscompose::cgroup_v1
