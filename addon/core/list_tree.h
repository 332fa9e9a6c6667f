#pragma once

#include <sys/types.h>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

namespace tscompose {

/// One entry of a tree as it was when it was looked at.
struct FoundEntry {
  enum class Kind { kDirectory, kFile, kOther };
  Kind kind = Kind::kFile;
  /// Relative to where the listing began; empty: that place itself.
  std::string path;
  /// Of a file with several names: what these have in common; else 0, 0.
  std::pair<dev_t, ino_t> identity{};
};

/// What is at `path` inside the directory `root` and below it: a directory before what it holds, names sorted. Every
/// step is taken from a directory that is open, so that whoever changes the tree meanwhile leads the listing nowhere
/// else. A symlink at the end of `path` is an entry and not followed. Sockets are left out. Throws SysError, and
/// ECANCELED soon after `cancelled` is set.
std::vector<FoundEntry> listTree(int root, const std::string& path, const std::atomic<bool>& cancelled);

}  // namespace tscompose
