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
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "core/spec.h"
#include "monitor/fork_server.h"
#include "monitor/monitor.h"
#include "monitor/ready.h"

using namespace tscompose;

// Of the linker (end(3)): the executable's first byte, and the first after its code.
extern "C" const char __executable_start;
extern "C" const char etext;

namespace {

struct Options {
  std::string specPath;
  bool isAdopt = false;
  std::optional<int> readyFd;
  std::optional<int> forkSocket;
};

int parseDescriptor(std::string_view name, std::string_view value) {
  int number = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < 0)
    throw InputError("USAGE", std::string(name) + " takes a number");
  return number;
}

/// `arguments` without the program's name.
Options parseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    const std::string& value = arguments[i + 1];
    if (name == "--spec" || name == "--adopt") {
      options.specPath = value;
      options.isAdopt = name == "--adopt";
    } else if (name == "--ready-fd") {
      options.readyFd = parseDescriptor(name, value);
    } else if (name == "--fork-server") {
      options.forkSocket = parseDescriptor(name, value);
    } else {
      throw InputError("USAGE", "unknown option " + name);
    }
  }
  if ((options.specPath.empty() && !options.forkSocket) || arguments.size() % 2 != 0)
    throw InputError("USAGE", "usage: tscompose-monitor (--spec|--adopt) PATH [--ready-fd N] | --fork-server N");
  return options;
}

/// Lets the caller go on without us. A process that belongs to init already needs no fork.
void leaveCaller() {
  if (::getppid() == 1) return;
  const pid_t child = ::fork();
  if (child < 0) throw SysError(errno, "fork");
  if (child > 0) ::_exit(0);
}

/// Leaves the caller's session, terminal and descriptors, but for `ready`, negative where there is none.
void daemonize(int ready) {
  ::setsid();
  if (::chdir("/") != 0) throw SysError(errno, "chdir", "/");
  const UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!null) throw SysError(errno, "open", "/dev/null");
  for (int fd = 0; fd <= 2; fd++) {
    if (fd != ready) ::dup2(null.get(), fd);
  }
  if (ready > 3) ::close_range(3, static_cast<unsigned>(ready) - 1, 0);
  ::close_range(ready >= 3 ? static_cast<unsigned>(ready) + 1 : 3, ~0U, 0);
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

/// `ready` ends as soon as the container runs: whoever started us waits for its end.
int run(const Options& options, UniqueFd& ready) {
  const MonitorSpec spec = parseMonitorSpec(readFile(options.specPath));
  makeDirectories(spec.runDir, 0700);
  const UniqueFd lock = takeLock(spec.runDir + "/monitor.lock");
  const sigset_t wanted = blockSignals();
  const UniqueFd signals = openSignals(wanted);
  EventLoop loop;
  Monitor monitor(loop, spec, parseSpec(readFile(spec.bundle + "/config.json")));
  const pid_t pid = options.isAdopt ? monitor.adopt() : monitor.startFirst();
  if (ready) reportStarted(ready.get(), pid);
  ready.reset();
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
  UniqueFd ready;
  const auto fail = [&](auto... what) {
    if (ready) reportFailure(ready.get(), what...);
    return 1;
  };
  try {
    sealExecutable(argv);
    Options options = parseOptions({argv + 1, argv + argc});
    if (options.forkSocket) {
      std::optional<ForkRequest> request = serveForks(*options.forkSocket);
      if (!request) return 0;
      // First: what goes wrong from here on is told there.
      ready = std::move(request->ready);
      options = parseOptions(request->arguments);
      request->arguments.insert(request->arguments.begin(), argv[0]);
      setCommandLine(request->arguments);
    } else {
      ready.reset(options.readyFd.value_or(-1));
      leaveCaller();
    }
    daemonize(ready.get());
    return run(options, ready);
  } catch (const LaunchError& error) {
    return fail(error.code(), error.step(), error.error(), error.what(), error.exitCode());
  } catch (const InputError& error) {
    if (!ready) std::fprintf(stderr, "tscompose-monitor: %s\n", error.what());
    return fail(error.code(), "monitor", 0, error.what());
  } catch (const SysError& error) {
    return fail(error);
  } catch (const std::exception& error) {
    return fail("KERNEL", "monitor", 0, error.what());
  }
}
