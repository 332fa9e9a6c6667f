#pragma once

#include <string>
#include <vector>

namespace tscompose {

/// A directory that a container on the host's own userland sees empty: its path without leading slash, and its mode.
struct EmptyDirectory {
  const char* path;
  unsigned mode;
  unsigned gid;
};

/// The host's directories that are private or belong to its own services, with what programs expect to find below an
/// empty /var (hier(7)).
const std::vector<EmptyDirectory>& hiddenDirectories();

/// Fills the fresh upper directory of an overlay over "/" so that those directories appear new and empty, and password
/// hashes and host keys not at all (opaque directories and whiteouts, see the kernel's overlayfs documentation). What
/// is there already stays. Throws SysError.
void hideHostDirectories(const std::string& upper);

}  // namespace tscompose
