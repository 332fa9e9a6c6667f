/// exec: another process in a running container.

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "core/cgroup.h"
#include "core/error.h"
#include "core/file.h"
#include "core/launch.h"
#include "core/process.h"
#include "core/spec.h"
#include "core/terminal.h"
#include "runtime/arguments.h"
#include "runtime/commands.h"
#include "runtime/foreground.h"

namespace tscompose::runtime {

namespace {

const OptionTable kExecOptions{
    .valued = {{"--process", "process"},
               {"-p", "process"},
               {"--pid-file", "pid-file"},
               {"--console-socket", "console-socket"},
               {"--cwd", "cwd"},
               {"--env", "env"},
               {"-e", "env"},
               {"--user", "user"},
               {"-u", "user"},
               {"--cap", "cap"},
               {"-c", "cap"},
               {"--preserve-fds", "preserve-fds"},
               {"--process-label", "process-label"},
               {"--apparmor", "apparmor"},
               {"--additional-gids", "additional-gids"},
               {"-g", "additional-gids"},
               {"--cgroup", "cgroup"}},
    .flags = {{"--detach", "detach"}, {"-d", "detach"}, {"--tty", "tty"}, {"-t", "tty"},
              {"--no-new-privs", "no-new-privs"}, {"--ignore-paused", "ignore-paused"}}};

uint32_t parseId(const std::string& text, const std::string& what) {
  const bool digits = !text.empty() && text.size() <= 10 && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
  const unsigned long long value = digits ? std::stoull(text) : ~0ULL;
  if (value > 0xffffffffULL) throw UsageError(what + " must be a number: " + text);
  return static_cast<uint32_t>(value);
}

/// The container's own process with another command, changed as the options say.
Process processFrom(const Spec& spec, const Arguments& arguments) {
  if (const std::string path = arguments.value("process"); !path.empty()) return parseProcess(readFile(path));
  Process process = *spec.process;
  process.args.assign(arguments.operands.begin() + 1, arguments.operands.end());
  if (process.args.empty()) throw UsageError("exec needs a command, or --process");
  process.terminal = arguments.has("tty");
  process.cwd = arguments.value("cwd", process.cwd);
  if (const auto env = arguments.values.find("env"); env != arguments.values.end())
    process.env.insert(process.env.end(), env->second.begin(), env->second.end());
  if (const std::string user = arguments.value("user"); !user.empty()) {
    const size_t colon = user.find(':');
    process.user.uid = parseId(user.substr(0, colon), "user");
    if (colon != std::string::npos) process.user.gid = parseId(user.substr(colon + 1), "group");
  }
  if (const auto groups = arguments.values.find("additional-gids"); groups != arguments.values.end()) {
    for (const std::string& group : groups->second) process.user.additionalGids.push_back(parseId(group, "group"));
  }
  if (const auto caps = arguments.values.find("cap"); caps != arguments.values.end()) {
    Capabilities sets = process.capabilities.value_or(Capabilities{});
    for (auto* set : {&sets.bounding, &sets.effective, &sets.permitted})
      set->insert(set->end(), caps->second.begin(), caps->second.end());
    process.capabilities = sets;
  }
  process.noNewPrivileges = process.noNewPrivileges || arguments.has("no-new-privs");
  return process;
}

}  // namespace

int commandExec(const Globals& globals, const Words& words) {
  const Arguments arguments = parseArguments(words, kExecOptions, false);
  if (arguments.operands.empty()) throw UsageError("exec needs a container ID");
  const std::string& id = arguments.operands[0];
  const ContainerStore store{globals.root};
  const ContainerEntry entry = store.load(id);
  const std::string status = statusOf(entry);
  if (status == "stopped") throw InputError("NOT_RUNNING", "cannot exec in a stopped container");
  if (status == "paused" && !arguments.has("ignore-paused"))
    throw InputError("NOT_RUNNING", "cannot exec in a paused container: use --ignore-paused to override");
  const Spec spec = parseSpec(readFile(store.specPath(id)));
  Process process = processFrom(spec, arguments);
  const bool detached = arguments.has("detach");
  const std::string consoleSocket = arguments.value("console-socket");
  if (process.terminal && detached && consoleSocket.empty())
    throw UsageError("cannot allocate tty for a detached process without --console-socket");

  std::optional<SignalForwarder> signals;
  if (!detached) signals.emplace();
  ExecProcess started =
      execIn(entry.process.pid, spec, process, Cgroup::open(entry.cgroupsPath), Stdio{0, 1, 2}, false);
  if (process.terminal && !consoleSocket.empty()) {
    sendConsole(started.console.get(), consoleSocket);
    started.console.reset();
  }
  if (const std::string path = arguments.value("pid-file"); !path.empty())
    replaceFile(path, std::to_string(started.pid), 0644);
  if (detached) return 0;
  return signals->wait(started.pid, started.pidfd.get(), started.console ? started.console.get() : -1);
}

}  // namespace tscompose::runtime
