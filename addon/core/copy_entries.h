#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tscompose {

/// One entry to be made in a tree.
struct TreeEntry {
  enum class Kind {
    kDirectory,  ///< one that is there stays as it is, unless it is `updated`
    kFile,
    kOther,     ///< a symlink, device or FIFO like `source`
    kHardLink,  ///< to the entry at `source`, a path in the tree
  };
  Kind kind = Kind::kFile;
  /// Relative to the root; its parent exists.
  std::string target;
  /// What it is copied from; empty: `content`, or a new directory.
  std::string source;
  std::string content;
  /// Absent: the source's.
  std::optional<mode_t> mode;
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  /// Seconds; absent: the source's, or now.
  std::optional<int64_t> modified;
  /// Of a file: written beside and renamed, so that who reads it meanwhile finds the old content or the new.
  bool atOnce = false;
  /// Whether the source's extended attributes are copied too.
  bool attributes = true;
  /// Of a directory that is there: it takes over what a new one would have.
  bool updated = false;
};

/// Makes `entries` below the directory `root`, in their order, replacing what is no directory. Owners, modes, times,
/// holes and extended attributes are kept unless an entry says otherwise; times of new directories are set last. Paths
/// are resolved inside the root, and sources inside the directory `sourceRoot`, if one is given, whatever somebody
/// makes of that tree meanwhile. Throws SysError, InputError INVALID where a file would replace a directory or the
/// other way round, and ECANCELED soon after `cancelled` is set; what was made until then stays.
void copyEntries(int root, const std::vector<TreeEntry>& entries, std::optional<int> sourceRoot,
                 const std::atomic<bool>& cancelled);

}  // namespace tscompose
