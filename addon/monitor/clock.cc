#include "monitor/clock.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace tscompose {

int64_t monotonicMs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

std::string formatTime(const timespec& time) {
  // Not gmtime_r: it reads /etc/localtime first.
  const std::chrono::sys_days day{std::chrono::floor<std::chrono::days>(std::chrono::seconds{time.tv_sec})};
  const std::chrono::year_month_day date{day};
  const auto second = static_cast<long>(time.tv_sec - std::chrono::seconds{day.time_since_epoch()}.count());
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ld.%09ldZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), second / 3600,
                    second / 60 % 60, second % 60, time.tv_nsec);
  return {text.data(), static_cast<size_t>(length)};
}

std::string timeNow() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return formatTime(now);
}

}  // namespace tscompose
