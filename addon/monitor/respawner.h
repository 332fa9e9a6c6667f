#pragma once

#include "core/fd.h"
#include "monitor/event_loop.h"
#include "monitor/monitor_spec.h"

namespace tscompose {

/// Starts the project's supervisor when it died. All monitors of a project notice at once; a flock lets one of them do
/// it, and the others look again later. A supervisor that keeps dying is started ever more rarely.
class Respawner {
 public:
  Respawner(EventLoop& loop, SupervisorCommand command);

  /// A supervisor has subscribed.
  void supervisorCame();
  /// Its subscription ended without `bye`.
  void supervisorLost();

 private:
  void attempt();
  void settle();

  SupervisorCommand command_;
  Timer timer_;
  UniqueFd lock_;
  bool hasSupervisor_ = false;
  int64_t cameMs_ = 0;
  int64_t delayMs_ = 0;
};

}  // namespace tscompose
