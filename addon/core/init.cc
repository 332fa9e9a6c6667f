#include "core/init.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace tscompose {

void runInit(pid_t child) noexcept {
  sigset_t all;
  ::sigfillset(&all);
  for (;;) {
    siginfo_t info;
    int signal = ::sigwaitinfo(&all, &info);
    if (signal < 0) {
      if (errno == EINTR) continue;
      ::_exit(255);
    }
    if (signal != SIGCHLD) {
      /* signals the terminal sends reach the child's own foreground group already */
      if (info.si_code != SI_KERNEL || (signal != SIGINT && signal != SIGQUIT && signal != SIGTSTP))
        ::kill(child, signal);
      continue;
    }
    for (;;) {
      int status = 0;
      pid_t pid = ::waitpid(-1, &status, WNOHANG);
      if (pid <= 0) break;
      if (pid != child) continue;
      ::_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    }
  }
}

}  // namespace tscompose
