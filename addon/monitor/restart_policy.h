#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tscompose {

struct RestartPolicy {
  std::string policy = "no";  ///< no, always, on-failure, unless-stopped
  uint32_t maxRetries = 0;    ///< 0: without limit
  int64_t delayMs = 100;
  int64_t maxDelayMs = 60000;
  int64_t windowMs = 10000;     ///< a run at least this long resets the delay
  bool resetsAttempts = false;  ///< and has succeeded: restarts are counted anew
};

struct RestartHistory {
  uint32_t attempts = 0;    ///< restarts that count
  int64_t lastDelayMs = 0;  ///< 0: the first
  bool isStoppedByHand = false;
};

struct ContainerExit {
  int exitCode = 0;
  int64_t ranMs = 0;
};

/// The delay before the next start; empty when the container stays down. The delay doubles from one short run to the
/// next.
std::optional<int64_t> decideRestart(const RestartPolicy& policy, const RestartHistory& history,
                                     const ContainerExit& exit);

}  // namespace tscompose
