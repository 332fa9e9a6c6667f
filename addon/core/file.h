#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/fd.h"

namespace tscompose {

/// Reads a whole file. Throws SysError; EFBIG beyond `limitBytes`.
std::string readFile(const std::string& path, size_t limitBytes = 16U << 20U);
/// The same, empty when the file does not exist.
std::optional<std::string> readFileIfExists(const std::string& path);
/// Everything that remains to be read from `fd`.
std::string readAll(int fd, const std::string& name, size_t limitBytes = 16U << 20U);

/// One write(2) of the whole text, as /proc and cgroup files want it. Throws SysError.
void writeControlFile(const std::string& path, std::string_view text);
void writeFully(int fd, std::string_view text, const std::string& name);

/// Writes a file in place, making it with `mode` when missing: whoever has it mounted or open sees the new text.
void writeFile(const std::string& path, std::string_view text, mode_t mode);

/// Whether a replaced file must survive a power cut. What a reboot makes meaningless need not (`kWhileUp`).
enum class Durability { kOnDisk, kWhileUp };

/// Replaces `path` so that a reader, or a crash, sees the old or the new content (write beside, fsync, rename).
void replaceFile(const std::string& path, std::string_view text, mode_t mode,
                 Durability durability = Durability::kOnDisk);

/// mkdir -p. Throws SysError.
void makeDirectories(const std::string& path, mode_t mode);
/// mkdir -p of a directory whose subdirectories have nothing to do with one another. ext4 then spreads them over its
/// block groups (chattr(1), T): making a file is slow in a group in which many were removed in the last minutes.
void makeTopDirectory(const std::string& path, mode_t mode);
/// rm -r that follows no symlink and crosses no mount; absent is success.
void removeTree(const std::string& path);
/// The same of `path` inside the directory `root`, whoever changes that tree meanwhile. The root itself stays.
void removeInRoot(int root, const std::string& path);

UniqueFd openDirectory(const std::string& path);

/// Opens `path` as a process with `root` as its root directory would, so that no symlink or ".." of a hostile tree
/// leads outside (openat2(2), RESOLVE_IN_ROOT; no magic links). Throws SysError.
UniqueFd openInRoot(int root, const std::string& path, int flags);
/// An O_PATH descriptor of what `path` means below `directory`. A symlink or ".." that leads out of it, be it back into
/// it, is refused with EXDEV (RESOLVE_BENEATH). What is found stays the same, whatever becomes of the path.
UniqueFd openBeneath(int directory, const std::string& path);
/// As openInRoot, and the file must be a regular one of at most `limitBytes`: a FIFO planted as /etc/passwd would block
/// us for ever. Empty when it does not exist.
std::optional<std::string> readFileInRoot(int root, const std::string& path, size_t limitBytes = 4U << 20U);

}  // namespace tscompose
