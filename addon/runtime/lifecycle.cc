/// create, start, run, kill and delete.

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <ctime>
#include <optional>

#include "core/cgroup.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hooks.h"
#include "core/launch.h"
#include "core/process.h"
#include "core/spec.h"
#include "core/terminal.h"
#include "runtime/arguments.h"
#include "runtime/commands.h"
#include "runtime/foreground.h"

namespace tscompose::runtime {

namespace {

const OptionTable kCreateOptions{
    .valued = {{"--bundle", "bundle"},
               {"-b", "bundle"},
               {"--console-socket", "console-socket"},
               {"--pid-file", "pid-file"},
               {"--preserve-fds", "preserve-fds"}},
    .flags = {{"--no-pivot", "no-pivot"},
              {"--no-new-keyring", "no-new-keyring"},
              {"--no-subreaper", "no-subreaper"},
              {"--detach", "detach"},
              {"-d", "detach"},
              {"--keep", "keep"}}};

std::string absolutePath(const std::string& path) {
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr) throw SysError(errno, "realpath", path);
  return resolved;
}

std::string onlyOperand(const Arguments& arguments, const std::string& command) {
  if (arguments.operands.size() != 1) throw UsageError(command + " needs exactly one container ID");
  return arguments.operands.front();
}

std::string now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  std::tm utc{};
  char text[64];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", ::gmtime_r(&time.tv_sec, &utc));
  std::snprintf(text + length, sizeof text - length, ".%09ldZ", time.tv_nsec);
  return text;
}

std::string userName() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : "#" + std::to_string(::geteuid());
}

/// The specification's cgroupsPath; without one the container gets a cgroup of its own name. With --systemd-cgroup the
/// path is "slice:prefix:name" (crun and runc agree), which becomes the directories that systemd would make.
std::string cgroupsPathOf(const Spec& spec, const std::string& id, bool systemdCgroup) {
  const std::string& path = spec.linux_.cgroupsPath;
  if (path.empty()) return "/" + id;
  const size_t first = path.find(':');
  const size_t second = first == std::string::npos ? first : path.find(':', first + 1);
  if (!systemdCgroup || second == std::string::npos) return path.front() == '/' ? path : "/" + path;
  std::string slice = path.substr(0, first);
  if (slice.empty()) slice = "system.slice";
  // "a-b.slice" lies in "a.slice" (systemd.slice(5)).
  std::string directories;
  const std::string stem = slice.substr(0, slice.rfind(".slice"));
  for (size_t dash = stem.find('-'); dash != std::string::npos; dash = stem.find('-', dash + 1))
    directories += "/" + stem.substr(0, dash) + ".slice";
  return directories + "/" + slice + "/" + path.substr(first + 1, second - first - 1) + "-" + path.substr(second + 1) +
         ".scope";
}

/// A container whose process waits, written down. Whatever fails takes the reservation with it.
class Creation {
 public:
  Creation(const Globals& globals, const Arguments& arguments, const std::string& id)
      : store_(globals.root), id_(id), bundle_(absolutePath(arguments.value("bundle", "."))) {
    const std::string text = readFile(bundle_ + "/config.json");
    spec_ = parseSpec(text);
    if (!spec_.process) throw InputError("INVALID", "config.json: process is required");
    spec_.linux_.cgroupsPath = cgroupsPathOf(spec_, id, globals.systemdCgroup);
    consoleSocket_ = arguments.value("console-socket");
    if (spec_.process->terminal && consoleSocket_.empty() && needsConsoleSocket(arguments))
      throw UsageError("cannot allocate tty without console socket: pass --console-socket");
    if (!spec_.process->terminal && !consoleSocket_.empty())
      throw UsageError("cannot use console socket without process.terminal");
    store_.reserve(id);
    reserved_ = true;
    replaceFile(store_.specPath(id), text, 0600);
  }

  ~Creation() {
    if (!reserved_) return;
    try {
      store_.remove(id_);
    } catch (const std::exception&) {
      // `delete --force` takes what is left.
    }
  }

  Creation(const Creation&) = delete;
  Creation& operator=(const Creation&) = delete;

  Created launch(const Arguments& arguments) {
    Created created = tscompose::create(spec_, id_, bundle_, Stdio{0, 1, 2});
    entry_.id = id_;
    entry_.bundle = bundle_;
    entry_.cgroupsPath = spec_.linux_.cgroupsPath;
    entry_.created = now();
    entry_.owner = userName();
    entry_.bootId = readBootId();
    const auto status = readProcessStatus(created.pid());
    if (!status) throw SysError(ESRCH, "container process");
    entry_.process = {created.pid(), status->startTicks};
    store_.save(entry_);
    if (!consoleSocket_.empty()) {
      const UniqueFd console = created.takeConsole();
      sendConsole(console.get(), consoleSocket_);
    }
    if (const std::string path = arguments.value("pid-file"); !path.empty())
      replaceFile(path, std::to_string(created.pid()), 0644);
    return created;
  }

  void markStarted() {
    entry_.started = true;
    store_.save(entry_);
  }

  /// The container outlives this command.
  void keep() noexcept { reserved_ = false; }

  const Spec& spec() const noexcept { return spec_; }
  const std::string& bundle() const noexcept { return bundle_; }
  const ContainerStore& store() const noexcept { return store_; }

 private:
  static bool needsConsoleSocket(const Arguments& arguments) { return !arguments.has("foreground-terminal"); }

