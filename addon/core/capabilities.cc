#include "core/capabilities.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace tscompose {

namespace {

constexpr std::array<const char*, 41> kNames{"CAP_CHOWN",
                                             "CAP_DAC_OVERRIDE",
                                             "CAP_DAC_READ_SEARCH",
                                             "CAP_FOWNER",
                                             "CAP_FSETID",
                                             "CAP_KILL",
                                             "CAP_SETGID",
                                             "CAP_SETUID",
                                             "CAP_SETPCAP",
                                             "CAP_LINUX_IMMUTABLE",
                                             "CAP_NET_BIND_SERVICE",
                                             "CAP_NET_BROADCAST",
                                             "CAP_NET_ADMIN",
                                             "CAP_NET_RAW",
                                             "CAP_IPC_LOCK",
                                             "CAP_IPC_OWNER",
                                             "CAP_SYS_MODULE",
                                             "CAP_SYS_RAWIO",
                                             "CAP_SYS_CHROOT",
                                             "CAP_SYS_PTRACE",
                                             "CAP_SYS_PACCT",
                                             "CAP_SYS_ADMIN",
                                             "CAP_SYS_BOOT",
                                             "CAP_SYS_NICE",
                                             "CAP_SYS_RESOURCE",
                                             "CAP_SYS_TIME",
                                             "CAP_SYS_TTY_CONFIG",
                                             "CAP_MKNOD",
                                             "CAP_LEASE",
                                             "CAP_AUDIT_WRITE",
                                             "CAP_AUDIT_CONTROL",
                                             "CAP_SETFCAP",
                                             "CAP_MAC_OVERRIDE",
                                             "CAP_MAC_ADMIN",
                                             "CAP_SYSLOG",
                                             "CAP_WAKE_ALARM",
                                             "CAP_BLOCK_SUSPEND",
                                             "CAP_AUDIT_READ",
                                             "CAP_PERFMON",
                                             "CAP_BPF",
                                             "CAP_CHECKPOINT_RESTORE"};

uint64_t maskOf(const std::vector<std::string>& names, std::vector<std::string>& warnings) {
  uint64_t mask = 0;
  for (const auto& name : names) {
    const auto* found = std::find_if(kNames.begin(), kNames.end(), [&](const char* known) { return name == known; });
    if (found != kNames.end()) {
      mask |= uint64_t{1} << (found - kNames.begin());
      continue;
    }
    auto warning = "unknown capability '" + name + "' is ignored";
    if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) warnings.push_back(warning);
  }
  return mask;
}

}  // namespace

CapabilityMasks resolveCapabilities(const Capabilities& capabilities, std::vector<std::string>& warnings) {
  return {maskOf(capabilities.bounding, warnings), maskOf(capabilities.effective, warnings),
          maskOf(capabilities.inheritable, warnings), maskOf(capabilities.permitted, warnings),
          maskOf(capabilities.ambient, warnings)};
}

CapabilityMasks allCapabilities() {
  constexpr uint64_t kAll = (uint64_t{1} << kNames.size()) - 1;
  return {kAll, kAll, 0, kAll, 0};
}

std::vector<std::string> capabilityNames() { return {kNames.begin(), kNames.end()}; }

}  // namespace tscompose
