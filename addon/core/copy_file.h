#pragma once

#include <sys/stat.h>

#include <string>

namespace tscompose {

/// What copying a tree and copying single entries of one have in common. All of them throw SysError; `name` is for
/// messages, or relative to `to` where it is a directory.

/// The rest of an open file, in the kernel where it can.
void copyContent(int source, int target, const std::string& name);
/// Extended attributes, overlay's own bookkeeping excepted; a target that cannot hold one goes without it.
void copyAttributes(int from, int to);
/// Of anything but a file or directory that is open; a symlink is not followed.
void setOwnerAndTimes(int to, const std::string& name, const struct stat& status);

}  // namespace tscompose
