#pragma once

#include <string>

#include "core/fd.h"
#include "core/spec.h"

namespace tscompose {

/// The overlay as a detached mount: made here it is charged with the caller's right to the layers, also when the
/// container has a user namespace of its own, and no mount table but the container's ever shows it. `place` is a
/// directory: a kernel before Linux 6.7 mounts there, where nobody else sees it. Throws SysError, InputError LIMIT.
UniqueFd makeOverlay(const Overlay& overlay, const std::string& place);

}  // namespace tscompose
