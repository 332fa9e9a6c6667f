#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tscompose {

/// Frames of a stream (docs/architecture.md): channel, three zero bytes, length as 32-bit big-endian, payload.
enum class Channel : uint8_t { kStdin = 0, kStdout = 1, kStderr = 2, kControl = 3 };

constexpr size_t kMaxFramePayload = 1U << 20U;

void appendFrame(std::string& out, Channel channel, std::string_view payload);

/// Cuts received bytes into frames.
class FrameParser {
 public:
  /// Calls `frame` for each complete one. False when the bytes cannot be frames.
  bool push(std::string_view bytes, const std::function<void(Channel, std::string_view)>& frame);

 private:
  std::string buffer_;
};

/// The latest output of a container, for clients that attach later: whole reads, at most `limitBytes`.
class OutputHistory {
 public:
  explicit OutputHistory(size_t limitBytes) : limitBytes_(limitBytes) {}
  void append(Channel channel, std::string_view bytes);
  void clear() { frames_.clear(); }
  /// The last `bytes` of it as frames.
  void replay(std::string& out, size_t bytes) const;

 private:
  size_t limitBytes_;
  std::string frames_;  ///< oldest first
};

}  // namespace tscompose
