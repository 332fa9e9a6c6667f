#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tscompose {

struct RestartPolicy {
  std::string policy = "no";  ///< no, always, on-failure, unless-stopped
  uint32_t maxRetries = 0;    ///< 0: without limit; only on-failure counts
  int64_t delayMs = 100;
  int64_t maxDelayMs = 60000;
  int64_t windowMs = 10000;  ///< a run at least this long resets the delay
};

struct RestartHistory {
  uint32_t restartCount = 0;
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
