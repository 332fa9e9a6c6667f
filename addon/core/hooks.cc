#include "core/hooks.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/child.h"
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"

namespace tscompose {

namespace {

/// The cloned half: no allocation, no return. The exit code of a hook that was joined to a pid namespace is handed on.
[[noreturn]] void executeHook(const char* path, char** arguments, char** environment, int input, int output,
                              int failure, int containerPidfd, int namespaces) noexcept {
  auto fail = [&] {
    int error = errno;
    while (::write(failure, &error, sizeof error) < 0 && errno == EINTR) {
    }
    ::_exit(127);
  };
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  if (containerPidfd >= 0) {
    if (::setns(containerPidfd, namespaces) != 0) fail();
    if ((namespaces & CLONE_NEWPID) != 0) {
      long pid = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
      if (pid < 0) fail();
      if (pid > 0) {
        ::close(failure);
        int status = 0;
        while (::waitpid(static_cast<pid_t>(pid), &status, 0) < 0 && errno == EINTR) {
        }
        ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
      }
    }
  }
  if (::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) fail();
  ::syscall(SYS_close_range, 3U, ~0U, static_cast<unsigned>(CLOSE_RANGE_CLOEXEC));
  ::execve(path, arguments, environment);
  fail();
  ::_exit(127);
}

std::optional<std::string> runHook(const Hook& hook, const std::string& state, int containerPidfd, int namespaces) {
  Arguments arguments{hook.args.empty() ? std::vector<std::string>{hook.path} : hook.args};
  Arguments environment{hook.env};
  UniqueFd input{::memfd_create("hook-state", MFD_CLOEXEC)};
  UniqueFd output{::memfd_create("hook-output", MFD_CLOEXEC)};
  if (!input || !output) throw SysError(errno, "memfd_create");
  writeFully(input.get(), state, "hook state");
  if (::lseek(input.get(), 0, SEEK_SET) < 0) throw SysError(errno, "lseek");
  auto failure = makePipe();

  clone_args clone{};
  int pidfdNumber = -1;
  clone.flags = CLONE_PIDFD;
  clone.pidfd = reinterpret_cast<uint64_t>(&pidfdNumber);
  clone.exit_signal = SIGCHLD;
  long pid = ::syscall(SYS_clone3, &clone, sizeof clone);
  if (pid < 0) throw SysError(errno, "clone3", hook.path);
  if (pid == 0)
    executeHook(hook.path.c_str(), arguments.data(), environment.data(), input.get(), output.get(), failure.write.get(),
                containerPidfd, namespaces);
  UniqueFd pidfd{pidfdNumber};
  failure.write.reset();

  int timeoutMs = hook.timeoutSeconds ? (*hook.timeoutSeconds > 2'000'000 ? -1 : *hook.timeoutSeconds * 1000) : -1;
  bool inTime = waitForExit(pidfd.get(), timeoutMs);
  if (!inTime) {
    ::kill(-static_cast<pid_t>(pid), SIGKILL); /* its session: what it left in the background goes with it */
    sendSignal(pidfd.get(), SIGKILL);
  }
  int status = waitForChild(static_cast<pid_t>(pid));
  if (!inTime) return "timed out after " + std::to_string(*hook.timeoutSeconds) + " s";
  int error = 0;
  if (::read(failure.read.get(), &error, sizeof error) == sizeof error) return std::string{::strerror(error)};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
  std::string message = WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                                            : "exit status " + std::to_string(WEXITSTATUS(status));
  std::string text(1024, '\0');
  ssize_t count = ::pread(output.get(), text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.empty() ? message : message + ": " + text;
}

}  // namespace

std::optional<std::string> runHooks(const std::vector<Hook>& hooks, const std::string& kind, const std::string& state,
                                    std::optional<int> containerPidfd, int containerNamespaces) {
  for (const auto& hook : hooks) {
    auto problem = runHook(hook, state, containerPidfd.value_or(-1), containerNamespaces);
    if (problem) return kind + " hook " + hook.path + ": " + *problem;
  }
  return std::nullopt;
}

}  // namespace tscompose
