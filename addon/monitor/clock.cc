#include "monitor/clock.h"

#include <array>
#include <cstdio>

namespace tscompose {

int64_t monotonicMs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

std::string formatTime(const timespec& time) {
  tm parts{};
  ::gmtime_r(&time.tv_sec, &parts);
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", parts.tm_year + 1900,
                    parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, time.tv_nsec);
  return {text.data(), static_cast<size_t>(length)};
}

std::string timeNow() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return formatTime(now);
}

}  // namespace tscompose
