#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "core/fd.h"

namespace tscompose {

/// Epoll over descriptors, one handler each. Handlers may add and remove any descriptor, their own too: what was
/// removed is not called any more, even when its event was already fetched.
class EventLoop {
 public:
  using Handler = std::function<void(uint32_t events)>;

  EventLoop();
  /// Borrows `fd`: remove it before it is closed.
  void add(int fd, uint32_t events, Handler handler);
  void modify(int fd, uint32_t events);
  void remove(int fd);
  /// Runs handlers until stop() is called.
  void run();
  void stop() noexcept { isRunning_ = false; }

 private:
  struct Entry {
    uint32_t generation;
    std::shared_ptr<Handler> handler;
  };
  UniqueFd epoll_;
  std::unordered_map<int, Entry> entries_;
  uint32_t nextGeneration_ = 0;
  bool isRunning_ = false;
};

/// A timerfd that calls once. Not movable: the loop knows its address.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> expired);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Calls after `delayMs` (0: at once, from the loop); replaces an earlier request.
  void arm(int64_t delayMs);
  void disarm();
  bool isArmed() const noexcept { return isArmed_; }

 private:
  EventLoop& loop_;
  std::function<void()> expired_;
  UniqueFd fd_;
  bool isArmed_ = false;
};

}  // namespace tscompose
