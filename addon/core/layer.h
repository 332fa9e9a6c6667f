#pragma once

#include <cstdint>
#include <string>

#include "core/growing_file.h"

namespace tscompose {

struct UnpackOptions {
  /// An empty directory, which becomes the root of the layer.
  std::string target;
  /// Whether the whole machine is ours: owners, devices and trusted attributes can be set. Otherwise what may not be
  /// set is left out, and `user.overlay.` stands for `trusted.overlay.`.
  bool isPrivileged = true;
  uint64_t maxEntries = 0;
  /// Free space that must remain on the disk.
  uint64_t reserveBytes = 0;
};

struct UnpackResult {
  /// Of the blob as it is, and of the archive in it.
  std::string blobDigest;
  std::string diffId;
  uint64_t archiveBytes = 0;
  uint64_t entries = 0;
  /// Of the files.
  uint64_t fileBytes = 0;
};

/// Unpacks the layer (OCI image-spec, layer.md) that `blob` is becoming into `options.target`, in the form that
/// overlayfs wants: whiteouts are character devices 0:0, opaque directories have an attribute.
///
/// - Nothing outside of the target is reached or changed, whatever the archive says: each path is resolved by the
/// kernel
///   with the target as root directory, and the last component is never followed.
/// - Owners, modes, times, attributes, capabilities, hard links, devices and holes are kept.
/// - What overlayfs gives a meaning to (`trusted.overlay.`, `user.overlay.`) is taken from no archive.
///
/// Throws InputError (INVALID, LIMIT, NO_SPACE) for what the archive does wrong, SysError, Cancelled. What was unpacked
/// until then stays, for the caller to remove.
UnpackResult unpackLayer(GrowingFile& blob, const UnpackOptions& options);

/// The same without unpacking: what the digests are.
UnpackResult digestLayer(GrowingFile& blob);

}  // namespace tscompose
