#include "core/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "core/error.h"

namespace tscompose {

std::string readAll(int fd, const std::string& name, size_t limitBytes) {
  std::string text;
  std::array<char, 16384> buffer;
  for (;;) {
    ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SysError(errno, "read", name);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(count));
    if (text.size() > limitBytes) throw SysError(EFBIG, "read", name);
  }
}

std::string readFile(const std::string& path, size_t limitBytes) {
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) throw SysError(errno, "open", path);
  return readAll(fd.get(), path, limitBytes);
}

std::optional<std::string> readFileIfExists(const std::string& path) {
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd && errno == ENOENT) return std::nullopt;
  if (!fd) throw SysError(errno, "open", path);
  return readAll(fd.get(), path);
}

void writeFully(int fd, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SysError(errno, "write", name);
    text.remove_prefix(static_cast<size_t>(count));
  }
}

void writeControlFile(const std::string& path, std::string_view text) {
  UniqueFd fd{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!fd) throw SysError(errno, "open", path);
  ssize_t count;
  do count = ::write(fd.get(), text.data(), text.size());
  while (count < 0 && errno == EINTR);
  if (count < 0) throw SysError(errno, "write", path);
  if (static_cast<size_t>(count) != text.size()) throw SysError(EIO, "write", path);
}

void writeFile(const std::string& path, std::string_view text, mode_t mode) {
  const UniqueFd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
  if (!fd) throw SysError(errno, "open", path);
  writeFully(fd.get(), text, path);
}

void replaceFile(const std::string& path, std::string_view text, mode_t mode, Durability durability) {
  std::string beside = path + ".XXXXXX";
  UniqueFd fd{::mkostemp(beside.data(), O_CLOEXEC)};
  if (!fd) throw SysError(errno, "mkostemp", beside);
  try {
    if (::fchmod(fd.get(), mode) != 0) throw SysError(errno, "fchmod", beside);
    writeFully(fd.get(), text, beside);
    if (durability == Durability::kOnDisk && ::fdatasync(fd.get()) != 0) throw SysError(errno, "fdatasync", beside);
    if (::rename(beside.c_str(), path.c_str()) != 0) throw SysError(errno, "rename", path);
  } catch (...) {
    ::unlink(beside.c_str());
    throw;
  }
}

void makeDirectories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return;
  int error = errno;
  auto slash = path.find_last_of('/');
  if (error != ENOENT || slash == std::string::npos || slash == 0) throw SysError(error, "mkdir", path);
  makeDirectories(path.substr(0, slash), mode);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) throw SysError(errno, "mkdir", path);
}

void makeTopDirectory(const std::string& path, mode_t mode) {
  makeDirectories(path, mode);
  const UniqueFd directory = openDirectory(path);
  int flags = 0;
  // Advice, which other file systems do not take.
  if (::ioctl(directory.get(), FS_IOC_GETFLAGS, &flags) != 0 || (flags & FS_TOPDIR_FL) != 0) return;
  flags |= FS_TOPDIR_FL;
  static_cast<void>(::ioctl(directory.get(), FS_IOC_SETFLAGS, &flags));
}

namespace {

void removeEntries(int directory, dev_t device, const std::string& name) {
  std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(::fcntl(directory, F_DUPFD_CLOEXEC, 0)), ::closedir};
  if (!stream) throw SysError(errno, "fdopendir", name);
  for (;;) {
    errno = 0;
    dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) throw SysError(errno, "readdir", name);
      return;
    }
    std::string_view child{entry->d_name};
    if (child == "." || child == "..") continue;
    if (::unlinkat(directory, entry->d_name, 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR && errno != EPERM) throw SysError(errno, "unlink", name + "/" + entry->d_name);
    UniqueFd inner{::openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!inner) throw SysError(errno, "open", name + "/" + entry->d_name);
    struct stat info = {};
    if (::fstat(inner.get(), &info) != 0) throw SysError(errno, "fstat", name);
    if (info.st_dev != device) throw SysError(EXDEV, "unlink", name + "/" + entry->d_name);
    removeEntries(inner.get(), device, name + "/" + entry->d_name);
    if (::unlinkat(directory, entry->d_name, AT_REMOVEDIR) != 0 && errno != ENOENT)
      throw SysError(errno, "rmdir", name + "/" + entry->d_name);
  }
}

}  // namespace

void removeTree(const std::string& path) {
  UniqueFd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!directory) {
    if (errno == ENOENT) return;
    if (errno != ENOTDIR && errno != ELOOP) throw SysError(errno, "open", path);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw SysError(errno, "unlink", path);
    return;
  }
  struct stat info = {};
  if (::fstat(directory.get(), &info) != 0) throw SysError(errno, "fstat", path);
  removeEntries(directory.get(), info.st_dev, path);
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) throw SysError(errno, "rmdir", path);
}

UniqueFd openDirectory(const std::string& path) {
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd) throw SysError(errno, "open", path);
  return fd;
}

namespace {

/// -1 with errno, as open(2): a missing file is ordinary, and an exception costs more than the rest of the call.
int tryOpen(int root, const std::string& path, int flags, uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  long fd;
  /* EAGAIN: somebody renamed a directory under our feet while ".." was resolved (openat2(2)) */
  int attempts = 0;
  do fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
  while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++attempts < 64)));
  return static_cast<int>(fd);
}

}  // namespace

UniqueFd openInRoot(int root, const std::string& path, int flags) {
  UniqueFd fd{tryOpen(root, path, flags, RESOLVE_IN_ROOT)};
  if (!fd) throw SysError(errno, "open", path);
  return fd;
}

void removeInRoot(int root, const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") throw InputError("INVALID", "cannot remove /" + path);
  UniqueFd parent{tryOpen(root, slash == std::string::npos || slash == 0 ? "." : path.substr(0, slash),
                          O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT)};
  if (!parent && (errno == ENOENT || errno == ENOTDIR)) return;
  if (!parent) throw SysError(errno, "open", path);
  if (::unlinkat(parent.get(), name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) throw SysError(errno, "unlink", path);
  const UniqueFd inner{::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!inner) throw SysError(errno, "open", path);
  struct stat above {};
  struct stat info {};
  if (::fstat(parent.get(), &above) != 0 || ::fstat(inner.get(), &info) != 0) throw SysError(errno, "fstat", path);
  /* what is mounted there is not the tree's; rmdir then says EBUSY */
  if (above.st_dev == info.st_dev) removeEntries(inner.get(), info.st_dev, path);
  if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    throw SysError(errno, "rmdir", path);
}

UniqueFd openBeneath(int directory, const std::string& path) {
  UniqueFd fd{tryOpen(directory, path, O_PATH, RESOLVE_BENEATH)};
  if (!fd) throw SysError(errno, "open", path);
  return fd;
}

std::optional<std::string> readFileInRoot(int root, const std::string& path, size_t limitBytes) {
  UniqueFd fd{tryOpen(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_IN_ROOT)};
  if (!fd && (errno == ENOENT || errno == ENOTDIR || errno == ENXIO)) return std::nullopt;
  if (!fd) throw SysError(errno, "open", path);
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) throw SysError(errno, "fstat", path);
  if (!S_ISREG(info.st_mode)) throw InputError("INVALID", path + " in the container is not a regular file");
  return readAll(fd.get(), path, limitBytes);
}

}  // namespace tscompose
