#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/daemon.h"
#include "core/error.h"
#include "core/fd.h"
#include "core/process.h"
#include "napi/convert.h"
#include "napi/exports.h"
#include "napi/poll.h"
#include "napi/promise.h"

namespace tscompose {

namespace {

/// The sealed executable of a file, made once. It stays open, and so the one that this process was installed with is
/// what it starts.
int heldExecutable(const std::string& file) {
  static std::mutex mutex;
  static std::map<std::string, UniqueFd> held;
  const std::lock_guard lock(mutex);
  UniqueFd& executable = held[file];
  if (!executable) executable = sealedExecutable(file);
  return executable.get();
}

/// Asks for a fork; returns the read end of its pipe, which does not block.
UniqueFd askForFork(int socket, const std::string& arguments) {
  Pipe pipe = makePipe();
  if (::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0) throw SysError(errno, "fcntl", "ready pipe");
  try {
    sendFd(socket, pipe.write.get(), arguments);
  } catch (const SysError& error) {
    // Gone, with or without messages that it had not read: as if it went just after, the pipe ends without a byte.
    if (error.error() != EPIPE && error.error() != ECONNRESET) throw;
  }
  return std::move(pipe.read);
}

/// Collects what a fork writes until it closes the pipe.
void settleAtEnd(Napi::Env env, UniqueFd pipe, Napi::Promise::Deferred deferred) {
  const auto text = std::make_shared<std::string>();
  Poll::start(env, std::move(pipe), true, [deferred, text](Poll& poll) {
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t length = ::read(poll.fd(), buffer.data(), buffer.size());
      if (length < 0 && errno == EINTR) continue;
      if (length < 0 && errno == EAGAIN) return;
      const Napi::Env inner = poll.env();
      if (length > 0) {
        text->append(buffer.data(), static_cast<size_t>(length));
        continue;
      }
      const int error = errno;
      poll.close();
      if (length == 0) return deferred.Resolve(Napi::String::New(inner, *text));
      return deferred.Reject(
          errorFrom(inner, std::make_exception_ptr(SysError(error, "read", "ready pipe")), "fork").Value());
    }
  });
}

using SharedFd = std::shared_ptr<UniqueFd>;

/// One that is under way when the server is closed keeps the socket until it has asked.
Napi::Value fork(const Napi::CallbackInfo& info, SharedFd socket) {
  std::string arguments;
  for (const std::string& word : convert::texts(info[0], "args")) arguments.append(word).push_back('\0');
  return promise(
      info.Env(), "fork", [socket = std::move(socket), arguments] { return askForFork(socket->get(), arguments); },
      [](Napi::Env env, UniqueFd pipe) -> Napi::Value {
        const auto end = Napi::Promise::Deferred::New(env);
        settleAtEnd(env, std::move(pipe), end);
        return end.Promise();
      });
}

Napi::Object forkServerObject(Napi::Env env, UniqueFd socket) {
  const auto held = std::make_shared<SharedFd>(std::make_shared<UniqueFd>(std::move(socket)));
  auto server = Napi::Object::New(env);
  server.Set("fork", Napi::Function::New(
                         env, [held](const Napi::CallbackInfo& info) { return fork(info, *held); }, "fork"));
  server.Set("close", Napi::Function::New(
                          env, [held](const Napi::CallbackInfo&) { *held = std::make_shared<UniqueFd>(); }, "close"));
  return server;
}

Napi::Value exportedOpenForkServer(const Napi::CallbackInfo& info) {
  DaemonOptions daemon;
  daemon.file = convert::text(info[0], "file");
  daemon.arguments = convert::texts(info[1], "args");
  daemon.environment = convert::texts(info[2], "environment");
  return promise(
      info.Env(), "openForkServer",
      [daemon]() mutable {
        daemon.executable = heldExecutable(daemon.file);
        SocketPair ends = makeSocketPair(SOCK_SEQPACKET);
        spawnDetached(daemon, ends.second.get());
        return std::move(ends.first);
      },
      [](Napi::Env env, UniqueFd socket) -> Napi::Value { return forkServerObject(env, std::move(socket)); });
}

}  // namespace

void exportForkServer(Napi::Env env, Napi::Object exports) {
  exports.Set("openForkServer", Napi::Function::New<exportedOpenForkServer>(env, "openForkServer"));
}

}  // namespace tscompose
