#include "monitor/exec_session.h"

#include <fcntl.h>
#include <sys/epoll.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "core/error.h"
#include "core/process.h"

namespace tscompose {

namespace {
/// How long output is awaited after the process ended, when a process it left behind holds the pipe.
constexpr int64_t kDrainMs = 200;
}  // namespace

ExecSession::ExecSession(EventLoop& loop, const Target& target, const Process& process, const ExecOptions& options,
                         bool withStdin, OutputHandler onOutput)
    : loop_(loop),
      stdio_(
          loop, onOutput ? std::move(onOutput) : [](Channel, std::string_view) {}),
      timer_(loop,
             [this] {
               isTimedOut_ = true;
               killAll();
             }),
      cgroup_(target.cgroup),
      cgroupChild_(options.cgroupChild) {
  stdio_.makePipes(withStdin);
  ExecProcess started = execIn(target.initPid, target.spec, process, target.cgroup, stdio_.theirs(), options);
  pid_ = started.pid;
  pidfd_ = std::move(started.pidfd);
  if (started.console)
    stdio_.useConsole(std::move(started.console));
  else
    stdio_.closeTheirs();
  stdio_.start();
  loop_.add(pidfd_.get(), EPOLLIN, [this](uint32_t) { exited(); });
}

ExecSession::~ExecSession() {
  if (!pidfd_) return;
  loop_.remove(pidfd_.get());
  signal(SIGKILL);
  waitForChild(pid_);
}

void ExecSession::setClient(std::shared_ptr<Connection> client) {
  if (!client) stdio_.onInputDrained(nullptr);
  client_ = std::move(client);
}

void ExecSession::signal(int number) {
  if (pidfd_) sendSignal(pidfd_.get(), number);
}

/// Its process group is reached everywhere; what left it, only through a cgroup. Not yet collected: the number is its.
void ExecSession::killAll() {
  if (!pidfd_) return;
  if (!cgroupChild_.empty()) cgroup_.killUnified(cgroupChild_);
  ::kill(-pid_, SIGKILL);
  signal(SIGKILL);
}

void ExecSession::limit(int64_t timeoutMs) { timer_.arm(timeoutMs); }

void ExecSession::endNow() {
  if (!pidfd_) return;
  signal(SIGKILL);
  exited();
}

void ExecSession::exited() {
  timer_.disarm();
  loop_.remove(pidfd_.get());
  pidfd_.reset();
  const int exitCode = exitCodeOf(waitForChild(pid_));
  stdio_.drain(kDrainMs);
  stdio_.close();
  if (const auto handler = std::exchange(onExit_, nullptr)) handler(exitCode);
}

}  // namespace tscompose
