#include "core/rootfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace tscompose {

namespace {

constexpr uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

int openBelow(int root, const char* path, int flags, uint64_t resolve = kInRoot) noexcept {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = resolve;
  long fd;
  int attempts = 0;
  do fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
  while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++attempts < 64)));
  return static_cast<int>(fd);
}

/// Splits the last component off; `parent` becomes "/" at the top.
const char* splitLast(const char* path, char (&parent)[PATH_MAX]) noexcept {
  size_t length = std::strlen(path);
  if (length >= PATH_MAX) return nullptr;
  std::memcpy(parent, path, length + 1);
  char* slash = std::strrchr(parent, '/');
  if (slash == nullptr) {
    parent[0] = '/';
    parent[1] = 0;
    return path;
  }
  const char* name = path + (slash - parent) + 1;
  slash[slash == parent ? 1 : 0] = 0;
  return name;
}

/// The directory `path` below root, made with its parents where absent.
int openOrMakeDirectory(int root, const char* path, uint64_t resolve) noexcept {
  int fd = openBelow(root, path, O_PATH | O_DIRECTORY, resolve);
  if (fd >= 0 || errno != ENOENT) return fd;
  char prefix[PATH_MAX];
  size_t length = std::strlen(path);
  if (length >= sizeof prefix) {
    errno = ENAMETOOLONG;
    return -1;
  }
  for (size_t end = 1; end <= length; ++end) {
    if (path[end] != '/' && path[end] != 0) continue;
    std::memcpy(prefix, path, end);
    prefix[end] = 0;
    UniqueFd existing{openBelow(root, prefix, O_PATH | O_DIRECTORY, resolve)};
    if (existing) continue;
    if (errno != ENOENT) return -1;
    char parent[PATH_MAX];
    const char* name = splitLast(prefix, parent);
    if (name == nullptr || name[0] == 0) continue;
    UniqueFd directory{openBelow(root, parent, O_PATH | O_DIRECTORY, resolve)};
    if (!directory) return -1;
    if (::mkdirat(directory.get(), name, 0755) != 0 && errno != EEXIST) return -1;
  }
  return openBelow(root, path, O_PATH | O_DIRECTORY, resolve);
}

/// An O_PATH fd of the mount target, created as `directory` or empty file where absent.
int openTarget(int root, const char* path, bool directory, bool plain) noexcept {
  uint64_t resolve = plain ? kInRoot | RESOLVE_NO_SYMLINKS : kInRoot;
  if (directory) return openOrMakeDirectory(root, path, resolve);
  int fd = openBelow(root, path, O_PATH, resolve);
  if (fd >= 0 || errno != ENOENT) return fd;
  char parent[PATH_MAX];
  const char* name = splitLast(path, parent);
  if (name == nullptr || name[0] == 0) {
    errno = ENAMETOOLONG;
    return -1;
  }
  UniqueFd holder{openOrMakeDirectory(root, parent, resolve)};
  if (!holder) return -1;
  UniqueFd file{::openat(holder.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644)};
  if (!file) return -1;
  return openBelow(root, path, O_PATH, resolve);
}

bool attach(int tree, int target) noexcept {
  return ::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0;
}

bool isEmpty(const mount_attr& attributes) noexcept {
  return attributes.attr_set == 0 && attributes.attr_clr == 0 && attributes.propagation == 0;
}

bool setAttributes(int mount, const mount_attr& attributes, unsigned flags) noexcept {
  if (isEmpty(attributes)) return true;
  mount_attr copy = attributes;
  return ::mount_setattr(mount, "", AT_EMPTY_PATH | flags, &copy, sizeof copy) == 0;
}

