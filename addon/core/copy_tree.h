#pragma once

#include <string>
#include <vector>

#include "core/fd.h"

namespace tscompose {

/// `layers` (top first), merged, as a directory that is mounted nowhere; it vanishes with the fd. With `work` the first
/// one is an overlay's upper directory. Throws SysError.
UniqueFd openLayers(const std::vector<std::string>& layers, const std::string& work = {});

/// Copies what the image made of `layers` (top first) holds below `path` into the existing directory `destination`:
/// owners, modes, times, extended attributes, links, hard links and device nodes kept; `destination` itself takes the
/// owner and mode of `path`. False when the image has no such directory. `path` is resolved inside the image only.
/// Throws SysError; what was copied until then stays.
bool copyFromLayers(const std::vector<std::string>& layers, const std::string& path, const std::string& destination);

}  // namespace tscompose
