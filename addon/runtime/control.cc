/// pause, resume and update: a running container's cgroup.

#include <unistd.h>

#include "core/cgroup.h"
#include "core/error.h"
#include "core/file.h"
#include "core/spec.h"
#include "runtime/arguments.h"
#include "runtime/commands.h"

namespace tscompose::runtime {

namespace {

ContainerEntry entryInStatus(const Globals& globals, const Words& words, const std::string& command,
                             const std::string& wanted) {
  const Arguments arguments = parseArguments(words, {}, true);
  if (arguments.operands.size() != 1) throw UsageError(command + " needs exactly one container ID");
  ContainerEntry entry = ContainerStore{globals.root}.load(arguments.operands.front());
  const std::string status = statusOf(entry);
  // A container that is created can be frozen as well (runc does).
  if (status != wanted && !(command == "pause" && status == "created"))
    throw InputError("NOT_RUNNING", "cannot " + command + " a container that is " + status);
  return entry;
}

}  // namespace

int commandPause(const Globals& globals, const Words& words) {
  Cgroup::open(entryInStatus(globals, words, "pause", "running").cgroupsPath).freeze();
  return 0;
}

int commandResume(const Globals& globals, const Words& words) {
  Cgroup::open(entryInStatus(globals, words, "resume", "paused").cgroupsPath).thaw();
  return 0;
}

int commandUpdate(const Globals& globals, const Words& words) {
  const Arguments arguments =
      parseArguments(words, {.valued = {{"--resources", "resources"}, {"-r", "resources"}}, .flags = {}}, true);
  if (arguments.operands.size() != 1) throw UsageError("update needs exactly one container ID");
  const std::string path = arguments.value("resources");
  if (path.empty()) throw UsageError("update needs --resources FILE, or - for standard input");
  const ContainerEntry entry = ContainerStore{globals.root}.load(arguments.operands.front());
  if (statusOf(entry) == "stopped") throw InputError("NOT_RUNNING", "cannot update a container that is stopped");
  const std::string text = path == "-" ? readAll(STDIN_FILENO, "standard input") : readFile(path);
  Cgroup::open(entry.cgroupsPath).apply(parseResources(text));
  return 0;
}

}  // namespace tscompose::runtime
