#pragma once

#include <atomic>
#include <optional>
#include <string>

namespace tscompose {

/// The first path below which two directories differ in kind, mode, owner, size, time, number of links, device, link
/// target, extended attributes or content; empty when in none. Of the root itself, which few archives describe, only
/// whether it hides what is below it counts; of a whiteout only that it is one; of attributes those that an archive
/// keeps. Throws SysError, ECANCELED soon after `cancelled` is set.
std::optional<std::string> compareTrees(const std::string& left, const std::string& right,
                                        const std::atomic<bool>& cancelled);

}  // namespace tscompose
