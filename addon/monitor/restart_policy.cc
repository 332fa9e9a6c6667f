#include "monitor/restart_policy.h"

#include <algorithm>

namespace tscompose {

std::optional<int64_t> decideRestart(const RestartPolicy& policy, const RestartHistory& history,
                                     const ContainerExit& exit) {
  if (history.isStoppedByHand || policy.policy == "no") return std::nullopt;
  if (policy.policy == "on-failure" && exit.exitCode == 0) return std::nullopt;
  if (policy.maxRetries > 0 && history.attempts >= policy.maxRetries) return std::nullopt;
  if (exit.ranMs >= policy.windowMs || history.lastDelayMs == 0) return policy.delayMs;
  return std::min(history.lastDelayMs * 2, policy.maxDelayMs);
}

}  // namespace tscompose
