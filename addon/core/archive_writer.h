#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tscompose {

/// What a tar archive is made of, and how.
struct LayerOptions {
  /// `kDiff`: an overlay's upper directory; its whiteouts and opaque directories become `.wh.` files (OCI image-spec,
  /// layer.md). `kTree`: a file system as it is.
  enum class Form { kDiff, kTree };
  enum class Compression { kNone, kGzip, kZstd };

  Form form = Form::kDiff;
  Compression compression = Compression::kNone;
  /// No time is later than this one (https://reproducible-builds.org/specs/source-date-epoch/).
  std::optional<int64_t> sourceDateEpoch;
  /// Not empty: the first layer is an overlay's upper directory and this its work directory, which nobody else uses
  /// now. overlayfs takes no two lower layers of which one lies below the other, as with the host's own root.
  std::string work;
  /// The one layer itself becomes what the archive unpacks to: times in whole seconds, and nothing that is left out
  /// here stays there (sockets, attributes of overlayfs but that of opaque directories). It is nobody's upper directory
  /// any more.
  bool settles = false;
};

struct LayerSummary {
  /// Of the tar archive.
  std::string diffId;
  uint64_t diffSizeBytes = 0;
  /// Of what was written: the archive, compressed.
  std::string digest;
  uint64_t sizeBytes = 0;
  uint64_t entries = 0;
};

/// Writes the file system made of `layers` (top first; of more than one the merged view) to `output` as a tar archive
/// in pax format. Entries are sorted by name, a directory before what it holds; the root itself has none. Kept are
/// owners, modes, whole seconds of modification times, links, hard links, device nodes, FIFOs, holes and extended
/// attributes but those of overlayfs and of the host's security modules; sockets are left out. Equal trees give equal
/// bytes, wherever and whenever they are read. Throws SysError, ECANCELED soon after `cancelled` is set, and InputError
/// INVALID for what a layer cannot say: a file named `.wh.…`, or an upper directory written with redirect_dir or
/// metacopy.
LayerSummary writeLayer(const std::vector<std::string>& layers, int output, const LayerOptions& options,
                        const std::atomic<bool>& cancelled);

}  // namespace tscompose
