#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/cgroup_layout.h"
#include "core/fd.h"

namespace tscompose {

/// The ways out of the cgroups that a process was born in, to the root of each hierarchy.
struct CgroupRoots {
  /// v1: files into each of which the process writes "0" itself while it has one thread (Cgroup::openForEntering).
  std::vector<UniqueFd> v1;
  /// v2, for clone3(CLONE_INTO_CGROUP); empty: it is there already.
  UniqueFd v2;
};

/// Of the hierarchies in whose root this process is not; what is not ours to write is left out. The root needs no
/// removal and may hold processes also in v2: a cgroup of our own could be removed by nobody who stands in it.
CgroupRoots openCgroupRoots();

/// The pure half: the hierarchies in whose root a process with this /proc/<pid>/cgroup is not.
std::vector<const CgroupHierarchy*> hierarchiesAbove(const CgroupLayout& layout, std::string_view ownCgroups);

}  // namespace tscompose