/// A detached instance of a file system, configured.
int makeFilesystem(const MountStep& step, Fault& fault) noexcept {
  const char* subject = step.destination.c_str();
  UniqueFd context{::fsopen(step.type.c_str(), FSOPEN_CLOEXEC)};
  if (!context) {
    fault = {"fsopen", step.type.c_str(), errno};
    return -1;
  }
  for (const auto& [key, value] : step.parameters) {
    int result = value.empty() && key != "source"
                     ? ::fsconfig(context.get(), FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0)
                     : ::fsconfig(context.get(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0);
    if (result != 0) {
      fault = {"mount option", key.c_str(), errno};
      return -1;
    }
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    fault = {"mount", subject, errno};
    return -1;
  }
  int mount = ::fsmount(context.get(), FSMOUNT_CLOEXEC, 0);
  if (mount < 0) fault = {"fsmount", subject, errno};
  return mount;
}

constexpr int kCopyDepth = 32;

struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

/// Copies what is in `from` into `to`: directories, files, symlinks and nodes with mode, owner and modification time.
Fault copyTree(int from, int to, int depth) noexcept {
  if (depth > kCopyDepth) return {"copy up", "", ELOOP};
  alignas(DirectoryEntry) char buffer[4096];
  for (;;) {
    long count = ::syscall(SYS_getdents64, from, buffer, sizeof buffer);
    if (count < 0) return {"getdents64", "", errno};
    if (count == 0) return {};
    for (long position = 0; position < count;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + position);
      position += entry->length;
      const char* name = entry->name;
      if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
      struct stat info;
      if (::fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return {"stat", "", errno};
      mode_t mode = info.st_mode & 07777U;
      if (S_ISDIR(info.st_mode)) {
        if (::mkdirat(to, name, 0700) != 0) return {"mkdir", "", errno};
        UniqueFd innerFrom{::openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
        UniqueFd innerTo{::openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
        if (!innerFrom || !innerTo) return {"open", "", errno};
        if (auto fault = copyTree(innerFrom.get(), innerTo.get(), depth + 1)) return fault;
      } else if (S_ISREG(info.st_mode)) {
        UniqueFd source{::openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
        UniqueFd copy{::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
        if (!source || !copy) return {"open", "", errno};
        char block[16384];
        for (;;) {
          ssize_t got = ::read(source.get(), block, sizeof block);
          if (got < 0) return {"read", "", errno};
          if (got == 0) break;
          if (::write(copy.get(), block, static_cast<size_t>(got)) != got) return {"write", "", errno};
        }
      } else if (S_ISLNK(info.st_mode)) {
        char text[PATH_MAX];
        ssize_t length = ::readlinkat(from, name, text, sizeof text - 1);
        if (length < 0) return {"readlink", "", errno};
        text[length] = 0;
        if (::symlinkat(text, to, name) != 0) return {"symlink", "", errno};
      } else if (::mknodat(to, name, info.st_mode, info.st_rdev) != 0) {
        return {"mknod", "", errno};
      }
      if (::fchownat(to, name, info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW) != 0) return {"chown", "", errno};
      if (!S_ISLNK(info.st_mode) && ::fchmodat(to, name, mode, 0) != 0) return {"chmod", "", errno};
      timespec times[2] = {info.st_atim, info.st_mtim};
      ::utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
    }
  }
}

Fault copyUp(int root, const char* path, int mount) noexcept {
  UniqueFd source{openBelow(root, path, O_RDONLY | O_DIRECTORY)};
  if (!source) return errno == ENOENT ? Fault{} : Fault{"open", path, errno};
  UniqueFd target{::openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!target) return {"open", path, errno};
  auto fault = copyTree(source.get(), target.get(), 0);
  if (fault) fault.subject = path;
  return fault;
}

Fault performStep(int root, const MountStep& step) noexcept {
  const char* destination = step.destination.c_str();
  UniqueFd target{openTarget(root, destination, step.isDirectory, step.plainTarget)};
  if (!target) return {"mount target", destination, errno};
  if (step.kind == MountStep::Kind::kTree) {
    if (!attach(step.tree.get(), target.get())) return {"mount", destination, errno};
    return {};
  }
  Fault fault;
  UniqueFd mount{makeFilesystem(step, fault)};
  if (!mount) {
    if (fault.error == 0) fault.error = EIO;
    return fault;
  }
  if (step.inheritMode) {
    struct stat covered;
    if (::fstat(target.get(), &covered) == 0 && ::fchmodat(mount.get(), ".", covered.st_mode & 07777U, 0) != 0)
      return {"chmod", destination, errno};
  }
  if (step.copyUp)
    if (auto copied = copyUp(root, destination, mount.get())) return copied;
  if (!setAttributes(mount.get(), step.attributes, 0) || !setAttributes(mount.get(), step.recursive, AT_RECURSIVE))
    return {"mount_setattr", destination, errno};
  if (!attach(mount.get(), target.get())) return {"mount", destination, errno};
  return {};
}

Fault makeDevice(int root, const DeviceNode& device) noexcept {
  const char* path = device.path.c_str();
  char parent[PATH_MAX];
  const char* name = splitLast(path, parent);
  if (name == nullptr || name[0] == 0) return {"mknod", path, EINVAL};
  UniqueFd directory{openOrMakeDirectory(root, parent, kInRoot)};
  if (!directory) return {"mknod", path, errno};
  bool made = ::mknodat(directory.get(), name, device.mode, device.number) == 0;
  if (!made && errno == EEXIST) {
    struct stat info;
    if (::fstatat(directory.get(), name, &info, AT_SYMLINK_NOFOLLOW) != 0) return {"stat", path, errno};
    if ((info.st_mode & S_IFMT) == (device.mode & S_IFMT) && info.st_rdev == device.number) return {};
    return {"mknod", path, EEXIST};
  }
  if (made) {
    if (::fchownat(directory.get(), name, device.uid, device.gid, AT_SYMLINK_NOFOLLOW) != 0)
      return {"chown", path, errno};
    if (::fchmodat(directory.get(), name, device.mode & 07777U, 0) != 0) return {"chmod", path, errno};
    return {};
  }
  if (errno != EPERM) return {"mknod", path, errno};
  /* a user namespace may not make nodes (mknod(2)): the caller's own node is shown instead */
  UniqueFd tree{::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
  if (!tree) return {"device", path, errno};
  struct stat info;
  if (::fstat(tree.get(), &info) != 0) return {"stat", path, errno};
  if ((info.st_mode & S_IFMT) != (device.mode & S_IFMT) || info.st_rdev != device.number)
    return {"device", path, ENODEV};
  UniqueFd target{openTarget(root, path, false, false)};
  if (!target) return {"device", path, errno};
  if (!attach(tree.get(), target.get())) return {"device", path, errno};
  return {};
}

Fault linkInDev(int dev, const char* target, const char* name) noexcept {
  if (::symlinkat(target, dev, name) == 0 || errno == EEXIST) return {};
  return {"symlink", name, errno};
}

Fault setUpDev(int root, const RootPlan& plan) noexcept {
  for (const auto& device : plan.devices)
    if (auto fault = makeDevice(root, device)) return fault;
  UniqueFd dev{openOrMakeDirectory(root, "/dev", kInRoot)};
  if (!dev) return {"open", "/dev", errno};
  static constexpr const char* kLinks[][2] = {{"/proc/self/fd", "fd"},
                                              {"/proc/self/fd/0", "stdin"},
                                              {"/proc/self/fd/1", "stdout"},
                                              {"/proc/self/fd/2", "stderr"}};
  for (const auto& link : kLinks)
    if (auto fault = linkInDev(dev.get(), link[0], link[1])) return fault;
  /* an image's own /dev/ptmx would be of the host's devpts */
  if (::unlinkat(dev.get(), "ptmx", 0) != 0 && errno != ENOENT) return {"unlink", "/dev/ptmx", errno};
  return linkInDev(dev.get(), "pts/ptmx", "ptmx");
}

/// Covers paths: files with /dev/null, directories with one empty read-only tmpfs that all of them share.
Fault maskPaths(int root, const RootPlan& plan) noexcept {
  UniqueFd empty;
  for (const auto& path : plan.maskedPaths) {
    UniqueFd target{openBelow(root, path.c_str(), O_PATH)};
    if (!target) {
      if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) continue;
      return {"mask", path.c_str(), errno};
    }
    struct stat info;
    if (::fstat(target.get(), &info) != 0) return {"mask", path.c_str(), errno};
    if (!S_ISDIR(info.st_mode)) {
      /* the caller's /dev/null, never the image's: that one could be anything (CVE-2025-31133) */
      UniqueFd null{::open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
      struct stat device;
      if (!null || ::fstat(null.get(), &device) != 0) return {"mask", path.c_str(), errno};
      if (!S_ISCHR(device.st_mode) || device.st_rdev != makedev(1, 3)) return {"mask", path.c_str(), ENODEV};
      if (!attach(null.get(), target.get())) return {"mask", path.c_str(), errno};
      continue;
    }
    if (!empty) {
      UniqueFd context{::fsopen("tmpfs", FSOPEN_CLOEXEC)};
      if (!context || ::fsconfig(context.get(), FSCONFIG_SET_STRING, "nr_blocks", "1", 0) != 0 ||
          ::fsconfig(context.get(), FSCONFIG_SET_STRING, "nr_inodes", "1", 0) != 0 ||
          ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0) != 0 ||
          ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return {"mask", path.c_str(), errno};
      empty.reset(::fsmount(context.get(), FSMOUNT_CLOEXEC,
                            MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
      if (!empty || !attach(empty.get(), target.get())) return {"mask", path.c_str(), errno};
      continue;
    }
    UniqueFd copy{::open_tree(empty.get(), "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
    if (!copy || !attach(copy.get(), target.get())) return {"mask", path.c_str(), errno};
  }
  return {};
}

Fault protectPaths(int root, const RootPlan& plan) noexcept {
  for (const auto& path : plan.readonlyPaths) {
    UniqueFd target{openBelow(root, path.c_str(), O_PATH)};
    if (!target) {
      if (errno == ENOENT || errno == ENOTDIR) continue;
      return {"read-only path", path.c_str(), errno};
    }
    UniqueFd tree{::open_tree(target.get(), "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
    if (!tree) return {"read-only path", path.c_str(), errno};
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0 ||
        !attach(tree.get(), target.get()))
      return {"read-only path", path.c_str(), errno};
  }
  return {};
}

}  // namespace

Fault assembleRoot(const RootPlan& plan) noexcept {
  /* nothing that is mounted from here on may reach the caller's namespace */
  if (::mount(nullptr, "/", nullptr, MS_REC | plan.callerPropagation, nullptr) != 0) return {"mount", "/", errno};
  /* stacked over "/", where our own paths still begin below it: root.path may lie in a directory that root of a user
     namespace may not enter */
  const char* place = plan.overRoot ? "/" : plan.path.c_str();
  UniqueFd target{::open(place, O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!target) return {"open", place, errno};
  if (!attach(plan.tree.get(), target.get())) return {"mount", plan.path.c_str(), errno};
  int root = plan.tree.get();
  for (const auto& step : plan.mounts)
    if (auto fault = performStep(root, step)) return fault;
  if (plan.setUpDev)
    if (auto fault = setUpDev(root, plan)) return fault;
  if (auto fault = protectPaths(root, plan)) return fault;
  return maskPaths(root, plan);
}

Fault enterRoot(const RootPlan& plan) noexcept {
  int root = plan.tree.get();
  if (plan.readOnly) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (::mount_setattr(root, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
      return {"mount_setattr", "/", errno};
  }
  if (::fchdir(root) != 0) return {"chdir", plan.path.c_str(), errno};
  if (plan.pivot) {
    /* the old root is stacked below the new one and detached: no directory for it is needed (pivot_root(2)) */
    if (::syscall(SYS_pivot_root, ".", ".") != 0) return {"pivot_root", plan.path.c_str(), errno};
    if (::umount2(".", MNT_DETACH) != 0) return {"umount", "/", errno};
  } else {
    if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) return {"mount", "/", errno};
    if (::chroot(".") != 0) return {"chroot", plan.path.c_str(), errno};
  }
  if (::chdir("/") != 0) return {"chdir", "/", errno};
  if (plan.rootPropagation != 0) {
    unsigned long flags = plan.rootPropagation | (plan.rootPropagationRecursive ? uint64_t{MS_REC} : 0);
    if (::mount(nullptr, "/", nullptr, flags, nullptr) != 0) return {"mount propagation", "/", errno};
  }
  return {};
}

int openTerminal(int root, uint16_t rows, uint16_t columns, int& slave, Fault& fault) noexcept {
  /* ptmx of the container's own devpts, and really that: the image could have put anything in its place */
  UniqueFd master{root == AT_FDCWD ? ::open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC)
                                   : openBelow(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW)};
  if (!master) {
    fault = {"open", "/dev/pts/ptmx", errno};
    return -1;
  }
  struct statfs filesystem;
  struct stat info;
  if (::fstatfs(master.get(), &filesystem) != 0 || ::fstat(master.get(), &info) != 0 ||
      filesystem.f_type != DEVPTS_SUPER_MAGIC || info.st_rdev != makedev(5, 2)) {
    fault = {"open", "/dev/pts/ptmx", ENODEV};
    return -1;
  }
  int unlocked = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &unlocked) != 0) {
    fault = {"unlock", "/dev/pts/ptmx", errno};
    return -1;
  }
  /* TIOCGPTPEER opens the other end without a path (ioctl_tty(2)) */
  slave = ::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) {
    fault = {"TIOCGPTPEER", "/dev/pts/ptmx", errno};
    return -1;
  }
  if (rows != 0 || columns != 0) {
    winsize size{rows, columns, 0, 0};
    ::ioctl(master.get(), TIOCSWINSZ, &size);
  }
  return master.release();
}

Fault mountConsole(const RootPlan& plan, int slave) noexcept {
  int root = plan.tree.get();
  unsigned number = 0;
  if (::ioctl(slave, TIOCGDEV, &number) != 0) return {"TIOCGDEV", "/dev/console", errno};
  char path[] = "/dev/pts/0000000000";
  char digits[16];
  unsigned index = minor(number) + ((major(number) - 136U) << 20U);
  int length = 0;
  do digits[length++] = static_cast<char>('0' + index % 10);
  while ((index /= 10) != 0);
  char* end = path + std::strlen("/dev/pts/");
  while (length > 0) *end++ = digits[--length];
  *end = 0;
  UniqueFd node{openBelow(root, path, O_PATH | O_NOFOLLOW)};
  if (!node) return {"open", "/dev/pts", errno};
  struct stat seen;
  struct stat own;
  if (::fstat(node.get(), &seen) != 0 || ::fstat(slave, &own) != 0) return {"stat", "/dev/console", errno};
  if (seen.st_rdev != own.st_rdev || seen.st_dev != own.st_dev) return {"stat", "/dev/console", ENODEV};
  UniqueFd tree{::open_tree(node.get(), "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
  if (!tree) return {"open_tree", "/dev/console", errno};
  UniqueFd target{openTarget(root, "/dev/console", false, false)};
  if (!target) return {"mount target", "/dev/console", errno};
  if (!attach(tree.get(), target.get())) return {"mount", "/dev/console", errno};
  return {};
}

}  // namespace tscompose
