#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/spec.h"

namespace tscompose {

/// Runs the hooks in order with `state` (the OCI state object) on their stdin, each in its own session, and stops at
/// the first that fails or exceeds its timeout, which is killed. With `containerPidfd` the hooks run in all namespaces
/// of that process, as createContainer and startContainer do. Returns what went wrong, empty when nothing did.
std::optional<std::string> runHooks(const std::vector<Hook>& hooks, const std::string& kind, const std::string& state,
                                    std::optional<int> containerPidfd, int containerNamespaces);

}  // namespace tscompose
