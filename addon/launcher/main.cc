// Starts the command beside the supervisor that it will want: each takes as long to start as everything after it.
//   tscompose-launcher NODE DIST [ARGUMENT...]
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/daemon.h"
#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"
#include "launcher/guess.h"

using namespace tscompose;

namespace {

/// As in src/util/node-flags.ts, which says why.
constexpr std::array kNodeFlags{"--disable-warning=ExperimentalWarning", "--single-threaded-gc",
                                "--min-semi-space-size=4"};
/// Read and removed by the command at its first line (src/client/begun.ts).
constexpr const char* kVariable = "TSCOMPOSE_BEGUN_SUPERVISOR";

bool mayMakeContainers() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::geteuid() != 0 || ::syscall(SYS_capget, &header, data) != 0) return false;
  const auto has = [&](int number) { return (data[0].effective & CAP_TO_MASK(number)) != 0; };
  return has(CAP_SYS_ADMIN) && has(CAP_NET_ADMIN);
}

/// Starts the supervisor unless one listens; leaves the descriptor that tells when it is ready in the environment.
void beginSupervisor(const std::string& node, const std::string& dist, const SupervisorGuess& guess) {
  const std::string run = guess.stateDir.empty() ? "/run/tscompose" : guess.stateDir + "/run";
  const std::string directory = run + "/projects/" + guess.projectName;
  if (::access((directory + "/supervisor.sock").c_str(), F_OK) == 0) return;
  makeDirectories(directory, 0711);
  const std::string path = directory + "/supervisor.log";
  const UniqueFd log{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  if (!log) throw SysError(errno, "open", path);
  DaemonOptions options;
  options.file = node;
  options.arguments = {kNodeFlags.begin(), kNodeFlags.end()};
  options.arguments.insert(options.arguments.end(),
                           {dist + "/supervisor.js", "--ready-fd", "{fd}", "--project", guess.projectName});
  if (!guess.stateDir.empty()) options.arguments.insert(options.arguments.end(), {"--state-dir", guess.stateDir});
  for (char** variable = environ; *variable != nullptr; ++variable) options.environment.emplace_back(*variable);
  options.output = log.get();
  options.leavesCgroups = true;
  UniqueFd ready = spawnDetached(options);
  // The command looks whether there is a line before it waits for one.
  if (::fcntl(ready.get(), F_SETFD, 0) != 0 || ::fcntl(ready.get(), F_SETFL, O_NONBLOCK) != 0) {
    throw SysError(errno, "fcntl", "ready pipe");
  }
  const std::string told = std::to_string(ready.release()) + ":" + guess.projectName;
  ::setenv(kVariable, told.c_str(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: tscompose-launcher NODE DIST [ARGUMENT...]\n");
    return 16;
  }
  const std::string node = argv[1];
  const std::string dist = argv[2];
  ::unsetenv(kVariable);
  try {
    const auto variable = [](const char* name) -> std::optional<std::string> {
      const char* value = ::getenv(name);
      return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
    };
    char directory[4096];
    if (mayMakeContainers() && ::getcwd(directory, sizeof directory) != nullptr) {
      const auto guess =
          guessSupervisor({.arguments = {argv + 3, argv + argc}, .workingDirectory = directory, .variable = variable});
      if (guess) beginSupervisor(node, dist, *guess);
    }
  } catch (const SysError&) {
    // The command tries again, and explains.
  }
  const std::string script = dist + "/cli.js";
  // `--`: Node would take an --env-file among the words behind its script for its own.
  std::vector<char*> arguments{argv[1]};
  for (const char* flag : kNodeFlags) arguments.push_back(const_cast<char*>(flag));
  arguments.insert(arguments.end(), {const_cast<char*>("--"), const_cast<char*>(script.c_str())});
  arguments.insert(arguments.end(), argv + 3, argv + argc);
  arguments.push_back(nullptr);
  ::execvp(node.c_str(), arguments.data());
  std::fprintf(stderr, "tscompose: cannot run %s: %s\n", node.c_str(), std::strerror(errno));
  return 126;
}
