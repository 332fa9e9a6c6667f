#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <ctime>

#include "core/error.h"
#include "core/file.h"
#include "core/launch.h"
#include "runtime/commands.h"
#include "runtime/console.h"
#include "runtime/options.h"

namespace tscompose::runtime {

namespace {

const std::vector<OptionRule> kCreateOptions{
    {"bundle", 'b', true},     {"pid-file", 0, true},        {"console-socket", 0, true}, {"no-pivot", 0, false},
    {"preserve-fds", 0, true}, {"no-new-keyring", 0, false}, {"detach", 'd', false},      {"keep", 0, false}};

std::string now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  tm parts{};
  ::gmtime_r(&time.tv_sec, &parts);
  std::array<char, 64> text{};
  size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  auto nanoseconds = std::to_string(1'000'000'000L + time.tv_nsec).substr(1);
  return std::string{text.data(), length} + "." + nanoseconds + "Z";
}

std::string absolute(const std::string& path) {
  std::array<char, PATH_MAX> resolved{};
  if (::realpath(path.c_str(), resolved.data()) == nullptr) throw SysError(errno, "open", path);
  return resolved.data();
}

/// "slice:prefix:name" of --systemd-cgroup, as a plain path: this runtime makes cgroups itself.
std::string translateSystemdPath(const std::string& path, const std::string& id) {
  auto first = path.find(':');
  auto second = first == std::string::npos ? first : path.find(':', first + 1);
  if (second == std::string::npos) return path;
  auto slice = path.substr(0, first);
  auto prefix = path.substr(first + 1, second - first - 1);
  auto name = path.substr(second + 1);
  if (name.empty()) name = id;
  if (slice.empty()) slice = "system.slice";
  /* a-b.slice lies in a.slice (systemd.slice(5)) */
  std::string result;
  auto stem = slice.substr(0, slice.rfind(".slice"));
  if (stem != "-") {
    for (size_t dash = stem.find('-'); dash != std::string::npos; dash = stem.find('-', dash + 1))
      result += "/" + stem.substr(0, dash) + ".slice";
    result += "/" + stem + ".slice";
  }
  bool isSlice = name.size() > 6 && name.compare(name.size() - 6, 6, ".slice") == 0;
  return result + "/" + (isSlice ? name : prefix.empty() ? name + ".scope" : prefix + "-" + name + ".scope");
}

/// What socket activation hands on (sd_listen_fds(3)).
unsigned listenFds() {
  const char* count = std::getenv("LISTEN_FDS");
  return count == nullptr ? 0 : static_cast<unsigned>(std::strtoul(count, nullptr, 10));
}

void writePidFile(const Options& options, pid_t pid) {
  if (auto path = options.find("pid-file")) replaceFile(*path, std::to_string(pid), 0644, Durability::kWhileUp);
}

struct Made {
  Record record;
  Spec spec;
  Created created;
};

/// Everything `create` and `run` have in common, up to the container waiting for its start.
Made make(const Global& global, const Options& options) {
  const auto& id = options.operand(0, "container id");
  auto bundle = absolute(options.find("bundle").value_or("."));
  auto text = readFile(bundle + "/config.json");
  auto spec = parseSpec(text);
  if (spec.linux_.cgroupsPath.find(':') != std::string::npos) {
    if (!global.systemdCgroup)
      throw InputError("INVALID", "cgroupsPath '" + spec.linux_.cgroupsPath +
                                      "' is a systemd path, but --systemd-cgroup was not given");
    spec.linux_.cgroupsPath = translateSystemdPath(spec.linux_.cgroupsPath, id);
  }
  if (spec.seccompCache.empty()) spec.seccompCache = global.store.cachePath();
  auto consoleSocket = options.find("console-socket");
  bool terminal = spec.process && spec.process->terminal;
  if (consoleSocket && !terminal) throw InputError("USAGE", "--console-socket needs process.terminal");
  unsigned preserved = std::min(preservedFds(global, options) + listenFds(), global.inheritedFds);

  global.store.reserve(id);
  Record record{id, bundle, cgroupPathOf(spec, id), now(), "", {}, readBootId()};
  if (const char* owner = ::getenv("USER")) record.owner = owner;
  try {
    global.store.writeSpec(id, text);
    /* before the process exists: from here on `delete` knows the cgroup, whatever becomes of us */
    global.store.write(record);
    Stdio stdio;
    stdio.preservedFds = preserved;
    auto created = tscompose::create(spec, id, bundle, stdio, !options.has("no-pivot"));
    auto status = readProcessStatus(created.pid());
    record.init = {created.pid(), status ? status->startTicks : 0};
    global.store.write(record);
    for (const auto& warning : created.warnings()) global.warn(warning);
    return {record, spec, std::move(created)};
  } catch (...) {
    global.store.remove(id);
    throw;
  }
}

}  // namespace

unsigned preservedFds(const Global& global, const Options& options) {
  auto text = options.find("preserve-fds");
  if (!text) return 0;
  auto count = std::strtoul(text->c_str(), nullptr, 10);
  if (count > global.inheritedFds)
    throw InputError("USAGE", "--preserve-fds " + *text + ": descriptor " + std::to_string(3 + global.inheritedFds) +
                                  " is not open");
  return static_cast<unsigned>(count);
}

int createCommand(const Global& global, const Words& arguments) {
  auto options = Options::parse(arguments, kCreateOptions, false);
  auto made = make(global, options);
  try {
    if (made.spec.process->terminal) {
      auto consoleSocket = options.find("console-socket");
      if (!consoleSocket) throw InputError("USAGE", "process.terminal needs --console-socket");
      sendConsole(*consoleSocket, made.created.takeConsole());
    }
    writePidFile(options, made.created.pid());
    made.created.detach(global.store.socketPath(made.record.id));
  } catch (...) {
    global.store.remove(made.record.id);
    throw;
  }
  return 0;
}

int startCommand(const Global& global, const Words& arguments) {
  auto options = Options::parse(arguments, {}, false);
  const auto& id = options.operand(0, "container id");
  auto record = global.store.read(id);
  auto lock = global.store.lock(id);
  auto status = statusOf(global.store, record);
  if (status == "stopped") throw InputError("NOT_RUNNING", "cannot start a container that has stopped");
  if (status != "created") throw InputError("INVALID", "cannot start a container in the " + status + " state");
  auto warnings =
      startDetached(global.store.readSpec(id), id, record.bundle, record.init.pid, global.store.socketPath(id));
  for (const auto& warning : warnings) global.warn(warning);
  return 0;
}

int runCommand(const Global& global, const Words& arguments) {
  auto options = Options::parse(arguments, kCreateOptions, false);
  bool detach = options.has("detach");
  auto consoleSocket = options.find("console-socket");
  auto made = make(global, options);
  int pidfd = made.created.pidfd();
  pid_t pid = made.created.pid();
  UniqueFd console;
  try {
    if (made.spec.process->terminal) {
      if (detach && !consoleSocket)
        throw InputError("USAGE", "a detached container with process.terminal needs --console-socket");
      if (consoleSocket)
        sendConsole(*consoleSocket, made.created.takeConsole());
      else
        console = made.created.takeConsole();
    }
    writePidFile(options, pid);
    made.created.start();
  } catch (...) {
    global.store.remove(made.record.id);
    throw;
  }
  if (detach) return 0;
  int exitCode = attend(pid, pidfd, std::move(console));
  if (!options.has("keep")) destroy(global, made.record);
  return exitCode;
}

}  // namespace tscompose::runtime
