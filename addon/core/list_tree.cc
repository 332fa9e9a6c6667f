#include "core/list_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"

namespace tscompose {

namespace {

class Lister {
 public:
  explicit Lister(const std::atomic<bool>& cancelled) : cancelled_(cancelled) {}

  void list(int root, const std::string& path) {
    UniqueFd place = openInRoot(root, path.empty() ? "." : path, O_PATH | O_NOFOLLOW);
    struct stat status {};
    if (::fstat(place.get(), &status) != 0) throw SysError(errno, "fstat", path);
    add("", status);
    if (!S_ISDIR(status.st_mode)) return;
    UniqueFd directory{::openat(place.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!directory) throw SysError(errno, "openat", path);
    listDirectory(std::move(directory), "");
  }

  std::vector<FoundEntry> found;

 private:
  void listDirectory(UniqueFd directory, const std::string& path) {
    const int fd = directory.get();
    std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(fd), ::closedir};
    if (!stream) throw SysError(errno, "fdopendir", path);
    (void)directory.release();
    for (const std::string& name : namesOf(stream.get(), path)) {
      if (cancelled_) throw SysError(ECANCELED, "list", path);
      struct stat status {};
      const std::string place = path.empty() ? name : path + "/" + name;
      if (::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue; /* removed meanwhile */
        throw SysError(errno, "fstatat", place);
      }
      if (S_ISSOCK(status.st_mode)) continue;
      add(place, status);
      if (!S_ISDIR(status.st_mode)) continue;
      UniqueFd below{::openat(fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
      if (!below) throw SysError(errno, "openat", place);
      listDirectory(std::move(below), place);
    }
  }

  static std::vector<std::string> namesOf(DIR* stream, const std::string& path) {
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream);
      if (entry == nullptr) {
        if (errno != 0) throw SysError(errno, "readdir", path);
        break;
      }
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void add(const std::string& path, const struct stat& status) {
    FoundEntry entry;
    entry.path = path;
    entry.kind = S_ISDIR(status.st_mode)   ? FoundEntry::Kind::kDirectory
                 : S_ISREG(status.st_mode) ? FoundEntry::Kind::kFile
                                           : FoundEntry::Kind::kOther;
    if (S_ISREG(status.st_mode) && status.st_nlink > 1) entry.identity = {status.st_dev, status.st_ino};
    found.push_back(std::move(entry));
  }

  const std::atomic<bool>& cancelled_;
};

}  // namespace

std::vector<FoundEntry> listTree(int root, const std::string& path, const std::atomic<bool>& cancelled) {
  Lister lister{cancelled};
  lister.list(root, path);
  return std::move(lister.found);
}

}  // namespace tscompose
