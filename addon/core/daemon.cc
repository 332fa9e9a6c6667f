#include "core/daemon.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "core/cgroup_roots.h"
#include "core/error.h"

namespace tscompose {

namespace {

constexpr int kInheritedFd = 3;
constexpr int kExecutableFd = 4;
constexpr std::string_view kPlaceholder = "{fd}";
constexpr size_t kStack = 64 * 1024;

/// What the two processes between us and the daemon need; they share our memory (CLONE_VM), so they only make system
/// calls and write `error`. One that is born into another cgroup has a copy, and shares but `error`.
struct Launch {
  const char* file;
  int executable;
  char* const* arguments;
  char* const* environment;
  const char* directory;
  int null;
  int output;
  int inherited;
  const CgroupRoots* roots;
  char* stack;  ///< of the second process
  volatile int* error;
};

/// A page for one number, seen by the caller and by every process that comes of it.
class SharedNumber {
 public:
  SharedNumber() {
    page_ = ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page_ == MAP_FAILED) throw SysError(errno, "mmap", "shared number");
  }
  SharedNumber(const SharedNumber&) = delete;
  SharedNumber& operator=(const SharedNumber&) = delete;
  ~SharedNumber() { ::munmap(page_, sizeof(int)); }
  volatile int* get() const noexcept { return static_cast<volatile int*>(page_); }

 private:
  void* page_;
};

int become(void* pointer) noexcept {
  auto* launch = static_cast<Launch*>(pointer);
  const auto fail = [&] {
    *launch->error = errno;
    ::_exit(127);
  };
  for (const UniqueFd& root : launch->roots->v1) {
    // Refused: it stays where it is.
    if (::write(root.get(), "0", 1) < 0) continue;
  }
  // Node ignores SIGPIPE, and blocks nothing; the daemon is to begin with the defaults.
  for (int number = 1; number < NSIG; ++number) {
    if (number == SIGKILL || number == SIGSTOP) continue;
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::chdir(launch->directory) != 0) fail();
  // Out of the way first: they have one of the numbers 0 to 3 themselves if the caller closed its stdio.
  const int inherited = ::fcntl(launch->inherited, F_DUPFD, 10);
  const int output = ::fcntl(launch->output, F_DUPFD, 10);
  if (inherited < 0 || output < 0) fail();
  const bool hasExecutable = launch->executable >= 0;
  const int executable = hasExecutable ? ::fcntl(launch->executable, F_DUPFD, 10) : -1;
  if (hasExecutable && executable < 0) fail();
  for (int fd = 0; fd < 3; ++fd) {
    if (::dup2(fd == 0 ? launch->null : output, fd) < 0) fail();
  }
  if (::dup2(inherited, kInheritedFd) < 0) fail();
  if (hasExecutable && ::dup3(executable, kExecutableFd, O_CLOEXEC) < 0) fail();
  if (::syscall(SYS_close_range, (hasExecutable ? kExecutableFd : kInheritedFd) + 1, ~0U, 0) != 0) fail();
  if (hasExecutable) {
    ::execveat(kExecutableFd, "", launch->arguments, launch->environment, AT_EMPTY_PATH);
  } else {
    ::execve(launch->file, launch->arguments, launch->environment);
  }
  fail();
  return 127;
}

/// A child that is born in the root of the v2 tree; false when it may not be. To move there later, the kernel waits for
/// milliseconds (core/cgroup.h). clone3(2) without a stack of the child's own needs memory of its own, too.
bool becomeInRoot(Launch* launch, int root) noexcept {
  clone_args arguments = {};
  arguments.flags = CLONE_VFORK | CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<uint64_t>(root);
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) become(launch);
  return pid > 0;
}

/// The middle process ends at once, so that init inherits the daemon.
int fork2(void* pointer) noexcept {
  auto* launch = static_cast<Launch*>(pointer);
  const int root = launch->roots->v2.get();
  if (::setsid() < 0 || ((root < 0 || !becomeInRoot(launch, root)) &&
                         ::clone(become, launch->stack + kStack, CLONE_VM | CLONE_VFORK | SIGCHLD, launch) < 0)) {
    *launch->error = errno;
  }
  ::_exit(0);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

void spawnDetached(const DaemonOptions& options, int inherited) {
  const std::string& file = options.file;
  std::vector<std::string> texts{file};
  for (std::string argument : options.arguments) {
    if (const size_t at = argument.find(kPlaceholder); at != std::string::npos) {
      argument.replace(at, kPlaceholder.size(), std::to_string(kInheritedFd));
    }
    texts.push_back(std::move(argument));
  }
  std::vector<std::string> variables = options.environment;
  const std::vector<char*> argv = pointers(texts);
  const std::vector<char*> envp = pointers(variables);
  UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!null) throw SysError(errno, "open", "/dev/null");
  std::vector<char> stacks(2 * kStack);
  const CgroupRoots roots = options.leavesCgroups ? openCgroupRoots() : CgroupRoots{};
  const SharedNumber failure;
  Launch launch{.file = file.c_str(),
                .executable = options.executable,
                .arguments = argv.data(),
                .environment = envp.data(),
                .directory = options.directory.c_str(),
                .null = null.get(),
                .output = options.output < 0 ? null.get() : options.output,
                .inherited = inherited,
                .roots = &roots,
                .stack = stacks.data(),
                .error = failure.get()};
  // A signal handler of ours must not run in a process that shares our memory.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::clone(fork2, stacks.data() + 2 * kStack, CLONE_VM | CLONE_VFORK, &launch);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw SysError(error, "clone", file);
  // No exit signal was asked for: nobody else's wait collects it (__WCLONE).
  int status = 0;
  while (::waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
  }
  if (const int inside = *failure.get(); inside != 0) throw SysError(inside, "execve", file);
}

UniqueFd spawnDetached(const DaemonOptions& options) {
  Pipe pipe = makePipe();
  spawnDetached(options, pipe.write.get());
  return std::move(pipe.read);
}

std::optional<ProcessStart> processStart(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return std::nullopt;
  std::array<char, 1024> buffer{};
  const ssize_t length = ::read(fd.get(), buffer.data(), buffer.size());
  if (length <= 0) return std::nullopt;
  std::string_view text(buffer.data(), static_cast<size_t>(length));
  // The command, field 2, may contain anything; the last parenthesis ends it (proc_pid_stat(5)).
  const size_t end = text.rfind(')');
  if (end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(end + 1);
  ProcessStart start{};
  for (int field = 3; !text.empty(); ++field) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    if (field == 3) start.isZombie = word == "Z" || word == "X";
    if (field == 22) {
      start.ticks = std::stoull(std::string(word));
      return start;
    }
    text.remove_prefix(word.size());
  }
  return std::nullopt;
}

UniqueFd openProcess(pid_t pid, uint64_t startTicks) {
  UniqueFd fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (!fd) {
    if (errno == ESRCH) return {};
    throw SysError(errno, "pidfd_open", std::to_string(pid));
  }
  // The number is compared after the pidfd is held: from here it cannot pass to another process.
  const auto start = processStart(pid);
  if (!start || start->ticks != startTicks || start->isZombie) return {};
  return fd;
}

}  // namespace tscompose
