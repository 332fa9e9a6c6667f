#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/capabilities.h"
#include "core/file.h"
#include "core/mounts.h"
#include "core/namespaces.h"
#include "core/seccomp.h"
#include "runtime/commands.h"
#include "runtime/options.h"

namespace tscompose::runtime {

/// The features structure of the runtime specification (features.md): what this build can do, not what the host can.
int featuresCommand(const Global&, const Words& arguments) {
  Options::parse(arguments, {}, false);
  nlohmann::ordered_json value;
  value["ociVersionMin"] = "1.0.0";
  value["ociVersionMax"] = "1.2.0";
  value["hooks"] = {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};
  value["mountOptions"] = mountOptionNames();
  auto& section = value["linux"];
  section["namespaces"] = namespaceNames();
  section["capabilities"] = capabilityNames();
  section["cgroup"] = {{"v1", true}, {"v2", true}, {"systemd", false}, {"systemdUser", false}, {"rdma", true}};
  section["seccomp"] = {
      {"enabled", true},
      {"actions", seccompActions()},
      {"operators", seccompOperators()},
      {"archs", seccompArchitectures()},
      {"knownFlags", {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG"}},
      {"supportedFlags", {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG"}}};
  section["apparmor"] = {{"enabled", true}};
  section["selinux"] = {{"enabled", true}};
  section["intelRdt"] = {{"enabled", false}};
  section["mountExtensions"] = {{"idmap", {{"enabled", true}}}};
  value["annotations"] = {{"dev.tscompose.version", "0.1.0"}};
  value["potentiallyUnsafeConfigAnnotations"] = {"dev.tscompose.overlay", "dev.tscompose.seccompCache"};
  writeFully(STDOUT_FILENO, value.dump(2) + "\n", "stdout");
  return 0;
}

}  // namespace tscompose::runtime
