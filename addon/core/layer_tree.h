#pragma once

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/fd.h"
#include "core/layer.h"

namespace tscompose {

/// One entry of a layer's archive, unchecked.
struct LayerEntry {
  enum class Kind { kFile, kDirectory, kSymlink, kHardLink, kNode };
  Kind kind = Kind::kFile;
  std::string path;
  /// Of a symlink or a hard link.
  std::string link;
  mode_t mode = 0;
  int64_t uid = 0;
  int64_t gid = 0;
  timespec modified{};
  int64_t size = 0;
  uint32_t major = 0;
  uint32_t minor = 0;
  std::vector<std::pair<std::string, std::string>> attributes;
};

class LayerTree;

/// A regular file whose content is coming.
class LayerFile {
 public:
  LayerFile(UniqueFd fd, LayerTree& tree, std::string path) : fd_(std::move(fd)), tree_(tree), path_(std::move(path)) {}
  /// Blocks in any order; what lies between them is a hole.
  void write(std::span<const char> bytes, int64_t offset);
  int fd() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }

 private:
  UniqueFd fd_;
  LayerTree& tree_;
  std::string path_;
};

/// The directory that a layer becomes (layer.h says what it promises).
class LayerTree {
 public:
  explicit LayerTree(const UnpackOptions& options);

  /// Makes what the entry says. A regular file is handed out to be filled, and finished then.
  std::optional<LayerFile> add(const LayerEntry& entry);
  void finish(LayerFile& file, const LayerEntry& entry);
  /// Gives the directories their modes and times.
  void finish();

  uint64_t entries() const noexcept { return entries_; }
  uint64_t fileBytes() const noexcept { return fileBytes_; }

 private:
  friend class LayerFile;

  struct Directory {
    std::string path;
    ino_t inode;
    mode_t mode;
    timespec modified;
  };
  struct Place {
    int parent;
    std::string name;
  };

  /// Its mode and time are set at the end: the mode might keep us out, and each entry changes the time. One that the
  /// archive leaves out has the same of both in every unpacking.
  void remember(const std::string& path, ino_t inode, mode_t mode, timespec modified);
  void addDirectory(const LayerEntry& entry, const std::string& path);
  void addWhiteout(const LayerEntry& entry, const Place& place, const std::string& path);
  std::optional<LayerFile> addFile(const LayerEntry& entry, const Place& place, const std::string& path);
  static void startWriteback(int fd, off_t size);
  void addLink(const LayerEntry& entry, const Place& place, const std::string& path);
  void addSpecial(const LayerEntry& entry, const Place& place, const std::string& path);

  Place placeOf(const std::string& path);
  int openParent(const std::string& path);
  UniqueFd open(const std::string& path, int flags) const;
  /// Calls `make` until it does not fail because something stands there.
  template <typename Make>
  void replacing(const Place& place, const std::string& path, const char* syscall, Make make);
  void remove(const Place& place);
  void setOpaque(int directory, const std::string& path) const;
  void setAttributes(const LayerEntry& entry, int fd, const std::string& procPath) const;
  /// `now`: what it is, if that is known: most belong to whom they should already.
  void setOwner(const LayerEntry& entry, const struct stat& now, int fd, const std::string& path) const;
  void setOwner(const LayerEntry& entry, int directory, const char* name, const std::string& path) const;
  void account(uint64_t bytes);
  void checkSpace();

  const UnpackOptions options_;
  UniqueFd root_;
  std::vector<Directory> directories_;
  /// The directory that the last entry was put into: the next one is most often its neighbour.
  std::string parentPath_;
  UniqueFd parent_;
  uint64_t entries_ = 0;
  uint64_t fileBytes_ = 0;
  uint64_t uncheckedBytes_ = 0;
};

}  // namespace tscompose
