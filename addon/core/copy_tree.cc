#include "core/copy_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <utility>

#include "core/copy_file.h"
#include "core/error.h"
#include "core/fd.h"
#include "core/overlay.h"

namespace tscompose {

UniqueFd openLayers(const std::vector<std::string>& layers, const std::string& work) {
  UniqueFd merged;
  if (layers.size() > 1 && work.empty()) {
    merged = makeOverlay({layers, "", ""}, layers.front());
  } else if (layers.size() > 1) {
    merged = makeOverlay({{layers.begin() + 1, layers.end()}, layers.front(), work}, layers.front());
  }
  UniqueFd root{merged ? ::openat(merged.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                       : ::open(layers.front().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!root) throw SysError(errno, "open", layers.front());
  return root;
}

namespace {

UniqueFd openInRoot(int root, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd{static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how))};
}

class TreeCopier {
 public:
  void copyDirectory(int from, int to) {
    struct stat status {};
    if (::fstat(from, &status) != 0) throw SysError(errno, "fstat");
    copyEntries(from, to);
    // After the entries: making them changes the times, and the mode may forbid it.
    copyAttributes(from, to);
    if (::fchown(to, status.st_uid, status.st_gid) != 0) throw SysError(errno, "fchown");
    if (::fchmod(to, status.st_mode & 07777) != 0) throw SysError(errno, "fchmod");
    const timespec times[2] = {status.st_atim, status.st_mtim};
    if (::futimens(to, times) != 0) throw SysError(errno, "futimens");
  }

 private:
  void copyEntries(int from, int to) {
    // fdopendir takes the fd over and moves its offset, so it gets one of its own.
    UniqueFd own{::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!own) throw SysError(errno, "openat");
    std::unique_ptr<DIR, int (*)(DIR*)> entries{::fdopendir(own.get()), ::closedir};
    if (!entries) throw SysError(errno, "fdopendir");
    (void)own.release();
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(entries.get());
      if (entry == nullptr) {
        if (errno != 0) throw SysError(errno, "readdir");
        return;
      }
      const std::string name = entry->d_name;
      if (name != "." && name != "..") copyEntry(from, to, name);
    }
  }

  void copyEntry(int from, int to, const std::string& name) {
    struct stat status {};
    if (::fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) throw SysError(errno, "fstatat", name);
    if (S_ISDIR(status.st_mode)) {
      if (::mkdirat(to, name.c_str(), 0700) != 0 && errno != EEXIST) throw SysError(errno, "mkdirat", name);
      UniqueFd source = openDirectory(from, name);
      UniqueFd target = openDirectory(to, name);
      copyDirectory(source.get(), target.get());
      return;
    }
    if (linkToEarlier(status, to, name)) return;
    if (S_ISREG(status.st_mode)) {
      copyFile(from, to, name, status);
    } else if (S_ISLNK(status.st_mode)) {
      copySymlink(from, to, name, status);
    } else {
      if (::mknodat(to, name.c_str(), status.st_mode, status.st_rdev) != 0) throw SysError(errno, "mknodat", name);
      setOwnerAndTimes(to, name, status);
      if (::fchmodat(to, name.c_str(), status.st_mode & 07777, 0) != 0) throw SysError(errno, "fchmodat", name);
    }
    if (status.st_nlink > 1) earlier_.emplace(std::pair{status.st_dev, status.st_ino}, reopen(to, name));
  }

  static UniqueFd openDirectory(int parent, const std::string& name) {
    UniqueFd fd{::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!fd) throw SysError(errno, "openat", name);
    return fd;
  }

  static UniqueFd reopen(int parent, const std::string& name) {
    UniqueFd fd{::openat(parent, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    if (!fd) throw SysError(errno, "openat", name);
    return fd;
  }

  /// True when a name of the same file was copied before; `name` becomes a hard link to that copy.
  bool linkToEarlier(const struct stat& status, int to, const std::string& name) {
    if (status.st_nlink < 2) return false;
    const auto found = earlier_.find({status.st_dev, status.st_ino});
    if (found == earlier_.end()) return false;
    if (::linkat(found->second.get(), "", to, name.c_str(), AT_EMPTY_PATH) != 0) throw SysError(errno, "linkat", name);
    return true;
  }

  static void copyFile(int from, int to, const std::string& name, const struct stat& status) {
    UniqueFd source{::openat(from, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
    if (!source) throw SysError(errno, "openat", name);
    UniqueFd target{::openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!target) throw SysError(errno, "openat", name);
    copyContent(source.get(), target.get(), name);
    if (::fchown(target.get(), status.st_uid, status.st_gid) != 0) throw SysError(errno, "fchown", name);
    // chown clears set-user-ID, set-group-ID and capabilities (chown(2)), so they come after it.
    if (::fchmod(target.get(), status.st_mode & 07777) != 0) throw SysError(errno, "fchmod", name);
    copyAttributes(source.get(), target.get());
    const timespec times[2] = {status.st_atim, status.st_mtim};
    if (::futimens(target.get(), times) != 0) throw SysError(errno, "futimens", name);
  }

  static void copySymlink(int from, int to, const std::string& name, const struct stat& status) {
    std::string target(static_cast<size_t>(status.st_size) + 1, '\0');
    const ssize_t length = ::readlinkat(from, name.c_str(), target.data(), target.size());
    if (length < 0) throw SysError(errno, "readlinkat", name);
    target.resize(static_cast<size_t>(length));
    if (::symlinkat(target.c_str(), to, name.c_str()) != 0) throw SysError(errno, "symlinkat", name);
    setOwnerAndTimes(to, name, status);
  }

  std::map<std::pair<dev_t, ino_t>, UniqueFd> earlier_;
};

}  // namespace

bool copyFromLayers(const std::vector<std::string>& layers, const std::string& path, const std::string& destination) {
  const UniqueFd root = openLayers(layers);
  const UniqueFd source = openInRoot(root.get(), path);
  if (!source) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw SysError(errno, "openat2", path);
  }
  UniqueFd target{::open(destination.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!target) throw SysError(errno, "open", destination);
  TreeCopier{}.copyDirectory(source.get(), target.get());
  return true;
}

}  // namespace tscompose
