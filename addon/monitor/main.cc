#include <fcntl.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "core/spec.h"
#include "monitor/json.h"
#include "monitor/monitor.h"

using namespace tscompose;

// Of the linker (end(3)): the executable's first byte, and the first after its code.
extern "C" const char __executable_start;
extern "C" const char etext;

namespace {

struct Options {
  std::string specPath;
  bool isAdopt = false;
  std::optional<int> readyFd;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    if (name == "--spec" || name == "--adopt") {
      options.specPath = value;
      options.isAdopt = name == "--adopt";
    } else if (name == "--ready-fd") {
      int number = -1;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc() || end != value.data() + value.size() || number < 0)
        throw InputError("USAGE", "--ready-fd takes a number");
      options.readyFd = number;
    } else {
      throw InputError("USAGE", "unknown option " + std::string(name));
    }
  }
  if (options.specPath.empty() || argc % 2 == 0)
    throw InputError("USAGE", "usage: tscompose-monitor (--spec|--adopt) PATH [--ready-fd N]");
  return options;
}

/// Leaves the caller's session, terminal and descriptors. A process that belongs to init already needs no fork.
void daemonize(std::optional<int> readyFd) {
  if (::getppid() != 1) {
    const pid_t child = ::fork();
    if (child < 0) throw SysError(errno, "fork");
    if (child > 0) ::_exit(0);
  }
  ::setsid();
  if (::chdir("/") != 0) throw SysError(errno, "chdir", "/");
  const UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!null) throw SysError(errno, "open", "/dev/null");
  for (int fd = 0; fd <= 2; fd++) {
    if (fd != readyFd) ::dup2(null.get(), fd);
  }
  const unsigned ready = readyFd ? static_cast<unsigned>(*readyFd) : 0;
  if (ready > 3) ::close_range(3, ready - 1, 0);
  ::close_range(ready >= 3 ? ready + 1 : 3, ~0U, 0);
}

/// For so long the lock is waited for: who only looks whether a monitor lives has it for a moment. Again and again,
/// should the first signal come before the wait.
constexpr itimerval kLockPatience{.it_interval = {.tv_sec = 0, .tv_usec = 100000},
                                  .it_value = {.tv_sec = 2, .tv_usec = 0}};

/// False when somebody keeps it.
bool waitForLock(int lock) {
  struct sigaction interrupt {};
  interrupt.sa_handler = [](int) {};  // flock ends with EINTR
  ::sigaction(SIGALRM, &interrupt, nullptr);
  sigset_t alarm;
  ::sigemptyset(&alarm);
  ::sigaddset(&alarm, SIGALRM);
  ::sigprocmask(SIG_UNBLOCK, &alarm, nullptr);
  ::setitimer(ITIMER_REAL, &kLockPatience, nullptr);
  const bool isHad = ::flock(lock, LOCK_EX) == 0;
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::signal(SIGALRM, SIG_DFL);
  return isHad;
}

/// Held until the process ends, however it ends: this is how others see that the monitor lives.
UniqueFd takeLock(const std::string& path) {
  UniqueFd lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock) throw SysError(errno, "open", path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && !waitForLock(lock.get()))
    throw InputError("NAME_TAKEN", "the container already has a monitor");
  return lock;
}

UniqueFd openSignals(const sigset_t& wanted) {
  UniqueFd fd{::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!fd) throw SysError(errno, "signalfd");
  return fd;
}

sigset_t blockSignals() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD}) ::sigaddset(&wanted, number);
  ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
  return wanted;
}

/// Gives back what only the start needed: parsing took most of the heap, and launching most of the code. Read-only
/// pages of the executable come back from the page cache when they are used.
void shrink() {
  ::malloc_trim(0);
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(&__executable_start) + page - 1) & ~(page - 1);
  const auto end = reinterpret_cast<uintptr_t>(&etext) & ~(page - 1);
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void report(std::optional<int> readyFd, const JsonObject& line) {
  if (!readyFd) return;
  const std::string text = line.text() + "\n";
  // Whoever started us may have given up waiting.
  if (::write(*readyFd, text.data(), text.size()) < 0) return;
  ::close(*readyFd);
}

void reportFailure(std::optional<int> readyFd, const std::string& code, const std::string& step, int error,
                   const std::string& message, int exitCode) {
  JsonObject line;
  line.add("ok", false).add("code", code).add("step", step).add("errno", error).add("message", message);
  report(readyFd, line.add("exitCode", exitCode));
}

int run(const Options& options) {
  const MonitorSpec spec = parseMonitorSpec(readFile(options.specPath));
  makeDirectories(spec.runDir, 0700);
  const UniqueFd lock = takeLock(spec.runDir + "/monitor.lock");
  const sigset_t wanted = blockSignals();
  const UniqueFd signals = openSignals(wanted);
  EventLoop loop;
  Monitor monitor(loop, spec, parseSpec(readFile(spec.bundle + "/config.json")));
  const pid_t pid = options.isAdopt ? monitor.adopt() : monitor.startFirst();
  report(options.readyFd, JsonObject().add("ok", true).add("pid", pid));
  loop.add(signals.get(), EPOLLIN, [&](uint32_t) {
    signalfd_siginfo info{};
    if (::read(signals.get(), &info, sizeof(info)) != sizeof(info)) return;
    if (info.ssi_signo == SIGTERM) monitor.stopFromSignal();
  });
  shrink();
  if (!monitor.isOver()) loop.run();
  monitor.finish();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::optional<int> readyFd;
  try {
    sealExecutable(argv);
    const Options options = parseOptions(argc, argv);
    readyFd = options.readyFd;
    daemonize(readyFd);
    return run(options);
  } catch (const LaunchError& error) {
    reportFailure(readyFd, error.code(), error.step(), error.error(), error.what(), error.exitCode());
  } catch (const InputError& error) {
    if (!readyFd) std::fprintf(stderr, "tscompose-monitor: %s\n", error.what());
    reportFailure(readyFd, error.code(), "monitor", 0, error.what(), 125);
  } catch (const SysError& error) {
    reportFailure(readyFd, "KERNEL", error.syscall(), error.error(), error.what(), 125);
  } catch (const std::exception& error) {
    reportFailure(readyFd, "KERNEL", "monitor", 0, error.what(), 125);
  }
  return 1;
}
