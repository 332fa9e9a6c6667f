#include "core/compare_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"

namespace tscompose {

namespace {

std::set<std::string> namesIn(int directory) {
  UniqueFd own{::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!own) throw SysError(errno, "open");
  const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(own.get()), ::closedir};
  if (!stream) throw SysError(errno, "fdopendir");
  (void)own.release();
  std::set<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) throw SysError(errno, "readdir");
      return names;
    }
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.insert(name);
  }
}

/// Attributes that belong to the machine are in no archive; that of opaque directories stands for an entry in it.
bool isPartOfLayer(std::string_view name) {
  if (name.find("overlay.") != std::string_view::npos) return name.ends_with("overlay.opaque");
  return !name.starts_with("security.") || name == "security.capability";
}

bool isWhiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }

std::map<std::string, std::string> attributesOf(int directory, const std::string& name) {
  const std::string path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
  std::string names(65536, '\0'); /* XATTR_LIST_MAX */
  const ssize_t size = ::llistxattr(path.c_str(), names.data(), names.size());
  if (size < 0 && errno == ENOTSUP) return {};
  if (size < 0) throw SysError(errno, "listxattr", name);
  std::map<std::string, std::string> attributes;
  for (const char* each = names.data(); each < names.data() + size; each += std::strlen(each) + 1) {
    if (!isPartOfLayer(each)) continue;
    std::string value(65536, '\0'); /* XATTR_SIZE_MAX */
    const ssize_t length = ::lgetxattr(path.c_str(), each, value.data(), value.size());
    if (length < 0) throw SysError(errno, "getxattr", name);
    attributes[each] = value.substr(0, static_cast<size_t>(length));
  }
  return attributes;
}

std::string linkOf(int directory, const std::string& name) {
  std::string target(4096, '\0'); /* PATH_MAX */
  const ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (size < 0) throw SysError(errno, "readlink", name);
  return target.substr(0, static_cast<size_t>(size));
}

class Comparison {
 public:
  explicit Comparison(const std::atomic<bool>& cancelled) : cancelled_(cancelled) {}

  std::optional<std::string> root(const UniqueFd& left, const UniqueFd& right) {
    const auto hides = [](const UniqueFd& fd) {
      std::map<std::string, std::string> attributes = attributesOf(fd.get(), ".");
      return attributes.contains("trusted.overlay.opaque") || attributes.contains("user.overlay.opaque");
    };
    if (hides(left) != hides(right)) return "";
    return directory(left, right, "");
  }

 private:
  /// `path` is where the entry `name` of both directories is, for the answer.
  std::optional<std::string> entry(int left, int right, const std::string& name, const std::string& path) {
    if (cancelled_) throw SysError(ECANCELED, "compare", path);
    struct stat one {};
    struct stat two {};
    if (::fstatat(left, name.c_str(), &one, AT_SYMLINK_NOFOLLOW) != 0 ||
        ::fstatat(right, name.c_str(), &two, AT_SYMLINK_NOFOLLOW) != 0) {
      throw SysError(errno, "stat", path);
    }
    if (isWhiteout(one) && isWhiteout(two)) return std::nullopt;
    const bool isDirectory = S_ISDIR(one.st_mode);
    if (one.st_mode != two.st_mode || one.st_uid != two.st_uid || one.st_gid != two.st_gid ||
        one.st_rdev != two.st_rdev || one.st_mtim.tv_sec != two.st_mtim.tv_sec ||
        one.st_mtim.tv_nsec != two.st_mtim.tv_nsec) {
      return path;
    }
    /* a directory's size and number of links are its file system's affair */
    if (!isDirectory && (one.st_size != two.st_size || one.st_nlink != two.st_nlink)) return path;
    if (attributesOf(left, name) != attributesOf(right, name)) return path;
    if (S_ISLNK(one.st_mode) && linkOf(left, name) != linkOf(right, name)) return path;
    if (S_ISREG(one.st_mode) && !haveSameContent(left, right, name)) return path;
    return isDirectory ? directory(open(left, name, O_DIRECTORY), open(right, name, O_DIRECTORY), path) : std::nullopt;
  }

  static UniqueFd open(int directory, const std::string& name, int flags) {
    UniqueFd fd{::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags)};
    if (!fd) throw SysError(errno, "open", name);
    return fd;
  }

  std::optional<std::string> directory(const UniqueFd& left, const UniqueFd& right, const std::string& path) {
    const std::set<std::string> names = namesIn(left.get());
    const std::set<std::string> others = namesIn(right.get());
    for (const std::string& name : names) {
      if (!others.contains(name)) return path + "/" + name;
    }
    for (const std::string& name : others) {
      if (!names.contains(name)) return path + "/" + name;
    }
    for (const std::string& name : names) {
      if (auto found = entry(left.get(), right.get(), name, path + "/" + name)) return found;
    }
    return std::nullopt;
  }

  /// Of files of one size. Where both have a hole nothing is read: an archive of a few bytes may stand for a petabyte.
  bool haveSameContent(int left, int right, const std::string& name) {
    const UniqueFd one = open(left, name, 0);
    const UniqueFd two = open(right, name, 0);
    for (off_t at = 0;;) {
      if (cancelled_) throw SysError(ECANCELED, "compare", name);
      const std::optional<off_t> next = std::min(dataFrom(one, at, name), dataFrom(two, at, name), isEarlier);
      if (!next) return true;
      at = *next;
      const size_t count = readAt(one, at, first_, name);
      if (count != readAt(two, at, second_, name)) return false;
      if (std::memcmp(first_.data(), second_.data(), count) != 0) return false;
      at += static_cast<off_t>(count);
    }
  }

  /// Where the next data are, from `at` on; absent: only a hole is left, or nothing (lseek(2)).
  static std::optional<off_t> dataFrom(const UniqueFd& file, off_t at, const std::string& name) {
    const off_t found = ::lseek(file.get(), at, SEEK_DATA);
    if (found >= 0) return found;
    if (errno == ENXIO) return std::nullopt;
    throw SysError(errno, "lseek", name);
  }

  static bool isEarlier(const std::optional<off_t>& one, const std::optional<off_t>& two) {
    return one && (!two || *one < *two);
  }

  /// As much as fits into `buffer`, or is left.
  static size_t readAt(const UniqueFd& file, off_t at, std::vector<char>& buffer, const std::string& name) {
    size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t got =
          ::pread(file.get(), buffer.data() + done, buffer.size() - done, at + static_cast<off_t>(done));
      if (got < 0) throw SysError(errno, "pread", name);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  const std::atomic<bool>& cancelled_;
  std::vector<char> first_ = std::vector<char>(1U << 18U);
  std::vector<char> second_ = std::vector<char>(1U << 18U);
};

}  // namespace

std::optional<std::string> compareTrees(const std::string& left, const std::string& right,
                                        const std::atomic<bool>& cancelled) {
  const UniqueFd one = openDirectory(left);
  const UniqueFd two = openDirectory(right);
  return Comparison{cancelled}.root(one, two);
}

}  // namespace tscompose
