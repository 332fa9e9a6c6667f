#include "core/copy_file.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "core/error.h"

namespace tscompose {

void copyContent(int source, int target, const std::string& name) {
  constexpr size_t kChunk = size_t{1} << 30;
  for (;;) {
    const ssize_t copied = ::copy_file_range(source, nullptr, target, nullptr, kChunk, 0);
    if (copied > 0) continue;
    if (copied == 0) return;
    if (errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP) throw SysError(errno, "copy_file_range", name);
    break;
  }
  // Not every pair of file systems can copy in the kernel.
  std::vector<char> buffer(size_t{1} << 16);
  for (;;) {
    const ssize_t got = ::read(source, buffer.data(), buffer.size());
    if (got == 0) return;
    if (got < 0) {
      if (errno == EINTR) continue;
      throw SysError(errno, "read", name);
    }
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = ::write(target, buffer.data() + done, static_cast<size_t>(got - done));
      if (put < 0 && errno != EINTR) throw SysError(errno, "write", name);
      if (put > 0) done += put;
    }
  }
}

void setOwnerAndTimes(int to, const std::string& name, const struct stat& status) {
  if (::fchownat(to, name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
    throw SysError(errno, "fchownat", name);
  const timespec times[2] = {status.st_atim, status.st_mtim};
  if (::utimensat(to, name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) throw SysError(errno, "utimensat", name);
}

void copyAttributes(int from, int to) {
  const ssize_t size = ::flistxattr(from, nullptr, 0);
  if (size <= 0) return;
  std::string names(static_cast<size_t>(size), '\0');
  const ssize_t got = ::flistxattr(from, names.data(), names.size());
  if (got <= 0) return;
  names.resize(static_cast<size_t>(got));
  for (size_t start = 0; start < names.size();) {
    const std::string name = names.c_str() + start;
    start += name.size() + 1;
    if (name.starts_with("trusted.overlay.")) continue;
    const ssize_t length = ::fgetxattr(from, name.c_str(), nullptr, 0);
    if (length < 0) continue;
    std::vector<char> value(static_cast<size_t>(length));
    if (::fgetxattr(from, name.c_str(), value.data(), value.size()) < 0) continue;
    if (::fsetxattr(to, name.c_str(), value.data(), value.size(), 0) != 0 && errno != EOPNOTSUPP && errno != EPERM)
      throw SysError(errno, "fsetxattr", name);
  }
}

}  // namespace tscompose
