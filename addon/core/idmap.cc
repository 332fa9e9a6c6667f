#include "core/idmap.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "core/error.h"
#include "core/file.h"
#include "core/process.h"

namespace tscompose {

namespace {

std::string format(const std::vector<IdMapping>& mappings) {
  std::string text;
  for (const auto& mapping : mappings)
    text += std::to_string(mapping.containerId) + " " + std::to_string(mapping.hostId) + " " +
            std::to_string(mapping.size) + "\n";
  return text;
}

}  // namespace

void writeIdMappings(pid_t pid, const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids) {
  auto directory = "/proc/" + std::to_string(pid);
  if (!uids.empty()) writeControlFile(directory + "/uid_map", format(uids));
  if (gids.empty()) return;
  try {
    writeControlFile(directory + "/gid_map", format(gids));
  } catch (const SysError& error) {
    if (error.error() != EPERM) throw;
    /* without privilege over the ids a mapping of one's own group needs setgroups given up (user_namespaces(7)) */
    writeControlFile(directory + "/setgroups", "deny");
    writeControlFile(directory + "/gid_map", format(gids));
  }
}

UniqueFd makeIdMapNamespace(const std::vector<IdMapping>& uids, const std::vector<IdMapping>& gids) {
  clone_args arguments{};
  int pidfd = -1;
  arguments.flags = CLONE_NEWUSER | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) throw SysError(errno, "clone3", "idmap");
  if (pid == 0)
    for (;;) ::pause();
  UniqueFd process{pidfd};
  auto end = [&] {
    sendSignal(process.get(), SIGKILL);
    waitForChild(static_cast<pid_t>(pid));
  };
  try {
    writeIdMappings(static_cast<pid_t>(pid), uids, gids);
    auto path = "/proc/" + std::to_string(pid) + "/ns/user";
    UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) throw SysError(errno, "open", path);
    end();
    return fd;
  } catch (...) {
    end();
    throw;
  }
}

}  // namespace tscompose
