#include "runtime/console.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/process.h"

namespace tscompose::runtime {

namespace {

/// Raw mode for as long as it lives.
class RawTerminal {
 public:
  RawTerminal() {
    if (::tcgetattr(0, &before_) != 0) return;
    auto raw = before_;
    ::cfmakeraw(&raw);
    isRaw_ = ::tcsetattr(0, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (isRaw_) ::tcsetattr(0, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
  bool isRaw_ = false;
};

void copySize(int console) {
  winsize size{};
  if (::ioctl(0, TIOCGWINSZ, &size) == 0) ::ioctl(console, TIOCSWINSZ, &size);
}

/// False at the end. A pty master reports EIO once nobody holds the other end.
bool pump(int from, int to) {
  std::array<char, 8192> buffer;
  ssize_t count = ::read(from, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  try {
    writeFully(to, {buffer.data(), static_cast<size_t>(count)}, "terminal");
  } catch (const SysError&) {
    return false;
  }
  return true;
}

}  // namespace

void sendConsole(const std::string& socketPath, const UniqueFd& master) {
  UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket) throw SysError(errno, "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socketPath.size() >= sizeof address.sun_path) throw SysError(ENAMETOOLONG, "connect", socketPath);
  socketPath.copy(address.sun_path, socketPath.size());
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw SysError(errno, "connect", socketPath);
  sendFd(socket.get(), master.get());
}

int attend(pid_t pid, int pidfd, UniqueFd console) {
  sigset_t signals;
  ::sigfillset(&signals);
  for (int fatal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTTIN, SIGTTOU}) ::sigdelset(&signals, fatal);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  UniqueFd signalFd{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!signalFd) throw SysError(errno, "signalfd");
  std::optional<RawTerminal> raw;
  if (console) {
    raw.emplace();
    copySize(console.get());
  }
  bool inputOpen = static_cast<bool>(console);
  bool outputOpen = inputOpen;
  bool ended = false;
  while (!ended || outputOpen) {
    std::array<pollfd, 4> polled{{{ended ? -1 : pidfd, POLLIN, 0},
                                  {signalFd.get(), POLLIN, 0},
                                  {inputOpen ? 0 : -1, POLLIN, 0},
                                  {outputOpen ? console.get() : -1, POLLIN, 0}}};
    /* after the end only what is already in the terminal is waited for: a background process may hold it for ever */
    int count = ::poll(polled.data(), polled.size(), ended ? 50 : -1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SysError(errno, "poll");
    if (count == 0) break;
    if (polled[0].revents != 0) ended = true;
    if (polled[1].revents != 0) {
      signalfd_siginfo info{};
      while (::read(signalFd.get(), &info, sizeof info) == sizeof info) {
        int signal = static_cast<int>(info.ssi_signo);
        if (signal == SIGCHLD || signal == SIGPIPE || signal == SIGURG) continue;
        if (signal == SIGWINCH && console)
          copySize(console.get());
        else if (!ended)
          sendSignal(pidfd, signal);
      }
    }
    if (polled[2].revents != 0 && !pump(0, console.get())) inputOpen = false;
    if (polled[3].revents != 0 && !pump(console.get(), 1)) outputOpen = false;
  }
  return exitCodeOf(waitForChild(pid));
}

}  // namespace tscompose::runtime
