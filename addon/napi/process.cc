#include "core/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

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

}  // namespace

void exportProcess(Napi::Env env, Napi::Object exports) {
  exports.Set("bootId", Napi::Function::New<exportedBootId>(env, "bootId"));
  exports.Set("processStartTicks", Napi::Function::New<exportedProcessStartTicks>(env, "processStartTicks"));
  exports.Set("processAlive", Napi::Function::New<exportedProcessAlive>(env, "processAlive"));
  exports.Set("watchExit", Napi::Function::New<exportedWatchExit>(env, "watchExit"));
}

}  // namespace tscompose
