#include "core/layer_tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string_view>

#include "core/error.h"
#include "core/file.h"

namespace tscompose {

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
/// Of what is written, before the disk is asked again.
constexpr uint64_t kCheckEveryBytes = 64U << 20U;

[[noreturn]] void invalid(const std::string& message) { throw InputError("INVALID", message); }

/// A name for a message: archives may hold anything.
std::string quote(std::string_view path) {
  std::string text = "\"";
  for (const char c : path.substr(0, 200)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == 0x7f) {
      text += '?';
    } else {
      text += c;
    }
  }
  return text + (path.size() > 200 ? "…\"" : "\"");
}

/// `./a//b/../c/` is `a/c`, and an absolute path one below the root. One that leads out of the root is refused.
std::string normalize(const std::string& path, const char* what) {
  std::vector<std::string_view> parts;
  std::string_view rest = path;
  while (!rest.empty()) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      invalid(std::string("the layer has ") + what + " that leads out of the image: " + quote(path));
    } else {
      parts.pop_back();
    }
  }
  std::string result;
  for (const auto part : parts) {
    if (!result.empty()) result += '/';
    result += part;
  }
  if (result.size() >= PATH_MAX) throw InputError("INVALID", "the layer has too long a path: " + quote(path));
  return result;
}

std::string inProc(int fd, const std::string& name = {}) {
  return "/proc/self/fd/" + std::to_string(fd) + (name.empty() ? "" : "/" + name);
}

bool isWhiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0); }

timespec timeOf(const LayerEntry& entry) {
  timespec time = entry.modified;
  if (time.tv_nsec < 0 || time.tv_nsec > 999'999'999) time.tv_nsec = 0;
  return time;
}

[[noreturn]] void failed(int error, const char* syscall, const std::string& path) {
  if (error == ENOSPC || error == EDQUOT) throw InputError("NO_SPACE", "no space is left for " + quote(path));
  throw SysError(error, syscall, quote(path));
}

ino_t inodeOf(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) failed(errno, "stat", path);
  return status.st_ino;
}

/// What a new file may be made with: the rest, set-uid bits and what our umask takes, comes when it is finished.
mode_t permissionsOf(const LayerEntry& entry) { return entry.mode & 0777; }

}  // namespace

void LayerFile::write(std::span<const char> bytes, int64_t offset) {
  tree_.account(bytes.size());
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) failed(errno, "write", path_);
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += count;
  }
}

LayerTree::LayerTree(const UnpackOptions& options) : options_(options), root_(openDirectory(options.target)) {
  checkSpace();
  remember("", inodeOf(root_.get(), {}), 0755, {});
}

std::optional<LayerFile> LayerTree::add(const LayerEntry& entry) {
  if (++entries_ > options_.maxEntries) {
    throw InputError("LIMIT", "the layer has more than " + std::to_string(options_.maxEntries) + " entries");
  }
  const std::string path = normalize(entry.path, "a path");
  if (entry.kind == LayerEntry::Kind::kDirectory) {
    addDirectory(entry, path);
    return std::nullopt;
  }
  // The root is a directory, whatever an archive says.
  if (path.empty()) invalid("the layer wants something else than a directory as its root");
  const Place place = placeOf(path);
  if (place.name == kOpaque) {
    setOpaque(place.parent, path);
    return std::nullopt;
  }
  if (place.name.starts_with(kWhiteout)) {
    addWhiteout(entry, place, path);
    return std::nullopt;
  }
  switch (entry.kind) {
    case LayerEntry::Kind::kFile:
      return addFile(entry, place, path);
    case LayerEntry::Kind::kHardLink:
      addLink(entry, place, path);
      return std::nullopt;
    default:
      addSpecial(entry, place, path);
      return std::nullopt;
  }
}

