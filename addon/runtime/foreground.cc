#include "runtime/foreground.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "core/error.h"
#include "core/process.h"

namespace tscompose::runtime {

namespace {

/// Our terminal in raw mode; as it was when this dies.
class RawTerminal {
 public:
  explicit RawTerminal(int fd) : fd_(fd) {
    if (::tcgetattr(fd, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    active_ = ::tcsetattr(fd, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (active_) ::tcsetattr(fd_, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  int fd_;
  termios before_{};
  bool active_ = false;
};

void copyWindowSize(int console) {
  winsize size{};
  if (::ioctl(0, TIOCGWINSZ, &size) == 0) (void)::ioctl(console, TIOCSWINSZ, &size);
}

/// Moves what can be read now; false at the end of input.
bool pump(int from, int to) {
  std::array<char, 16384> buffer{};
  const ssize_t got = ::read(from, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;  // EIO: the last process has closed the terminal
  if (got == 0) return false;
  for (ssize_t done = 0; done < got;) {
    const ssize_t put = ::write(to, buffer.data() + done, static_cast<size_t>(got - done));
    if (put < 0 && errno != EINTR) return false;
    if (put > 0) done += put;
  }
  return true;
}

}  // namespace

SignalForwarder::SignalForwarder() {
  sigset_t all;
  ::sigfillset(&all);
  // SIGCHLD says nothing that the pidfd does not; faults are our own; job control stops us and not the container.
  for (const int own : {SIGCHLD, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGTTIN, SIGTTOU, SIGTSTP})
    ::sigdelset(&all, own);
  if (::sigprocmask(SIG_BLOCK, &all, &before_) != 0) throw SysError(errno, "sigprocmask");
  signals_.reset(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) throw SysError(errno, "signalfd");
}

SignalForwarder::~SignalForwarder() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

int SignalForwarder::wait(pid_t pid, int pidfd, int console) {
  std::optional<RawTerminal> raw;
  if (console >= 0) {
    raw.emplace(0);
    copyWindowSize(console);
  }
  std::array<pollfd, 4> watched{{{pidfd, POLLIN, 0},
                                 {signals_.get(), POLLIN, 0},
                                 {console, POLLIN, 0},
                                 {console >= 0 ? 0 : -1, POLLIN, 0}}};
  for (;;) {
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw SysError(errno, "poll");
    }
    if (watched[1].revents != 0) {
      signalfd_siginfo info{};
      while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGWINCH && console >= 0) copyWindowSize(console);
        else sendSignal(pidfd, static_cast<int>(info.ssi_signo));
      }
    }
    if (watched[2].revents != 0 && !pump(console, 1)) watched[2].fd = -1;
    if (watched[3].revents != 0 && !pump(0, console)) watched[3].fd = -1;
    // Output that arrived before the exit is taken first.
    if (watched[0].revents != 0 && (watched[2].fd < 0 || watched[2].revents == 0)) break;
  }
  return exitCodeOf(waitForChild(pid));
}

}  // namespace tscompose::runtime
