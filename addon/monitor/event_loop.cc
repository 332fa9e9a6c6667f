#include "monitor/event_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "core/error.h"

namespace tscompose {

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw SysError(errno, "epoll_create1");
}

void EventLoop::add(int fd, uint32_t events, Handler handler) {
  const uint32_t generation = nextGeneration_++;
  epoll_event event{};
  event.events = events;
  event.data.u64 = (uint64_t{generation} << 32U) | static_cast<uint32_t>(fd);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) throw SysError(errno, "epoll_ctl", std::to_string(fd));
  entries_[fd] = {generation, std::make_shared<Handler>(std::move(handler))};
}

void EventLoop::modify(int fd, uint32_t events) {
  const auto found = entries_.find(fd);
  if (found == entries_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = (uint64_t{found->second.generation} << 32U) | static_cast<uint32_t>(fd);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) throw SysError(errno, "epoll_ctl", std::to_string(fd));
}

void EventLoop::remove(int fd) {
  if (entries_.erase(fd) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::run() {
  std::array<epoll_event, 32> events{};
  isRunning_ = true;
  while (isRunning_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) throw SysError(errno, "epoll_wait");
    for (int i = 0; i < count && isRunning_; i++) {
      const auto found = entries_.find(static_cast<int>(events[i].data.u64 & 0xffffffffU));
      if (found == entries_.end() || found->second.generation != events[i].data.u64 >> 32U) continue;
      const std::shared_ptr<Handler> handler = found->second.handler;  // it may remove itself
      (*handler)(events[i].events);
    }
  }
}

Timer::Timer(EventLoop& loop, std::function<void()> expired)
    : loop_(loop), expired_(std::move(expired)), fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!fd_) throw SysError(errno, "timerfd_create");
  loop_.add(fd_.get(), EPOLLIN, [this](uint32_t) {
    uint64_t count = 0;
    if (::read(fd_.get(), &count, sizeof(count)) < 0 || !isArmed_) return;
    isArmed_ = false;
    expired_();
  });
}

Timer::~Timer() { loop_.remove(fd_.get()); }

void Timer::arm(int64_t delayMs) {
  itimerspec time{};
  time.it_value.tv_sec = delayMs / 1000;
  // All zero would disarm it.
  time.it_value.tv_nsec = delayMs <= 0 ? 1 : delayMs % 1000 * 1000000;
  if (::timerfd_settime(fd_.get(), 0, &time, nullptr) != 0) throw SysError(errno, "timerfd_settime");
  isArmed_ = true;
}

void Timer::disarm() {
  const itimerspec none{};
  ::timerfd_settime(fd_.get(), 0, &none, nullptr);
  isArmed_ = false;
}

}  // namespace tscompose
