#pragma once

#include <sys/types.h>

#include <vector>

#include "core/fd.h"
#include "core/spec.h"

namespace tscompose {

/// Writes the mappings of the user namespace `pid` is the first process of. Throws SysError.
void writeIdMappings(pid_t pid, const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids);
/// A user namespace that exists only to carry mappings for MOUNT_ATTR_IDMAP (mount_setattr(2)). Throws SysError.
UniqueFd makeIdMapNamespace(const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids);

}  // namespace tscompose
