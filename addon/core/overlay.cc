#include "core/overlay.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "core/error.h"
#include "core/file.h"
#include "core/process.h"

namespace tscompose {

namespace {

bool inInitialUserNamespace() {
  auto text = readFile("/proc/self/uid_map");
  return text.find("4294967295") != std::string::npos;
}

/// Whether overlayfs reads its options one by one, as it does since Linux 6.5. Before, fsconfig(2) takes any, and what
/// is wrong is told at the end and in the kernel's log.
bool readsOverlayOptions() {
  utsname kernel{};
  int major = 0;
  int minor = 0;
  if (::uname(&kernel) != 0 || std::sscanf(kernel.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 6 || (major == 6 && minor >= 5);
}

/// Before Linux 6.7 the layers are one option, and fsconfig(2) takes no more than 255 bytes of it where mount(2) takes
/// a page: so a helper mounts at `place` in a mount namespace of its own, and only the detached clone comes out.
UniqueFd makeOverlayByMount(const Overlay& overlay, const std::string& place) {
  auto escape = [](const std::string& path, std::string_view special) {
    std::string text;
    for (char letter : path) {
      if (special.find(letter) != std::string_view::npos) text += '\\';
      text += letter;
    }
    return text;
  };
  std::string options = "lowerdir=";
  for (const auto& lower : overlay.lower) {
    if (options.back() != '=') options += ':';
    options += escape(lower, ":,\\");
  }
  if (!overlay.upper.empty())
    options += ",upperdir=" + escape(overlay.upper, ",\\") + ",workdir=" + escape(overlay.work, ",\\");
  if (!inInitialUserNamespace()) options += ",userxattr";
  if (options.size() > 4095)
    throw InputError("LIMIT",
                     "the layers' paths are longer than this kernel's mount takes; Linux 6.7 has no such limit");

  auto pair = makeSocketPair(SOCK_STREAM);
  clone_args arguments{};
  arguments.flags = CLONE_NEWNS;
  arguments.exit_signal = SIGCHLD;
  long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) throw SysError(errno, "clone3", "overlay");
  if (pid == 0) {
    /* the exit code is the errno */
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("overlay", place.c_str(), "overlay", 0, options.c_str()) != 0)
      ::_exit(errno);
    int tree = ::open_tree(AT_FDCWD, place.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0) ::_exit(errno);
    try {
      sendFd(pair.second.get(), tree);
    } catch (const SysError& error) {
      ::_exit(error.error());
    }
    ::_exit(0);
  }
  pair.second.reset();
  int error = exitCodeOf(waitForChild(static_cast<pid_t>(pid)));
  if (error != 0) throw SysError(error, "mount", "overlay of " + overlay.lower.front());
  return receiveFd(pair.first.get());
}

}  // namespace

UniqueFd makeOverlay(const Overlay& overlay, const std::string& place) {
  if (!readsOverlayOptions()) return makeOverlayByMount(overlay, place);
  UniqueFd context{::fsopen("overlay", FSOPEN_CLOEXEC)};
  if (!context) throw SysError(errno, "fsopen", "overlay");
  auto set = [&](const char* key, const std::string& value) {
    return ::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0;
  };
  auto require = [&](const char* key, const std::string& value) {
    if (!set(key, value)) throw SysError(errno, "overlay", std::string{key} + " " + value);
  };
  require("source", "overlay");
  bool separately = set("lowerdir+", overlay.lower.front()); /* since Linux 6.7 */
  if (!separately) {
    if (errno != EINVAL) throw SysError(errno, "overlay", "lowerdir " + overlay.lower.front());
    return makeOverlayByMount(overlay, place);
  }
  for (size_t index = 1; index < overlay.lower.size(); ++index) require("lowerdir+", overlay.lower[index]);
  if (!overlay.upper.empty()) {
    require("upperdir", overlay.upper);
    require("workdir", overlay.work);
    /* fsync(2) inside and the unmount wait for nothing; without it (before Linux 5.10) they merely take longer */
    if (overlay.isVolatile) ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "volatile", nullptr, 0);
  }
  if (!inInitialUserNamespace() && ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "userxattr", nullptr, 0) != 0)
    throw SysError(errno, "overlay", "userxattr");
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    throw SysError(errno, "mount", "overlay of " + overlay.lower.front());
  UniqueFd mount{::fsmount(context.get(), FSMOUNT_CLOEXEC, 0)};
  if (!mount) throw SysError(errno, "fsmount", "overlay");
  return mount;
}

}  // namespace tscompose
