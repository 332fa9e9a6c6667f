#include "core/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <mutex>

#include "core/daemon.h"
#include "napi/convert.h"
#include "napi/exports.h"
#include "napi/poll.h"
#include "napi/promise.h"

namespace tscompose {

namespace {

constexpr int64_t kMaxSafeInteger = 9007199254740991;

uint64_t ticks(const Napi::Value& value) {
  return static_cast<uint64_t>(convert::integer(value, "startTicks", 0, kMaxSafeInteger));
}

Napi::Value exportedBootId(const Napi::CallbackInfo& info) {
  return guard(info.Env(), "bootId", [&] {
    constexpr const char* kPath = "/proc/sys/kernel/random/boot_id";
    const UniqueFd fd{::open(kPath, O_RDONLY | O_CLOEXEC)};
    if (!fd) throw SysError(errno, "open", kPath);
    std::array<char, 64> buffer{};
    const ssize_t length = ::read(fd.get(), buffer.data(), buffer.size());
    if (length < 0) throw SysError(errno, "read", kPath);
    std::string text(buffer.data(), static_cast<size_t>(length));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return Napi::String::New(info.Env(), text);
  });
}

Napi::Value exportedProcessStartTicks(const Napi::CallbackInfo& info) {
  const auto start = processStart(convert::pid(info[0]));
  if (!start) return info.Env().Null();
  return Napi::Number::New(info.Env(), static_cast<double>(start->ticks));
}

Napi::Value exportedProcessAlive(const Napi::CallbackInfo& info) {
  const auto start = processStart(convert::pid(info[0]));
  const uint64_t expected = ticks(info[1]);
  return Napi::Boolean::New(info.Env(), start && start->ticks == expected && !start->isZombie);
}

Napi::Value exportedWatchExit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const pid_t pid = convert::pid(info[0]);
  const uint64_t startTicks = ticks(info[1]);
  const auto onExit = std::make_shared<Napi::FunctionReference>(Napi::Persistent(convert::function(info[2], "onExit")));
  return guard(env, "watchExit", [&]() -> Napi::Value {
    UniqueFd process = openProcess(pid, startTicks);
    if (!process) {
      // Gone already: a pipe without writer is readable at once.
      process = std::move(makePipe().read);
    }
    return Poll::start(env, std::move(process), false,
                       [onExit](Poll& poll) {
                         const Napi::Env inner = poll.env();
                         poll.close();
                         onExit->Value().Call(inner.Undefined(), {});
                       })
        ->handleObject();
  });
}

/// The sealed executable of a file, made once: the same few programs are started again and again. It stays open, and so
/// the one that this process was installed with is what it starts.
int heldExecutable(const std::string& file) {
  static std::mutex mutex;
  static std::map<std::string, UniqueFd> held;
  const std::lock_guard lock(mutex);
  UniqueFd& executable = held[file];
  if (!executable) executable = sealedExecutable(file);
  return executable.get();
}

/// Collects what the daemon writes until it closes the pipe.
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
          errorFrom(inner, std::make_exception_ptr(SysError(error, "read", "ready pipe")), "spawnDetached").Value());
    }
  });
}

Napi::Value exportedSpawnDetached(const Napi::CallbackInfo& info) {
  const auto options = convert::object(info[2], "options");
  DaemonOptions daemon;
  daemon.file = convert::text(info[0], "file");
  daemon.arguments = convert::texts(info[1], "args");
  daemon.directory = convert::text(options.Get("cwd"), "options.cwd");
  daemon.environment = convert::texts(options.Get("environment"), "options.environment");
  return promise(
      info.Env(), "spawnDetached",
      [daemon]() mutable {
        daemon.executable = heldExecutable(daemon.file);
        UniqueFd pipe = spawnDetached(daemon);
        ::fcntl(pipe.get(), F_SETFL, O_NONBLOCK);
        return pipe;
      },
      [](Napi::Env env, UniqueFd pipe) -> Napi::Value {
        const auto end = Napi::Promise::Deferred::New(env);
        settleAtEnd(env, std::move(pipe), end);
        return end.Promise();
      });
}

}  // namespace

void exportProcess(Napi::Env env, Napi::Object exports) {
  exports.Set("bootId", Napi::Function::New<exportedBootId>(env, "bootId"));
  exports.Set("processStartTicks", Napi::Function::New<exportedProcessStartTicks>(env, "processStartTicks"));
  exports.Set("processAlive", Napi::Function::New<exportedProcessAlive>(env, "processAlive"));
  exports.Set("watchExit", Napi::Function::New<exportedWatchExit>(env, "watchExit"));
  exports.Set("spawnDetached", Napi::Function::New<exportedSpawnDetached>(env, "spawnDetached"));
}

}  // namespace tscompose
