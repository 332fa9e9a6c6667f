#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace tscompose {

struct HealthSettings {
  std::vector<std::string> args;
  int64_t intervalMs = 30000;
  int64_t timeoutMs = 30000;
  uint32_t retries = 3;
  int64_t startPeriodMs = 0;
  int64_t startIntervalMs = 5000;
};

struct ProbeResult {
  std::string start;
  std::string end;
  int exitCode = 0;
  std::string output;  ///< at most kProbeOutputBytes

  std::string json() const;
};

constexpr size_t kProbeOutputBytes = 4096;
constexpr size_t kProbeHistory = 5;

/// What probes say about a container, as Docker counts: a success makes it healthy at once, `retries` failures in a row
/// unhealthy; failures before the first success do not count during the start period.
class HealthTracker {
 public:
  explicit HealthTracker(HealthSettings settings) : settings_(std::move(settings)) {}

  /// A new run of the container begins.
  void reset();
  /// Goes on where another monitor was.
  void restore(std::string status, uint32_t failingStreak, const std::vector<ProbeResult>& log);
  /// Counts a probe that began `sinceStartMs` after the container. True when the status changed.
  bool record(ProbeResult result, int64_t sinceStartMs);
  /// How long after `sinceStartMs` the next probe is due.
  int64_t nextDelayMs(int64_t sinceStartMs) const;

  const std::string& status() const noexcept { return status_; }
  const HealthSettings& settings() const noexcept { return settings_; }
  std::string json() const;

 private:
  HealthSettings settings_;
  std::string status_ = "starting";
  uint32_t failingStreak_ = 0;
  std::deque<ProbeResult> log_;
};

}  // namespace tscompose
