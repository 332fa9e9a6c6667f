#include "monitor/fork_server.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "core/error.h"
#include "monitor/ready.h"

namespace tscompose {

namespace {

/// An option and a path, which the kernel limits to 4096 (PATH_MAX). What we touch here every fork has to copy.
constexpr size_t kMostText = 8192;

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\0'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// Whether there is a message, and somebody who waits for what comes of it.
bool isAsked(int socket) {
  pollfd watch{.fd = socket, .events = POLLIN, .revents = 0};
  int count;
  do count = ::poll(&watch, 1, -1);
  while (count < 0 && errno == EINTR);
  return count > 0 && (watch.revents & (POLLHUP | POLLERR)) == 0;
}

}  // namespace

std::optional<ForkRequest> serveForks(int socket) {
  // Nobody waits for them: the kernel collects those that end before we do (wait(2)).
  ::signal(SIGCHLD, SIG_IGN);
  // Whoever asked may be gone by the time that a fork fails.
  ::signal(SIGPIPE, SIG_IGN);
  while (isAsked(socket)) {
    FdMessage message = receiveFdMessage(socket, kMostText);
    const pid_t child = ::fork();
    if (child < 0) reportFailure(message.fd.get(), SysError(errno, "fork", "monitor"));
    if (child != 0) continue;
    ::signal(SIGCHLD, SIG_DFL);
    // Before it would end us.
    const bool isAwaited = ::write(message.fd.get(), "\n", 1) == 1;
    ::signal(SIGPIPE, SIG_DFL);
    ::close(socket);
    if (!isAwaited) ::_exit(0);
    return ForkRequest{split(message.text), std::move(message.fd)};
  }
  return std::nullopt;
}

}  // namespace tscompose
