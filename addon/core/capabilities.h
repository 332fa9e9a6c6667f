#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/spec.h"

namespace tscompose {

/// Five sets as bit masks (bit n is capability n of linux/capability.h).
struct CapabilityMasks {
  uint64_t bounding = 0;
  uint64_t effective = 0;
  uint64_t inheritable = 0;
  uint64_t permitted = 0;
  uint64_t ambient = 0;
};

/// Names to masks. A name this build does not know is skipped and told in `warnings`, as the specification asks.
CapabilityMasks resolveCapabilities(const Capabilities& capabilities, std::vector<std::string>& warnings);
/// Every capability in bounding, effective and permitted: a privileged process.
CapabilityMasks allCapabilities();
/// The names known, by number.
std::vector<std::string> capabilityNames();

}  // namespace tscompose
