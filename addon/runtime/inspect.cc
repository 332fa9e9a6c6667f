/// state, ps, list and features: commands that only look.

#include <sys/utsname.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/capabilities.h"
#include "core/cgroup.h"
#include "core/error.h"
#include "core/file.h"
#include "core/mounts.h"
#include "core/seccomp.h"
#include "core/spec.h"
#include "runtime/arguments.h"
#include "runtime/commands.h"

namespace tscompose::runtime {

namespace {

using nlohmann::json;

std::string oneId(const Arguments& arguments, const std::string& command) {
  if (arguments.operands.size() != 1) throw UsageError(command + " needs exactly one container ID");
  return arguments.operands.front();
}

json describe(const ContainerStore& store, const ContainerEntry& entry) {
  const std::string status = statusOf(entry);
  json value{{"ociVersion", "1.2.0"},
             {"id", entry.id},
             {"status", status},
             {"pid", status == "stopped" ? 0 : entry.process.pid},
             {"bundle", entry.bundle},
             {"created", entry.created},
             {"owner", entry.owner}};
  if (const auto text = readFileIfExists(store.specPath(entry.id))) {
    const Spec spec = parseSpec(*text);
    value["rootfs"] = spec.root.path.front() == '/' ? spec.root.path : entry.bundle + "/" + spec.root.path;
    value["annotations"] = spec.annotations;
  }
  return value;
}

}  // namespace

int commandState(const Globals& globals, const Words& words) {
  const Arguments arguments = parseArguments(words, {}, true);
  const ContainerStore store{globals.root};
  std::puts(describe(store, store.load(oneId(arguments, "state"))).dump(2).c_str());
  return 0;
}

int commandList(const Globals& globals, const Words& words) {
  const Arguments arguments = parseArguments(
      words, {.valued = {{"--format", "format"}, {"-f", "format"}}, .flags = {{"--quiet", "quiet"}, {"-q", "quiet"}}},
      true);
  const ContainerStore store{globals.root};
  json all = json::array();
  for (const std::string& id : store.ids()) {
    if (const auto entry = store.find(id)) all.push_back(describe(store, *entry));
  }
  if (arguments.has("quiet")) {
    for (const json& one : all) std::puts(one["id"].get<std::string>().c_str());
  } else if (arguments.value("format", "table") == "json") {
    std::puts(all.dump().c_str());
  } else {
    std::printf("%-24s %-10s %-10s %-40s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED");
    for (const json& one : all) {
      std::printf("%-24s %-10d %-10s %-40s %s\n", one["id"].get<std::string>().c_str(), one["pid"].get<int>(),
                  one["status"].get<std::string>().c_str(), one["bundle"].get<std::string>().c_str(),
                  one["created"].get<std::string>().c_str());
    }
  }
  return 0;
}

int commandPs(const Globals& globals, const Words& words) {
  const Arguments arguments =
      parseArguments(words, {.valued = {{"--format", "format"}, {"-f", "format"}}, .flags = {}}, true);
  if (arguments.operands.empty()) throw UsageError("ps needs a container ID");
  const ContainerEntry entry = ContainerStore{globals.root}.load(arguments.operands.front());
  const std::vector<pid_t> pids = Cgroup::open(entry.cgroupsPath).processes();
  if (arguments.value("format", "table") == "json") {
    std::puts(json(pids).dump().c_str());
    return 0;
  }
  std::puts("PID        COMMAND");
  for (const pid_t pid : pids) {
    const auto name = readFileIfExists("/proc/" + std::to_string(pid) + "/comm");
    std::printf("%-10d %s", pid, name ? name->c_str() : "?\n");
  }
  return 0;
}

int commandFeatures(const Globals&, const Words& words) {
  if (!words.empty()) throw UsageError("features takes no arguments");
  const bool unified = detectCgroupMode() == CgroupMode::kUnified;
  const json value{
      {"ociVersionMin", "1.0.0"},
      {"ociVersionMax", "1.2.0"},
      {"hooks", {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}},
      {"mountOptions", knownMountOptions()},
      {"linux",
       {{"namespaces", {"cgroup", "ipc", "mount", "network", "pid", "user", "uts"}},
        {"capabilities", knownCapabilities()},
        {"cgroup", {{"v1", !unified}, {"v2", unified}, {"systemd", false}, {"systemdUser", false}, {"rdma", false}}},
        {"seccomp",
         {{"enabled", true},
          {"actions", knownSeccompActions()},
          {"operators", knownSeccompOperators()},
          {"archs", knownSeccompArchitectures()},
          {"supportedFlags", knownSeccompFlags()}}},
        {"apparmor", {{"enabled", false}}},
        {"selinux", {{"enabled", false}}},
        {"intelRdt", {{"enabled", false}}},
        {"mountExtensions", {{"idmap", {{"enabled", true}}}}}}},
      {"potentiallyUnsafeConfigAnnotations", json::array()}};
  std::puts(value.dump(2).c_str());
  return 0;
}

}  // namespace tscompose::runtime
