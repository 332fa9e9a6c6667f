#pragma once

#include <string>
#include <vector>

#include "core/cgroup.h"
#include "core/rootfs.h"
#include "core/spec.h"

/// The parent's half of the file system: options are parsed, and everything that comes from the host (the root, bind
/// mounts, cgroup views) is cloned as a detached mount with its attributes set before any process of the container
/// exists.
namespace tscompose {

/// One mount's options, sorted by what they are for.
struct MountOptions {
  bool bind = false;
  bool recursiveBind = false;
  bool copyUp = false;
  bool idmap = false;
  bool idmapRecursive = false;
  std::string beneath;  ///< x-tscompose.beneath: the source must be found within this directory
  mount_attr attributes{};
  mount_attr recursive{};
  uint64_t propagation = 0;  ///< MS_SHARED and so on, 0: not said
  bool propagationRecursive = false;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< for the file system itself
};

MountOptions parseMountOptions(const std::vector<std::string>& options);
/// Options `features` lists.
std::vector<std::string> mountOptionNames();

/// Everything assembleRoot needs. `cgroup` is null where the container gets no view of its cgroup. Throws SysError,
/// InputError.
RootPlan planRoot(const Spec& spec, const std::string& bundle, const Cgroup* cgroup);

}  // namespace tscompose
