#pragma once

#include <time.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "core/fd.h"
#include "monitor/event_loop.h"
#include "monitor/log_message.h"
#include "monitor/log_settings.h"

namespace tscompose {

/// Sends a container's output to a syslog server or the journal. What cannot be sent yet waits in memory; when that is
/// full, either the container waits (`onPressure`) or messages are dropped, which is said in front of the next one. A
/// server that cannot be reached never holds up the container: there, too, messages are dropped, and it is tried again.
class LogForwarder {
 public:
  LogForwarder(EventLoop& loop, LogSettings settings);
  ~LogForwarder();
  LogForwarder(const LogForwarder&) = delete;
  LogForwarder& operator=(const LogForwarder&) = delete;

  /// Waits for the connection. Throws InputError LOG_SERVER.
  void connectNow();
  /// Connects when the loop runs, and again whenever that fails.
  void connectLater();
  /// `line` ends in "\n", or is a piece of a line.
  void push(OutputStream stream, const timespec& time, std::string_view line, bool isCut);
  /// Hands over what was pushed, as far as the server takes it.
  void flush();
  /// Called with true when the container should wait, and with false when it may go on.
  void onPressure(std::function<void(bool)> changed) { changed_ = std::move(changed); }
  bool isFull() const noexcept { return isFull_; }
  /// Sends the rest, as long as the server takes it within the time; without the loop.
  void deliver(int64_t patienceMs);

 private:
  void begin();
  void helperSpoke();
  void connected(UniqueFd fd);
  void lost(const std::string& reason);
  void enqueue(std::string message);
  bool sendSome();
  void watch();
  void setFull(bool isFull);
  std::string format(OutputStream stream, const timespec& time, std::string_view text, const PieceOfLine& piece) const;
  std::string where() const;
  bool isStream() const noexcept { return isStream_; }

  EventLoop& loop_;
  LogSettings settings_;
  UniqueFd helper_;  ///< while it connects
  UniqueFd socket_;  ///< once it is connected
  bool isStream_ = false;
  Timer retry_;
  int64_t delayMs_ = 0;
  std::string failure_;  ///< of the last attempt
  std::deque<std::string> queue_;
  uint64_t queuedBytes_ = 0;
  size_t sent_ = 0;  ///< of the first message
  uint64_t dropped_ = 0;
  bool isFull_ = false;
  PieceCounter pieces_;
  std::function<void(bool)> changed_;
};

}  // namespace tscompose
