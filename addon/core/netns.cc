#include "core/netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <string_view>
#include <thread>

#include "core/error.h"

namespace tscompose {

void onOwnThread(const std::function<void()>& work) {
  std::exception_ptr failure;
  std::thread([&] {
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

void enterNamespace(int netns) {
  if (::setns(netns, CLONE_NEWNET) != 0) throw SysError(errno, "setns");
}

UniqueFd openNamespace(const std::string& path) {
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    throw SysError(errno, "open", path);
  }
  // A plain file is what a reboot leaves of the mount.
  struct statfs info = {};
  if (::fstatfs(fd.get(), &info) != 0) throw SysError(errno, "fstatfs", path);
  if (static_cast<unsigned long>(info.f_type) != NSFS_MAGIC) return {};
  if (::ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET) return {};
  return fd;
}

namespace {

void makeParents(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string directory = path.substr(0, slash);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) throw SysError(errno, "mkdir", directory);
  }
}

}  // namespace

UniqueFd createNamespace(const std::string& path) {
  if (::unshare(CLONE_NEWNET) != 0) throw SysError(errno, "unshare", "network namespace");
  UniqueFd netns{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (!netns) throw SysError(errno, "open", "/proc/thread-self/ns/net");
  const auto makeFile = [&] { return UniqueFd{::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600)}; };
  UniqueFd file = makeFile();
  if (!file && errno == ENOENT) {
    makeParents(path);
    file = makeFile();
  }
  if (!file) throw SysError(errno, "open", path);
  if (::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    throw SysError(error, "mount", path);
  }
  return netns;
}

void removeNamespace(const std::string& path) {
  // EINVAL: not a mount point (umount(2)). Stacked mounts happen when two make the same namespace at once.
  while (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  if (errno != EINVAL && errno != ENOENT) throw SysError(errno, "umount2", path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw SysError(errno, "unlink", path);
}

void writeSysctl(const std::string& key, const std::string& value) {
  if (key.find("..") != std::string::npos) throw InputError("INVALID", "invalid sysctl " + key);
  const std::string path = "/proc/sys/" + key;
  UniqueFd fd{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  if (!fd && errno == EACCES) fd.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) throw SysError(errno, "open", path);
  std::array<char, 256> current{};
  const ssize_t length = ::read(fd.get(), current.data(), current.size());
  if (length > 0) {
    std::string_view text(current.data(), static_cast<size_t>(length));
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text == value) return;
  }
  if (::pwrite(fd.get(), value.data(), value.size(), 0) < 0) throw SysError(errno, "write", path);
}

}  // namespace tscompose