  ContainerStore store_;
  std::string id_;
  std::string bundle_;
  std::string consoleSocket_;
  Spec spec_;
  ContainerEntry entry_;
  bool reserved_ = false;
};

/// Ends whatever is left of a container and forgets it. Being killed half way, it can be run again.
void destroy(const ContainerStore& store, const std::string& id) {
  const auto entry = store.find(id);
  if (entry) {
    const Cgroup cgroup = Cgroup::open(entry->cgroupsPath);
    if (cgroup.exists()) {
      cgroup.kill();
      if (const auto pidfd = openPidfd(entry->process)) waitForExit(pidfd->get(), 10'000);
      cgroup.remove();
    } else if (const auto pidfd = openPidfd(entry->process)) {
      sendSignal(pidfd->get(), SIGKILL);
      waitForExit(pidfd->get(), 10'000);
    }
    if (const auto text = readFileIfExists(store.specPath(id))) {
      const Spec spec = parseSpec(*text);
      runHooks(spec.hooks.poststop, formatState(spec, id, "stopped", 0, entry->bundle));
    }
  }
  store.remove(id);
}

}  // namespace

int commandCreate(const Globals& globals, const Words& words) {
  const Arguments arguments = parseArguments(words, kCreateOptions, true);
  const std::string id = onlyOperand(arguments, "create");
  Creation creation{globals, arguments, id};
  Created created = creation.launch(arguments);
  created.detach(creation.store().fifoPath(id));
  creation.keep();
  return 0;
}

int commandStart(const Globals& globals, const Words& words) {
  const Arguments arguments = parseArguments(words, {}, true);
  const std::string id = onlyOperand(arguments, "start");
  const ContainerStore store{globals.root};
  ContainerEntry entry = store.load(id);
  const std::string status = statusOf(entry);
  if (status != "created") throw InputError("INVALID", "cannot start a container that has " + status);
  Spec spec = parseSpec(readFile(store.specPath(id)));
  spec.linux_.cgroupsPath = entry.cgroupsPath;
  startDetached(spec, id, entry.bundle, entry.process.pid, store.fifoPath(id));
  entry.started = true;
  store.save(entry);
  return 0;
}

int commandRun(const Globals& globals, const Words& words) {
  Arguments arguments = parseArguments(words, kCreateOptions, true);
  const std::string id = onlyOperand(arguments, "run");
  const bool detached = arguments.has("detach");
  // In the foreground the terminal is relayed to ours.
  if (!detached && arguments.value("console-socket").empty()) arguments.flags.insert("foreground-terminal");
  // Before the child exists, so that no signal is missed.
  std::optional<SignalForwarder> signals;
  if (!detached) signals.emplace();
  Creation creation{globals, arguments, id};
  Created created = creation.launch(arguments);
  const bool relays = creation.spec().process->terminal && arguments.value("console-socket").empty();
  const UniqueFd console = relays ? created.takeConsole() : UniqueFd{};
  created.start();
  creation.markStarted();
  if (detached) {
    creation.keep();
    (void)created.takePidfd();
    return 0;
  }
  const int exitCode = signals->wait(created.pid(), created.pidfd(), console.get());
  if (arguments.has("keep")) {
    creation.keep();
    return exitCode;
  }
  destroy(creation.store(), id);
  creation.keep();
  return exitCode;
}

int commandKill(const Globals& globals, const Words& words) {
  // A signal may look like an option ("-9" is not one of runc's, but "-a" is).
  const Arguments arguments = parseArguments(words, {.valued = {}, .flags = {{"--all", "all"}, {"-a", "all"}}}, true);
  if (arguments.operands.empty() || arguments.operands.size() > 2)
    throw UsageError("kill needs a container ID and, optionally, a signal");
  const std::string& id = arguments.operands[0];
  const int signal = parseSignal(arguments.operands.size() == 2 ? arguments.operands[1] : "SIGTERM");
  const ContainerStore store{globals.root};
  const ContainerEntry entry = store.load(id);
  if (arguments.has("all")) {
    const Cgroup cgroup = Cgroup::open(entry.cgroupsPath);
    if (signal == SIGKILL) {
      cgroup.kill();
      return 0;
    }
    for (const pid_t pid : cgroup.processes()) {
      if (::kill(pid, signal) != 0 && errno != ESRCH) throw SysError(errno, "kill", std::to_string(pid));
    }
    return 0;
  }
  if (statusOf(entry) == "stopped") throw InputError("NOT_RUNNING", "container not running");
  const auto pidfd = openPidfd(entry.process);
  if (!pidfd || !sendSignal(pidfd->get(), signal)) throw InputError("NOT_RUNNING", "container not running");
  return 0;
}

int commandDelete(const Globals& globals, const Words& words) {
  const Arguments arguments =
      parseArguments(words, {.valued = {}, .flags = {{"--force", "force"}, {"-f", "force"}}}, true);
  const std::string id = onlyOperand(arguments, "delete");
  const ContainerStore store{globals.root};
  const bool force = arguments.has("force");
  if (!store.reserved(id)) {
    if (force) return 0;
    throw InputError("CONTAINER_NOT_FOUND", "container \"" + id + "\" does not exist");
  }
  const auto entry = store.find(id);
  const std::string status = entry ? statusOf(*entry) : "stopped";
  if (!force && status != "stopped" && status != "created")
    throw InputError("INVALID", "cannot delete container " + id + " that is not stopped: " + status);
  destroy(store, id);
  return 0;
}

}  // namespace tscompose::runtime
