#include "core/copy_entries.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "core/copy_file.h"
#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"

namespace tscompose {

namespace {

UniqueFd openInRoot(int root, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd{static_cast<int>(::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how))};
  if (!fd) throw SysError(errno, "openat2", path);
  return fd;
}

class EntryMaker {
 public:
  EntryMaker(int root, std::optional<int> sourceRoot) : root_(root), sourceRoot_(sourceRoot) {}

  void make(const TreeEntry& entry) {
    enterParent(entry.target);
    switch (entry.kind) {
      case TreeEntry::Kind::kDirectory:
        return makeDirectory(entry);
      case TreeEntry::Kind::kFile:
        if (entry.atOnce) return makeAtOnce(entry);
        makeRoom(entry);
        return makeFile(entry);
      case TreeEntry::Kind::kOther:
        makeRoom(entry);
        return makeOther(entry);
      case TreeEntry::Kind::kHardLink:
        makeRoom(entry);
        return makeHardLink(entry);
    }
  }

  /// What making entries in a directory has changed of it.
  void finish() {
    for (auto made = directories_.rbegin(); made != directories_.rend(); ++made) {
      const UniqueFd fd = openInRoot(root_, made->first, O_RDONLY | O_DIRECTORY);
      setTimes(fd.get(), made->second, made->first);
    }
  }

 private:
  using Times = std::pair<timespec, timespec>;

  void enterParent(const std::string& target) {
    const size_t slash = target.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : target.substr(0, slash);
    name_ = slash == std::string::npos ? target : target.substr(slash + 1);
    if (parent_ && parent == parentPath_) return;
    parent_ = openInRoot(root_, parent, O_RDONLY | O_DIRECTORY);
    parentPath_ = parent;
  }

  void makeRoom(const TreeEntry& entry) const {
    if (::unlinkat(parent_.get(), name_.c_str(), 0) == 0 || errno == ENOENT) return;
    if (errno == EISDIR) throw InputError("INVALID", "cannot replace the directory /" + entry.target + " with a file");
    throw SysError(errno, "unlinkat", entry.target);
  }

  UniqueFd openSource(const std::string& path, int flags) const {
    if (sourceRoot_) return openInRoot(*sourceRoot_, path, static_cast<uint64_t>(flags));
    UniqueFd source{::open(path.c_str(), flags | O_CLOEXEC)};
    if (!source) throw SysError(errno, "open", path);
    return source;
  }

