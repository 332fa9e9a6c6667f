#include "monitor/health.h"

#include <utility>

#include "monitor/json.h"

namespace tscompose {

std::string ProbeResult::json() const {
  return JsonObject().add("start", start).add("end", end).add("exitCode", exitCode).add("output", output).text();
}

void HealthTracker::reset() {
  status_ = "starting";
  failingStreak_ = 0;
}

void HealthTracker::restore(std::string status, uint32_t failingStreak, const std::vector<ProbeResult>& log) {
  status_ = std::move(status);
  failingStreak_ = failingStreak;
  log_.assign(log.begin(), log.end());
}

bool HealthTracker::record(ProbeResult result, int64_t sinceStartMs) {
  const std::string before = status_;
  if (result.exitCode == 0) {
    failingStreak_ = 0;
    status_ = "healthy";
  } else if (status_ != "starting" || sinceStartMs >= settings_.startPeriodMs) {
    failingStreak_++;
    if (failingStreak_ >= settings_.retries) status_ = "unhealthy";
  }
  log_.push_back(std::move(result));
  if (log_.size() > kProbeHistory) log_.pop_front();
  return status_ != before;
}

int64_t HealthTracker::nextDelayMs(int64_t sinceStartMs) const {
  const bool isStarting = status_ == "starting" && sinceStartMs < settings_.startPeriodMs;
  return isStarting ? settings_.startIntervalMs : settings_.intervalMs;
}

std::string HealthTracker::json() const {
  std::string log = "[";
  for (const ProbeResult& result : log_) log += (log.size() > 1 ? "," : "") + result.json();
  return JsonObject().add("status", status_).add("failingStreak", failingStreak_).raw("log", log + "]").text();
}

}  // namespace tscompose
