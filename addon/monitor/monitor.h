#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cgroup.h"
#include "core/launch.h"
#include "core/spec.h"
#include "monitor/control.h"
#include "monitor/event_loop.h"
#include "monitor/exec_session.h"
#include "monitor/exit_record.h"
#include "monitor/health.h"
#include "monitor/log_forwarder.h"
#include "monitor/log_writer.h"
#include "monitor/monitor_spec.h"
#include "monitor/respawner.h"
#include "monitor/stdio.h"
#include "monitor/streams.h"

namespace tscompose {

/// Keeps one container: starts it, pumps its output into the log, answers the control socket, starts it again as its
/// policy says, and writes down how it ended. Single-threaded; everything happens in the loop's handlers.
class Monitor {
 public:
  Monitor(EventLoop& loop, MonitorSpec spec, Spec container);
  ~Monitor();

  /// Makes and starts the container. Throws LaunchError, SysError, InputError; nothing is left then. Gives its pid.
  pid_t startFirst();
  /// Takes over the container that state.json describes. Gives its pid, 0 when it waits for its next start.
  pid_t adopt();
  /// SIGTERM to us: stops the container as `stop` does.
  void stopFromSignal();
  bool isOver() const noexcept { return isOver_; }
  /// The last steps, after the loop has ended: tell everybody, remove the socket, make records durable.
  void finish();

 private:
  using Waiter = std::shared_ptr<Connection>;

  // The container's life.
  void launch();
  void watchRun();
  void resume(const SavedState& saved);
  void onExit();
  void ended(int exitCode, std::optional<std::string> signal);
  void startAgain();
  void scheduleRestart(int64_t delayMs);
  void beginStop(int signal, int64_t timeoutMs);
  void signalInit(int signal);
  void endForGood();
  void onOutput(Channel channel, std::string_view bytes);
  void watchOom();

  // Health.
  void scheduleProbe();
  void startProbe();
  void probeEnded(int exitCode, std::string output);

  // The control socket.
  void answerLine(Connection& connection, std::string_view line);
  void answer(Connection& connection, const Request& request);
  void keep(const Request& request);
  void subscribe(Connection& connection, const Request& request);
  void attach(Connection& connection, const Request& request);
  void exec(Connection& connection, const Request& request);
  void stop(Connection& connection, const Request& request);
  void killContainer(Connection& connection, const Request& request);
  void restart(Connection& connection, const Request& request);
  void pause(bool isPause);
  std::string statistics() const;
  void requireRunning() const;
  void broadcast(const std::string& event);
  void saveState();
  bool isRunning() const { return static_cast<bool>(pidfd_); }
  int64_t ranMs() const;

  EventLoop& loop_;
  MonitorSpec spec_;
  Spec container_;
  ContainerRecord record_;
  OutputJournal journal_;
  std::unique_ptr<LogForwarder> forwarder_;
  LogWriter log_;
  std::optional<HealthTracker> health_;
  std::unique_ptr<ControlServer> server_;
  std::optional<Respawner> respawner_;
  /// Sockets of the supervisor at which the container asks for names: its questions wait there while there is none.
  std::vector<UniqueFd> kept_;

  // One run.
  Cgroup cgroup_;
  UniqueFd pidfd_;
  bool isAdopted_ = false;  ///< the process is not our child
  std::unique_ptr<ProcessStdio> stdio_;
  UniqueFd oomWatch_;
  bool isOver_ = false;

  Timer stopTimer_;
  Timer restartTimer_;
  Timer probeTimer_;
  Timer collectTimer_;
  OutputHistory history_{64U << 10U};
  std::vector<std::shared_ptr<Connection>> subscribers_;
  std::vector<std::shared_ptr<Connection>> attached_;
  std::vector<Waiter> stopWaiters_;  ///< of stop and wait
  std::vector<Waiter> restartWaiters_;
  std::list<std::unique_ptr<ExecSession>> sessions_;
  std::unique_ptr<ExecSession> probe_;
  std::string probeStart_;
  int64_t probeStartMs_ = 0;
};

}  // namespace tscompose
