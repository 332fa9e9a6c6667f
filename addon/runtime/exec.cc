#include <unistd.h>

#include <cstdlib>

#include "core/error.h"
#include "core/file.h"
#include "core/launch.h"
#include "runtime/commands.h"
#include "runtime/console.h"
#include "runtime/options.h"

namespace tscompose::runtime {

namespace {

bool isNumericUser(const std::string& user) { return user.find_first_not_of("0123456789:") == std::string::npos; }

/// The process of --process, or the container's own with what the flags change.
Process describe(const Options& options, const Spec& spec, ExecOptions& exec) {
  if (auto path = options.find("process")) return parseProcess(readFile(*path));
  if (!spec.process) throw InputError("INVALID", "the container has no process to derive from");
  Process process = *spec.process;
  process.args.assign(options.operands().begin() + 1, options.operands().end());
  if (process.args.empty()) throw InputError("USAGE", "command is missing");
  process.terminal = options.has("tty");
  process.consoleSize.reset();
  if (auto cwd = options.find("cwd")) process.cwd = *cwd;
  for (const auto& variable : options.all("env")) process.env.push_back(variable);
  if (auto user = options.find("user")) {
    process.user.additionalGids.clear();
    if (isNumericUser(*user) && !user->empty()) {
      auto colon = user->find(':');
      process.user.uid = static_cast<uint32_t>(std::strtoul(user->c_str(), nullptr, 10));
      process.user.gid =
          colon == std::string::npos ? 0 : static_cast<uint32_t>(std::strtoul(user->c_str() + colon + 1, nullptr, 10));
    } else {
      exec.user = *user;
    }
  }
  for (const auto& gid : options.all("additional-gids"))
    process.user.additionalGids.push_back(static_cast<uint32_t>(std::strtoul(gid.c_str(), nullptr, 10)));
  if (!process.capabilities) process.capabilities.emplace();
  for (const auto& capability : options.all("cap")) {
    process.capabilities->bounding.push_back(capability);
    process.capabilities->effective.push_back(capability);
    process.capabilities->permitted.push_back(capability);
  }
  if (options.has("no-new-privs")) process.noNewPrivileges = true;
  if (auto profile = options.find("apparmor")) process.apparmorProfile = *profile;
  if (auto label = options.find("process-label")) process.selinuxLabel = *label;
  return process;
}

}  // namespace

int execCommand(const Global& global, const Words& arguments) {
  static const std::vector<OptionRule> kRules{{"process", 'p', true},      {"pid-file", 0, true},
                                              {"console-socket", 0, true}, {"detach", 'd', false},
                                              {"tty", 't', false},         {"cwd", 0, true},
                                              {"env", 'e', true},          {"user", 'u', true},
                                              {"cap", 'c', true},          {"additional-gids", 'g', true},
                                              {"no-new-privs", 0, false},  {"apparmor", 0, true},
                                              {"process-label", 0, true},  {"preserve-fds", 0, true},
                                              {"ignore-paused", 0, false}, {"cgroup", 0, true}};
  auto options = Options::parse(arguments, kRules, true);
  auto record = global.store.read(options.operand(0, "container id"));
  auto status = statusOf(global.store, record);
  if (status == "stopped") throw InputError("NOT_RUNNING", "cannot exec in a stopped container");
  if (status == "paused" && !options.has("ignore-paused"))
    throw InputError("INVALID", "cannot exec in a paused container");
  auto spec = global.store.readSpec(record.id);
  if (spec.seccompCache.empty()) spec.seccompCache = global.store.cachePath();
  ExecOptions execOptions;
  auto process = describe(options, spec, execOptions);
  bool detach = options.has("detach");
  auto consoleSocket = options.find("console-socket");
  if (process.terminal && detach && !consoleSocket)
    throw InputError("USAGE", "a detached process with a terminal needs --console-socket");
  if (!process.terminal && consoleSocket) throw InputError("USAGE", "--console-socket needs a terminal");
  Stdio stdio;
  stdio.preservedFds = preservedFds(global, options);
  auto running = execIn(record.init.pid, spec, process, Cgroup::open(record.cgroupPath), stdio, execOptions);
  if (auto path = options.find("pid-file")) replaceFile(*path, std::to_string(running.pid), 0644, Durability::kWhileUp);
  if (consoleSocket) {
    sendConsole(*consoleSocket, running.console);
    running.console.reset();
  }
  if (detach) return 0;
  return attend(running.pid, running.pidfd.get(), std::move(running.console));
}

}  // namespace tscompose::runtime
