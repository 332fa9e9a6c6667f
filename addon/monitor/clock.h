#pragma once

#include <cstdint>
#include <ctime>
#include <string>

namespace tscompose {

/// Milliseconds that only go forward.
int64_t monotonicMs();
/// "2026-01-01T00:00:00.000000000Z".
std::string formatTime(const timespec& time);
std::string timeNow();

}  // namespace tscompose