void LayerTree::addDirectory(const LayerEntry& entry, const std::string& path) {
  bool isNew = false;
  bool hidesLower = false;
  UniqueFd directory;
  if (path.empty()) {
    directory = UniqueFd{::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  } else {
    const Place place = placeOf(path);
    struct stat status {};
    if (::mkdirat(place.parent, place.name.c_str(), 0700 | permissionsOf(entry)) == 0) {
      isNew = true;
    } else if (errno != EEXIST) {
      failed(errno, "mkdir", path);
    } else if (::fstatat(place.parent, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      failed(errno, "stat", path);
    } else if (!S_ISDIR(status.st_mode)) {
      // Hidden first and made anew then: nothing of what lies below shows.
      hidesLower = isWhiteout(status);
      remove(place);
      if (::mkdirat(place.parent, place.name.c_str(), 0700 | permissionsOf(entry)) != 0) failed(errno, "mkdir", path);
      isNew = true;
    }
    directory = UniqueFd{::openat(place.parent, place.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  }
  if (!directory) failed(errno, "open", path);
  if (hidesLower) setOpaque(directory.get(), path);
  struct stat now {};
  if (::fstat(directory.get(), &now) != 0) failed(errno, "stat", path);
  setOwner(entry, now, directory.get(), path);
  setAttributes(entry, directory.get(), {});
  remember(path, now.st_ino, entry.mode & 07777, timeOf(entry));
  if (isNew) {
    parentPath_ = path;
    parent_ = std::move(directory);
  }
}

void LayerTree::remember(const std::string& path, ino_t inode, mode_t mode, timespec modified) {
  directories_.push_back({path, inode, mode, modified});
}

void LayerTree::addWhiteout(const LayerEntry& entry, const Place& place, const std::string& path) {
  const std::string hidden = place.name.substr(kWhiteout.size());
  // Other names with this beginning are aufs's own and mean nothing here.
  if (hidden.starts_with(kWhiteout)) return;
  if (hidden.empty() || hidden == "." || hidden == "..") invalid("the layer hides no file: " + quote(path));
  if (::mknodat(place.parent, hidden.c_str(), S_IFCHR, makedev(0, 0)) == 0) {
    const timespec times[2] = {timeOf(entry), timeOf(entry)};
    if (::utimensat(place.parent, hidden.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) failed(errno, "utimens", path);
    return;
  }
  if (errno != EEXIST) failed(errno, "mknod", path);
  // The layer has the file itself, which hides what lies below; a directory does not, unless it is opaque.
  struct stat status {};
  if (::fstatat(place.parent, hidden.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) failed(errno, "stat", path);
  if (!S_ISDIR(status.st_mode)) return;
  const UniqueFd directory{::openat(place.parent, hidden.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!directory) failed(errno, "open", path);
  setOpaque(directory.get(), path);
}

std::optional<LayerFile> LayerTree::addFile(const LayerEntry& entry, const Place& place, const std::string& path) {
  UniqueFd fd;
  replacing(place, path, "open", [&] {
    fd.reset(::openat(place.parent, place.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      permissionsOf(entry)));
    return static_cast<bool>(fd);
  });
  return LayerFile{std::move(fd), *this, path};
}

void LayerTree::finish(LayerFile& file, const LayerEntry& entry) {
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) failed(errno, "stat", file.path());
  if (status.st_size < entry.size && ::ftruncate(file.fd(), entry.size) != 0) {
    failed(errno, "truncate", file.path());
  }
  setOwner(entry, status, file.fd(), file.path());
  // After the owner: a change of it takes set-uid bits and capabilities away (chown(2)).
  if ((status.st_mode & 07777) != (entry.mode & 07777) && ::fchmod(file.fd(), entry.mode & 07777) != 0) {
    failed(errno, "chmod", file.path());
  }
  setAttributes(entry, file.fd(), {});
  const timespec times[2] = {timeOf(entry), timeOf(entry)};
  if (::futimens(file.fd(), times) != 0) failed(errno, "utimens", file.path());
  startWriteback(file.fd(), entry.size);
}

void LayerTree::startWriteback(int fd, off_t size) {
  /* the kernel itself would begin half a minute later, or when memory runs short (dirty_writeback, sysctl/vm.rst) */
  constexpr off_t kWorthIt = 64 << 10;
  if (size >= kWorthIt) (void)::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

void LayerTree::addLink(const LayerEntry& entry, const Place& place, const std::string& path) {
  const std::string target = normalize(entry.link, "a hard link");
  const size_t slash = target.rfind('/');
  const std::string name = slash == std::string::npos ? target : target.substr(slash + 1);
  if (name.empty()) invalid("the layer links " + quote(path) + " to its root");
  if (target == path) return;
  UniqueFd directory;
  try {
    directory = open(slash == std::string::npos ? "." : target.substr(0, slash), O_PATH | O_DIRECTORY);
  } catch (const SysError&) {
    invalid("the layer links " + quote(path) + " to " + quote(target) + ", which it does not have");
  }
  struct stat status {};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || isWhiteout(status)) {
    invalid("the layer links " + quote(path) + " to " + quote(target) + ", which it does not have");
  }
  if (S_ISDIR(status.st_mode)) invalid("the layer links " + quote(path) + " to a directory");
  // The target itself is what a symlink at the end stands for: no flag to follow it.
  replacing(place, path, "link",
            [&] { return ::linkat(directory.get(), name.c_str(), place.parent, place.name.c_str(), 0) == 0; });
}

void LayerTree::addSpecial(const LayerEntry& entry, const Place& place, const std::string& path) {
  const char* name = place.name.c_str();
  if (entry.kind == LayerEntry::Kind::kSymlink) {
    replacing(place, path, "symlink", [&] { return ::symlinkat(entry.link.c_str(), place.parent, name) == 0; });
  } else {
    const bool isDevice = !S_ISFIFO(entry.mode);
    if (isDevice && !options_.isPrivileged) return;
    const dev_t device = isDevice ? makedev(entry.major, entry.minor) : 0;
    replacing(place, path, "mknod",
              [&] { return ::mknodat(place.parent, name, (entry.mode & S_IFMT) | 0600, device) == 0; });
  }
  setOwner(entry, place.parent, name, path);
  if (entry.kind != LayerEntry::Kind::kSymlink &&
      ::fchmodat(place.parent, name, entry.mode & 07777, 0) != 0) { /* not a symlink: we have just made it */
    failed(errno, "chmod", path);
  }
  setAttributes(entry, -1, inProc(place.parent, place.name));
  const timespec times[2] = {timeOf(entry), timeOf(entry)};
  if (::utimensat(place.parent, name, times, AT_SYMLINK_NOFOLLOW) != 0) failed(errno, "utimens", path);
}

void LayerTree::finish() {
  for (const Directory& each : directories_) {
    UniqueFd fd;
    try {
      fd = open(each.path.empty() ? "." : each.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    } catch (const SysError& error) {
      // A later entry has taken its place.
      if (error.error() == ENOENT || error.error() == ENOTDIR || error.error() == ELOOP) continue;
      throw;
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) failed(errno, "stat", each.path);
    if (status.st_ino != each.inode) continue;
    if ((status.st_mode & 07777) != each.mode && ::fchmod(fd.get(), each.mode) != 0) failed(errno, "chmod", each.path);
    const timespec times[2] = {each.modified, each.modified};
    if (::futimens(fd.get(), times) != 0) failed(errno, "utimens", each.path);
  }
}

LayerTree::Place LayerTree::placeOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {root_.get(), path};
  return {openParent(path.substr(0, slash)), path.substr(slash + 1)};
}

int LayerTree::openParent(const std::string& path) {
  if (parent_ && path == parentPath_) return parent_.get();
  UniqueFd fd;
  try {
    fd = open(path, O_RDONLY | O_DIRECTORY);
  } catch (const SysError& error) {
    if (error.error() == ENOTDIR || error.error() == ELOOP) {
      invalid("the layer puts something into " + quote(path) + ", which is no directory");
    }
    if (error.error() != ENOENT) throw;
    // Archives may leave out directories that exist below.
    const Place place = placeOf(path);
    if (::mkdirat(place.parent, place.name.c_str(), 0755) != 0) {
      if (errno == EEXIST) invalid("the layer puts something below " + quote(path) + ", which leads nowhere");
      failed(errno, "mkdir", path);
    }
    fd = UniqueFd{::openat(place.parent, place.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!fd) failed(errno, "open", path);
    remember(path, inodeOf(fd.get(), path), 0755, {});
  }
  parentPath_ = path;
  parent_ = std::move(fd);
  return parent_.get();
}

UniqueFd LayerTree::open(const std::string& path, int flags) const {
  // Symlinks within the layer are followed, as by a process whose root it is: no way leads out of it.
  return openInRoot(root_.get(), path, flags);
}

template <typename Make>
void LayerTree::replacing(const Place& place, const std::string& path, const char* syscall, Make make) {
  if (make()) return;
  if (errno != EEXIST) failed(errno, syscall, path);
  remove(place);
  if (!make()) failed(errno, syscall, path);
}

void LayerTree::remove(const Place& place) {
  // The remembered directory may be part of what goes, or have been reached through it; `place.parent` cannot.
  if (place.parent != parent_.get()) parent_.reset();
  if (::unlinkat(place.parent, place.name.c_str(), 0) != 0) removeTree(inProc(place.parent, place.name));
}

void LayerTree::setOpaque(int directory, const std::string& path) const {
  const char* name = options_.isPrivileged ? "trusted.overlay.opaque" : "user.overlay.opaque";
  if (::setxattr(inProc(directory).c_str(), name, "y", 1, 0) != 0) failed(errno, "setxattr", path);
}

void LayerTree::setAttributes(const LayerEntry& entry, int fd, const std::string& procPath) const {
  for (const auto& [name, value] : entry.attributes) {
    if (name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.")) continue;
    const int result = fd >= 0 ? ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0)
                               : ::lsetxattr(procPath.c_str(), name.c_str(), value.data(), value.size(), 0);
    if (result == 0 || errno == ENOTSUP) continue;
    /* user attributes are for files and directories alone (xattr(7)) */
    if (errno == EPERM && (fd < 0 || !options_.isPrivileged)) continue;
    failed(errno, "setxattr", entry.path);
  }
}

void LayerTree::setOwner(const LayerEntry& entry, const struct stat& now, int fd, const std::string& path) const {
  if (entry.uid != now.st_uid || entry.gid != now.st_gid) setOwner(entry, fd, "", path);
}

void LayerTree::setOwner(const LayerEntry& entry, int directory, const char* name, const std::string& path) const {
  const auto isId = [](int64_t id) { return id >= 0 && id < UINT32_MAX; };
  if (!isId(entry.uid) || !isId(entry.gid)) invalid("the layer gives " + quote(path) + " to a user that cannot exist");
  const int result = ::fchownat(directory, name, static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid),
                                AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  /* EINVAL: an id that our user namespace does not know (user_namespaces(7)) */
  if (result != 0 && (options_.isPrivileged || (errno != EPERM && errno != EINVAL))) failed(errno, "chown", path);
}

void LayerTree::account(uint64_t bytes) {
  fileBytes_ += bytes;
  uncheckedBytes_ += bytes;
  if (uncheckedBytes_ < kCheckEveryBytes) return;
  uncheckedBytes_ = 0;
  checkSpace();
}

void LayerTree::checkSpace() {
  struct statvfs status {};
  if (::fstatvfs(root_.get(), &status) != 0) throw SysError(errno, "statvfs", options_.target);
  if (status.f_bavail * status.f_frsize < options_.reserveBytes) {
    throw InputError("NO_SPACE", "too little space is left to unpack the layer");
  }
}

}  // namespace tscompose
