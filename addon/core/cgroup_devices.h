#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/spec.h"

namespace tscompose {

/// Device rules in the form the kernel's v1 controller keeps them: one default and the exceptions from it. Later rules
/// win, a rule for all devices forgets the earlier ones.
struct DevicePolicy {
  struct Exception {
    char type = 'c';
    std::optional<int64_t> major;
    std::optional<int64_t> minor;
    uint32_t access = 0;  ///< bits of BPF_DEVCG_ACC_*
  };
  bool allowsByDefault = true;
  std::vector<Exception> exceptions;
};

DevicePolicy resolveDevicePolicy(const std::vector<DeviceRule>& rules);

/// Replaces the device program of the v2 cgroup `directory` by one for `rules` (BPF_PROG_TYPE_CGROUP_DEVICE). Programs
/// of ancestors still apply. Throws SysError.
void attachDeviceProgram(const std::string& directory, const std::vector<DeviceRule>& rules);

}  // namespace tscompose
