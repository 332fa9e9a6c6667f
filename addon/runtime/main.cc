#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/launch.h"
#include "core/process.h"
#include "runtime/commands.h"
#include "runtime/options.h"

namespace tscompose::runtime {

namespace {

constexpr const char* kUsage = R"(Usage: tscompose-runtime [global options] COMMAND [options] CONTAINER

Commands:
  create   make a container that waits for start      start    start a created container
  run      create, start and attend a container       exec     run another process in a container
  state    print a container's state                  list     list containers
  kill     send a signal (default SIGTERM)            delete   remove a container (--force: kill it first)
  ps       list a container's processes               pause, resume
  update   change resource limits                     features print what this runtime supports

Global options:
  --root DIR           state directory (default /run/tscompose-runtime)
  --log FILE           write errors and warnings there too
  --log-format FORMAT  text or json
  --systemd-cgroup     cgroupsPath has systemd's form slice:prefix:name
  --debug  --rootless auto|true|false  --version  --help
)";

/// Where complaints go besides stderr.
struct Log {
  UniqueFd file;
  bool json = false;
};

Log& log() {
  static Log instance;
  return instance;
}

void say(const char* level, const std::string& message) {
  auto line = [](const std::string& text) { return text + "\n"; };
  try {
    if (log().file) {
      std::array<char, 32> time{};
      auto seconds = ::time(nullptr);
      tm parts{};
      ::gmtime_r(&seconds, &parts);
      std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
      nlohmann::ordered_json entry{{"level", level}, {"msg", message}, {"time", time.data()}};
      auto text = log().json ? entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                             : "time=\"" + std::string{time.data()} + "\" level=" + level +
                                   " msg=" + nlohmann::json(message).dump();
      writeFully(log().file.get(), line(text), "log");
    }
    writeFully(STDERR_FILENO, line("tscompose-runtime: " + message), "stderr");
  } catch (const SysError&) {
    /* a closed stderr is no reason to do less */
  }
}

void warn(const std::string& message) { say("warning", message); }

struct Command {
  const char* name;
  int (*run)(const Global&, const Words&);
  bool entersContainer = false;
};

constexpr std::array<Command, 13> kCommands{{{"create", createCommand, true},
                                             {"start", startCommand},
                                             {"run", runCommand, true},
                                             {"state", stateCommand},
                                             {"kill", killCommand},
                                             {"delete", deleteCommand},
                                             {"exec", execCommand, true},
                                             {"ps", psCommand},
                                             {"list", listCommand},
                                             {"features", featuresCommand},
                                             {"pause", pauseCommand},
                                             {"resume", resumeCommand},
                                             {"update", updateCommand}}};

unsigned countInheritedFds() {
  unsigned count = 0;
  while (::fcntl(3 + static_cast<int>(count), F_GETFD) >= 0) ++count;
  return count;
}

int dispatch(int count, char** values) {
  /* first of all: what we open takes the next numbers */
  const unsigned inherited = countInheritedFds();
  static const std::vector<OptionRule> kGlobalRules{{"root", 0, true},
                                                    {"log", 0, true},
                                                    {"log-format", 0, true},
                                                    {"debug", 0, false},
                                                    {"systemd-cgroup", 0, false},
                                                    {"rootless", 0, true},
                                                    {"criu", 0, true},
                                                    {"version", 'v', false},
                                                    {"help", 'h', false}};
  auto options = Options::parse({values + 1, values + count}, kGlobalRules, true);
  if (auto path = options.find("log")) {
    log().file = UniqueFd{::open(path->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
    if (!log().file) throw SysError(errno, "open", *path);
  }
  log().json = options.find("log-format").value_or("text") == "json";
  if (options.has("version")) {
    writeFully(STDOUT_FILENO, "tscompose-runtime version 0.1.0\nspec: 1.2.0\n", "stdout");
    return 0;
  }
  if (options.has("help") || options.operands().empty()) {
    writeFully(options.has("help") ? STDOUT_FILENO : STDERR_FILENO, kUsage, "usage");
    return options.has("help") ? 0 : 2;
  }
  auto root = options.find("root").value_or("");
  if (root.empty()) {
    const char* runtimeDirectory = ::getenv("XDG_RUNTIME_DIR");
    bool isUser = ::geteuid() != 0 && runtimeDirectory != nullptr;
    root = isUser ? std::string{runtimeDirectory} + "/tscompose-runtime" : "/run/tscompose-runtime";
  }
  Global global{Store{root}, options.has("systemd-cgroup"), inherited, warn};
  const auto& name = options.operands().front();
  Words rest{options.operands().begin() + 1, options.operands().end()};
  for (const auto& command : kCommands)
    if (name == command.name) {
      if (command.entersContainer) sealExecutable(values);
      return command.run(global, rest);
    }
  throw InputError("USAGE", "unknown command '" + name + "'");
}

/// The exit codes of runc: 1, except where a shell would say 126 or 127.
int runMain(int count, char** values) {
  try {
    return dispatch(count, values);
  } catch (const LaunchError& error) {
    say("error", error.what());
    return error.exitCode() == 128 ? 1 : error.exitCode();
  } catch (const InputError& error) {
    say("error", error.what());
    return error.code() == "USAGE" ? 2 : 1;
  } catch (const std::exception& error) {
    say("error", error.what());
    return 1;
  }
}

}  // namespace

}  // namespace tscompose::runtime

int main(int count, char** values) { return tscompose::runtime::runMain(count, values); }
