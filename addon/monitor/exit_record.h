#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "monitor/health.h"

namespace tscompose {

/// What only the monitor that takes over must know. Times are of the monotonic clock, which is one for all processes.
struct AdoptionFacts {
  int64_t startedMs = 0;               ///< of this run
  int64_t lastDelayMs = 0;             ///< before this run, 0: there was none
  uint32_t attempts = 0;               ///< restarts since a run that succeeded (restart_policy.h)
  std::optional<int64_t> restartAtMs;  ///< while it waits for its next start
  std::optional<int64_t> killAtMs;     ///< when the grace of a stop ends
  bool isStopping = false;             ///< no restart any more
  bool isStoppedByHand = false;
  bool isRestartRequested = false;

  std::string json() const;
};

/// What the monitor knows of its container: state.json, exit.json and the answer to `state`.
struct ContainerRecord {
  std::string id;
  std::string status = "created";  ///< created, running, paused, restarting, exited
  int pid = 0;
  uint64_t pidStartTicks = 0;
  std::string bootId;
  int monitorPid = 0;
  uint64_t monitorStartTicks = 0;
  std::optional<std::string> startedAt;
  std::optional<std::string> finishedAt;
  std::optional<int> exitCode;
  std::optional<std::string> signal;
  bool oomKilled = false;
  uint32_t restartCount = 0;
  std::optional<std::string> nextRestartAt;
  std::optional<std::string> error;
  // For the monitor that may have to take over: which pipes are the container's stdio, and where its cgroup is.
  uint64_t stdinPipe = 0;
  uint64_t stdoutPipe = 0;
  uint64_t stderrPipe = 0;
  std::string cgroup;
  AdoptionFacts adoption;

  std::string json(const HealthTracker* health) const;
};

/// Replaces `path` so that a reader sees the old or the new content; not synced, so a crash of the machine may lose it.
/// Throws SysError.
void replaceQuickly(const std::string& path, const std::string& text);

/// Makes what replaceQuickly wrote durable; best effort.
void syncFile(const std::string& path);

/// "SIGKILL" for 9.
std::string signalName(int signal);

}  // namespace tscompose
