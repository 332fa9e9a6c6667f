#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/exit_record.h"
#include "monitor/health.h"
#include "monitor/log_settings.h"
#include "monitor/restart_policy.h"

namespace tscompose {

struct StopSettings {
  std::string signal = "SIGTERM";
  int64_t timeoutMs = 10000;
};

struct SupervisorCommand {
  std::vector<std::string> args;
  std::string lock;
};

/// monitor.json (docs/architecture.md).
struct MonitorSpec {
  std::string id;
  std::string name;
  std::string bundle;
  std::string runDir;
  LogSettings log;
  RestartPolicy restart;
  StopSettings stop;
  bool stdinOpen = false;
  bool terminal = false;
  std::optional<HealthSettings> health;
  std::optional<SupervisorCommand> supervisor;
};

/// Throws InputError INVALID.
MonitorSpec parseMonitorSpec(std::string_view json);

/// One request of the control socket. What a request does not carry keeps its default.
struct Request {
  std::string op;
  std::string signal;
  std::optional<int64_t> timeoutMs;
  bool manual = false;
  bool supervisor = false;
  bool stdin_ = false;  ///< `stdin` is a macro
  bool privileged = false;
  bool detach = false;
  uint64_t replayBytes = 0;
  uint16_t rows = 0;
  uint16_t columns = 0;
  pid_t keepPid = 0;         ///< 0: nothing is to be kept
  std::vector<int> keepFds;  ///< descriptors of that process
  std::string process;       ///< JSON of the OCI process object
  std::string userName;      ///< its user.username: "name[:group]", resolved inside the container
  std::string resources;     ///< JSON of the OCI resources object
};

/// Throws InputError INVALID.
Request parseRequest(std::string_view json);

/// A control frame of a stream.
struct StreamControl {
  std::optional<std::string> signal;
  uint16_t rows = 0;  ///< 0: no resize
  uint16_t columns = 0;
};
StreamControl parseStreamControl(std::string_view json);

struct SavedHealth {
  std::string status;
  uint32_t failingStreak = 0;
  std::vector<ProbeResult> log;
};

/// What --adopt needs of state.json.
struct SavedState {
  std::string status;
  int pid = 0;
  uint64_t pidStartTicks = 0;
  std::string bootId;
  std::optional<std::string> startedAt;
  std::optional<std::string> finishedAt;
  std::optional<int> exitCode;
  std::optional<std::string> signal;
  bool oomKilled = false;
  uint32_t restartCount = 0;
  std::optional<std::string> nextRestartAt;
  std::optional<SavedHealth> health;
  AdoptionFacts adoption;
  uint64_t stdinPipe = 0;  ///< inode numbers, 0: none
  uint64_t stdoutPipe = 0;
  uint64_t stderrPipe = 0;
  std::string cgroup;
};
SavedState parseSavedState(std::string_view json);

}  // namespace tscompose
