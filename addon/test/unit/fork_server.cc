#include "monitor/fork_server.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/error.h"
#include "core/fd.h"
#include "core/process.h"
#include "test/unit/pipe.h"
#include "test/unit/test.h"

using namespace tscompose;

namespace {

bool hasEnded(int pipe) {
  pollfd watch{.fd = pipe, .events = POLLIN, .revents = 0};
  return ::poll(&watch, 1, 0) > 0;
}

/// A process that serves; each fork tells who it is and what was asked for, and ends unless that is "stay".
class Server {
 public:
  template <typename Prepare>
  explicit Server(const Prepare& prepare) {
    SocketPair ends = makeSocketPair(SOCK_SEQPACKET);
    pid_ = ::fork();
    if (pid_ == 0) {
      ends.first.reset();
      prepare();
      const auto request = serveForks(ends.second.get());
      if (request) answer(*request);
      ::_exit(0);
    }
    socket_ = std::move(ends.first);
  }
  Server() : Server([] {}) {}
  ~Server() {
    socket_.reset();
    if (pid_ > 0) wait();
  }

  pid_t pid() const { return pid_; }
  int socket() const { return socket_.get(); }
  void leave() { socket_.reset(); }
  void kill() const { ::kill(pid_, SIGKILL); }
  int wait() {
    const int status = waitForChild(pid_);
    pid_ = -1;
    return status;
  }
  /// The read end of the fork's pipe.
  UniqueFd ask(const std::string& text) const {
    Pipe pipe = makePipe();
    sendFd(socket_.get(), pipe.write.get(), text);
    return std::move(pipe.read);
  }

 private:
  static void answer(const ForkRequest& request) {
    struct sigaction child {};
    struct sigaction pipe {};
    ::sigaction(SIGCHLD, nullptr, &child);
    ::sigaction(SIGPIPE, nullptr, &pipe);
    std::string text = std::to_string(::getpid()) + " " + std::to_string(::getppid());
    for (const std::string& word : request.arguments) text += " <" + word + ">";
    if (child.sa_handler == SIG_DFL && pipe.sa_handler == SIG_DFL) text += " default signals";
    if (::write(request.ready.get(), text.data(), text.size()) < 0) ::_exit(1);
    if (request.arguments.front() == "stay") ::pause();
  }

  pid_t pid_ = -1;
  UniqueFd socket_;
};

}  // namespace

TEST("fork server: a fork has what was asked for, begins with an empty line, and is collected by nobody") {
  Server server;
  const std::string parent = " " + std::to_string(server.pid()) + " ";
  pid_t last = 0;
  for (const char* word : {"one", "two"}) {
    const UniqueFd pipe = server.ask(word + std::string("\0--and more\0", 12));
    const std::string text = test::readAll(pipe.get());
    CHECK_EQUAL(text.front(), '\n');
    last = std::stoi(text);
    CHECK_EQUAL(text.substr(1), std::to_string(last) + parent + "<" + word + "> <--and more> default signals");
  }
  // Its pipe ends before it does.
  const UniqueFd fork{static_cast<int>(::syscall(SYS_pidfd_open, last, 0))};
  if (fork) CHECK(waitForExit(fork.get(), 5000));
  const auto status = readProcessStatus(last);
  CHECK(!status || status->state == 'X' || status->state == 'Z');
}

TEST("fork server: no fork holds the pipe of another, or the server's socket; all go on when it is killed") {
  Server server;
  const UniqueFd staying = server.ask(std::string("stay\0", 5));
  std::array<char, 256> buffer{};
  std::string said;
  while (said.find("default") == std::string::npos) {
    const ssize_t length = ::read(staying.get(), buffer.data(), buffer.size());
    CHECK(length > 0);
    said.append(buffer.data(), static_cast<size_t>(length));
  }
  const pid_t fork = std::stoi(said);
  CHECK(test::readAll(server.ask(std::string("go\0", 3)).get()).find("<go>") != std::string::npos);
  CHECK(!hasEnded(staying.get()));
  server.kill();
  CHECK_EQUAL(server.wait(), SIGKILL);
  // The other end of the socket is nowhere: ECONNRESET had it left a message unread.
  const int error = CHECK_THROWS(SysError, server.ask("more")).error();
  CHECK(error == EPIPE || error == ECONNRESET);
  CHECK(!hasEnded(staying.get()));
  ::kill(fork, SIGKILL);
  CHECK_EQUAL(test::readAll(staying.get()), "");
}

TEST("fork server: it leaves with whoever asked, and what it has not begun by then ends without a byte") {
  Server server;
  ::kill(server.pid(), SIGSTOP);
  const UniqueFd pipe = server.ask(std::string("late\0", 5));
  server.leave();
  ::kill(server.pid(), SIGCONT);
  CHECK_EQUAL(server.wait(), 0);
  CHECK_EQUAL(test::readAll(pipe.get()), "");
}

TEST("fork server: a fork that fails is told as a failed start is, and the next one is tried") {
  Server server([] {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0 || ::setresuid(65533, 65533, 65533) != 0) ::_exit(2);
  });
  for (int turn = 0; turn < 2; turn++) {
    CHECK_EQUAL(test::readAll(server.ask(std::string("one\0", 4)).get()),
                "{\"ok\":false,\"code\":\"KERNEL\",\"step\":\"fork\",\"errno\":11,"
                "\"message\":\"fork monitor: Resource temporarily unavailable\",\"exitCode\":125}\n");
  }
  server.leave();
  CHECK_EQUAL(server.wait(), 0);
}