  void makeDirectory(const TreeEntry& entry) {
    if (::mkdirat(parent_.get(), name_.c_str(), 0700) != 0) {
      if (errno != EEXIST) throw SysError(errno, "mkdirat", entry.target);
      struct stat present {};
      if (::fstatat(parent_.get(), name_.c_str(), &present, AT_SYMLINK_NOFOLLOW) != 0)
        throw SysError(errno, "fstatat", entry.target);
      if (!S_ISDIR(present.st_mode))
        throw InputError("INVALID", "cannot replace the file /" + entry.target + " with a directory");
      if (!entry.updated) return;
    }
    UniqueFd made{::openat(parent_.get(), name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!made) throw SysError(errno, "openat", entry.target);
    struct stat status {};
    status.st_mode = 0755;
    if (!entry.source.empty()) {
      const UniqueFd source = openSource(entry.source, O_RDONLY | O_DIRECTORY);
      if (::fstat(source.get(), &status) != 0) throw SysError(errno, "fstat", entry.source);
      if (entry.attributes) copyAttributes(source.get(), made.get());
    }
    setOwnerAndMode(made.get(), entry, status);
    if (entry.modified || !entry.source.empty()) directories_.emplace_back(entry.target, timesOf(entry, status));
  }

  void makeAtOnce(const TreeEntry& entry) {
    /* always the same name: what a kill leaves is replaced by the next file of that directory */
    const std::string name = std::exchange(name_, ".tscompose-new");
    makeRoom(entry);
    try {
      makeFile(entry);
      if (::renameat(parent_.get(), name_.c_str(), parent_.get(), name.c_str()) != 0) {
        if (errno == EISDIR)
          throw InputError("INVALID", "cannot replace the directory /" + entry.target + " with a file");
        throw SysError(errno, "renameat", entry.target);
      }
    } catch (...) {
      ::unlinkat(parent_.get(), name_.c_str(), 0);
      throw;
    }
  }

  void makeFile(const TreeEntry& entry) const {
    UniqueFd target{::openat(parent_.get(), name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!target) throw SysError(errno, "openat", entry.target);
    struct stat status {};
    status.st_mode = 0644;
    if (entry.source.empty()) {
      writeFully(target.get(), entry.content, entry.target);
      setOwnerAndMode(target.get(), entry, status);
    } else {
      /* without O_NONBLOCK a FIFO that took the file's place would hold us for ever */
      const UniqueFd source = openSource(entry.source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      if (::fstat(source.get(), &status) != 0) throw SysError(errno, "fstat", entry.source);
      if (!S_ISREG(status.st_mode)) throw SysError(ESTALE, "open", entry.source);
      copyContent(source.get(), target.get(), entry.target);
      setOwnerAndMode(target.get(), entry, status);
      if (entry.attributes) copyAttributes(source.get(), target.get());
    }
    if (entry.modified || !entry.source.empty()) setTimes(target.get(), timesOf(entry, status), entry.target);
  }

  void makeOther(const TreeEntry& entry) const {
    const UniqueFd source = openSource(entry.source, O_PATH | O_NOFOLLOW);
    struct stat status {};
    if (::fstat(source.get(), &status) != 0) throw SysError(errno, "fstat", entry.source);
    if (S_ISLNK(status.st_mode)) {
      std::string link(static_cast<size_t>(status.st_size) + 1, '\0');
      const ssize_t length = ::readlinkat(source.get(), "", link.data(), link.size());
      if (length < 0) throw SysError(errno, "readlink", entry.source);
      link.resize(static_cast<size_t>(length));
      if (::symlinkat(link.c_str(), parent_.get(), name_.c_str()) != 0)
        throw SysError(errno, "symlinkat", entry.target);
    } else if (S_ISSOCK(status.st_mode)) {
      return; /* a socket is nothing without its process */
    } else if (::mknodat(parent_.get(), name_.c_str(), status.st_mode, status.st_rdev) != 0) {
      throw SysError(errno, "mknodat", entry.target);
    }
    const mode_t mode = entry.mode.value_or(status.st_mode & 07777);
    status.st_uid = entry.uid.value_or(status.st_uid);
    status.st_gid = entry.gid.value_or(status.st_gid);
    if (entry.modified) status.st_mtim = timespec{*entry.modified, 0};
    setOwnerAndTimes(parent_.get(), name_, status);
    if (!S_ISLNK(status.st_mode) && ::fchmodat(parent_.get(), name_.c_str(), mode, 0) != 0)
      throw SysError(errno, "fchmodat", entry.target);
  }

  void makeHardLink(const TreeEntry& entry) const {
    const UniqueFd source = openInRoot(root_, entry.source, O_PATH | O_NOFOLLOW);
    if (::linkat(source.get(), "", parent_.get(), name_.c_str(), AT_EMPTY_PATH) != 0)
      throw SysError(errno, "linkat", entry.target);
  }

  static void setOwnerAndMode(int fd, const TreeEntry& entry, const struct stat& status) {
    if (::fchown(fd, entry.uid.value_or(status.st_uid), entry.gid.value_or(status.st_gid)) != 0)
      throw SysError(errno, "fchown", entry.target);
    /* chown clears set-user-ID, set-group-ID and capabilities (chown(2)), so they come after it */
    if (::fchmod(fd, entry.mode.value_or(status.st_mode & 07777)) != 0) throw SysError(errno, "fchmod", entry.target);
  }

  static Times timesOf(const TreeEntry& entry, const struct stat& status) {
    const timespec modified = entry.modified ? timespec{*entry.modified, 0} : status.st_mtim;
    return {modified, modified};
  }

  static void setTimes(int fd, const Times& times, const std::string& name) {
    const timespec both[2] = {times.first, times.second};
    if (::futimens(fd, both) != 0) throw SysError(errno, "futimens", name);
  }

  int root_;
  std::optional<int> sourceRoot_;
  UniqueFd parent_;
  std::string parentPath_;
  std::string name_;
  std::vector<std::pair<std::string, Times>> directories_;
};

}  // namespace

void copyEntries(int root, const std::vector<TreeEntry>& entries, std::optional<int> sourceRoot,
                 const std::atomic<bool>& cancelled) {
  EntryMaker maker{root, sourceRoot};
  for (const TreeEntry& entry : entries) {
    if (cancelled) throw SysError(ECANCELED, "copy", entry.target);
    maker.make(entry);
  }
  maker.finish();
}

}  // namespace tscompose
