#include "core/host_mask.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/file.h"

namespace tscompose {

namespace {

constexpr unsigned kMailGroup = 8;  // Debian's static group "mail"

struct Link {
  const char* path;
  const char* target;
};

constexpr std::array<Link, 2> kLinks{{{"var/run", "/run"}, {"var/lock", "/run/lock"}}};
constexpr std::array<const char*, 5> kHiddenFiles{"etc/shadow", "etc/shadow-", "etc/gshadow", "etc/gshadow-",
                                                  "etc/ssh"};

bool isTopLevel(const char* path) { return std::strchr(path, '/') == nullptr; }

void makeDirectory(int root, const EmptyDirectory& directory) {
  if (::mkdirat(root, directory.path, 0700) != 0) {
    if (errno == EEXIST) return;
    throw SysError(errno, "mkdirat", directory.path);
  }
  const UniqueFd fd{::openat(root, directory.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!fd) throw SysError(errno, "openat", directory.path);
  if (isTopLevel(directory.path) && ::fsetxattr(fd.get(), "trusted.overlay.opaque", "y", 1, 0) != 0)
    throw SysError(errno, "fsetxattr", directory.path);
  if (directory.gid != 0 && ::fchown(fd.get(), 0, directory.gid) != 0) throw SysError(errno, "fchown", directory.path);
  // After the owner, because chown clears set-group-ID; and whatever our umask is.
  if (::fchmod(fd.get(), directory.mode) != 0) throw SysError(errno, "fchmod", directory.path);
}

}  // namespace

const std::vector<EmptyDirectory>& hiddenDirectories() {
  static const std::vector<EmptyDirectory> directories{
      {"boot", 0755, 0},    {"home", 0755, 0},       {"media", 0755, 0},       {"mnt", 0755, 0},
      {"root", 0700, 0},    {"run", 0755, 0},        {"run/lock", 01777, 0},   {"srv", 0755, 0},
      {"tmp", 01777, 0},    {"var", 0755, 0},        {"var/backups", 0755, 0}, {"var/cache", 0755, 0},
      {"var/lib", 0755, 0}, {"var/local", 02775, 0}, {"var/log", 0755, 0},     {"var/mail", 02775, kMailGroup},
      {"var/opt", 0755, 0}, {"var/spool", 0755, 0},  {"var/tmp", 01777, 0}};
  return directories;
}

void hideHostDirectories(const std::string& upper) {
  const UniqueFd root = openDirectory(upper);
  for (const EmptyDirectory& directory : hiddenDirectories()) makeDirectory(root.get(), directory);
  for (const Link& link : kLinks) {
    if (::symlinkat(link.target, root.get(), link.path) != 0 && errno != EEXIST)
      throw SysError(errno, "symlinkat", link.path);
  }
  // Not opaque: the rest of /etc shows through, with the host's mode.
  if (::mkdirat(root.get(), "etc", 0755) != 0 && errno != EEXIST) throw SysError(errno, "mkdirat", "etc");
  for (const char* path : kHiddenFiles) {
    if (::faccessat(AT_FDCWD, (std::string{"/"} + path).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (::mknodat(root.get(), path, S_IFCHR, makedev(0, 0)) != 0 && errno != EEXIST)
      throw SysError(errno, "mknodat", path);
  }
}

}  // namespace tscompose
