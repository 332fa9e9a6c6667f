/// tscompose-runtime: the OCI command line over the core library.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"
#include "core/launch.h"
#include "core/process.h"
#include "runtime/arguments.h"
#include "runtime/commands.h"

namespace tscompose::runtime {

namespace {

constexpr const char* kVersion = "0.1.0";

using Command = int (*)(const Globals&, const Words&);

const std::map<std::string, Command> kCommands = {
    {"create", commandCreate}, {"run", commandRun},       {"start", commandStart},   {"state", commandState},
    {"kill", commandKill},     {"delete", commandDelete}, {"exec", commandExec},     {"ps", commandPs},
    {"list", commandList},     {"pause", commandPause},   {"resume", commandResume}, {"update", commandUpdate},
    {"features", commandFeatures}};

const OptionTable kGlobalOptions{
    .valued = {{"--root", "root"}, {"--log", "log"}, {"--log-format", "log-format"}, {"--rootless", "rootless"},
               {"--criu", "criu"}, {"--cgroup-manager", "cgroup-manager"}},
    .flags = {{"--debug", "debug"}, {"--systemd-cgroup", "systemd-cgroup"}, {"--version", "version"}, {"-v", "version"},
              {"--help", "help"}, {"-h", "help"}}};

void printUsage() {
  std::puts(
      "Usage: tscompose-runtime [--root DIR] [--log FILE] [--log-format text|json] [--debug] [--systemd-cgroup] COMMAND\n"
      "\n"
      "  create  [-b BUNDLE] [--console-socket PATH] [--pid-file FILE] [--preserve-fds N] ID\n"
      "  start   ID\n"
      "  run     [-b BUNDLE] [-d] [--keep] [--console-socket PATH] [--pid-file FILE] ID\n"
      "  state   ID\n"
      "  kill    [--all] ID [SIGNAL]\n"
      "  delete  [--force] ID\n"
      "  exec    [-d] [-t] [-e NAME=VALUE] [--cwd DIR] [-u UID[:GID]] [-p PROCESS.json] [--console-socket PATH] ID [COMMAND…]\n"
      "  ps      [-f table|json] ID\n"
      "  list    [-f table|json] [-q]\n"
      "  pause   ID\n"
      "  resume  ID\n"
      "  update  -r RESOURCES.json ID\n"
      "  features");
}

/// One line where a person looks, and one in the file that the caller (containerd, podman) reads.
void reportError(const Arguments& globals, const std::string& message) {
  std::fprintf(stderr, "tscompose-runtime: %s\n", message.c_str());
  const std::string path = globals.value("log");
  if (path.empty()) return;
  const UniqueFd log{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
  if (!log) return;
  char time[32];
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", ::gmtime_r(&now, &utc));
  const std::string line =
      globals.value("log-format") == "json"
          ? nlohmann::json{{"level", "error"}, {"msg", message}, {"time", time}}.dump() + "\n"
          : std::string("time=\"") + time + "\" level=error msg=" + nlohmann::json(message).dump() + "\n";
  if (::write(log.get(), line.data(), line.size()) < 0) return;  // there is nobody left to tell
}

int dispatch(const Arguments& arguments) {
  if (arguments.has("version")) {
    std::printf("tscompose-runtime version %s\nspec: 1.2.0\n", kVersion);
    return 0;
  }
  if (arguments.has("help") || arguments.operands.empty()) {
    printUsage();
    return arguments.has("help") ? 0 : 1;
  }
  const std::string& name = arguments.operands.front();
  const auto command = kCommands.find(name);
  if (command == kCommands.end()) throw UsageError("unknown command " + name + ": see --help");
  Globals globals;
  globals.root = arguments.value("root", globals.root);
  globals.systemdCgroup = arguments.has("systemd-cgroup") || arguments.value("cgroup-manager") == "systemd";
  return command->second(globals, {arguments.operands.begin() + 1, arguments.operands.end()});
}

int runMain(const std::vector<std::string>& words) {
  Arguments arguments;
  try {
    arguments = parseArguments(words, kGlobalOptions, false);
    return dispatch(arguments);
  } catch (const LaunchError& error) {
    reportError(arguments, error.what());
    // `run` and `exec` hand on what a shell would say of a command that cannot run.
    return error.exitCode() == 126 || error.exitCode() == 127 ? error.exitCode() : 1;
  } catch (const std::exception& error) {
    reportError(arguments, error.what());
    return 1;
  }
}

}  // namespace

}  // namespace tscompose::runtime

int main(int argc, char* argv[]) {
  try {
    tscompose::sealExecutable(argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tscompose-runtime: %s\n", error.what());
    return 1;
  }
  return tscompose::runtime::runMain({argv + 1, argv + argc});
}
