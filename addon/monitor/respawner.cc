#include "monitor/respawner.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/daemon.h"
#include "monitor/clock.h"

namespace tscompose {

namespace {
/// How long a new supervisor may take until it subscribes.
constexpr int64_t kPatienceMs = 10000;
/// A supervisor that lived this long did not die of its start.
constexpr int64_t kStableMs = 60000;
constexpr int64_t kMaxDelayMs = 60000;
}  // namespace

Respawner::Respawner(EventLoop& loop, SupervisorCommand command)
    : command_(std::move(command)), timer_(loop, [this] { hasSupervisor_ ? settle() : attempt(); }) {}

void Respawner::supervisorCame() {
  hasSupervisor_ = true;
  cameMs_ = monotonicMs();
  timer_.disarm();
  settle();
}

void Respawner::supervisorLost() {
  hasSupervisor_ = false;
  if (monotonicMs() - cameMs_ >= kStableMs) delayMs_ = 0;
  timer_.arm(delayMs_);
  delayMs_ = std::clamp<int64_t>(delayMs_ * 2, 1000, kMaxDelayMs);
}

void Respawner::settle() { lock_.reset(); }

/// Holding the lock means: a supervisor was started and has not subscribed yet. Whoever does not get it waits.
void Respawner::attempt() {
  lock_.reset();
  UniqueFd lock{::open(command_.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
    try {
      DaemonOptions options;
      options.file = command_.args.front();
      options.arguments.assign(command_.args.begin() + 1, command_.args.end());
      for (char** entry = environ; *entry != nullptr; entry++) options.environment.emplace_back(*entry);
      spawnDetached(options);
      lock_ = std::move(lock);
    } catch (const std::runtime_error&) {
      // Not there any more, or no memory: the next attempt may fare better.
    }
  }
  timer_.arm(kPatienceMs);
}

}  // namespace tscompose
