#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "core/error.h"

namespace tscompose {

/// The JavaScript Error for whatever the core threw: `code`, `errno`, `syscall` and `step` for a failed system call,
/// `code` for wrong input. `step` is the export's name.
inline Napi::Error errorFrom(Napi::Env env, const std::exception_ptr& failure, const char* step) {
  try {
    std::rethrow_exception(failure);
  } catch (const Napi::Error& error) {
    return error;
  } catch (const SysError& error) {
    auto result = Napi::Error::New(env, error.what());
    result.Set("code", Napi::String::New(env, error.code()));
    result.Set("errno", Napi::Number::New(env, error.error()));
    result.Set("syscall", Napi::String::New(env, error.syscall()));
    result.Set("step", Napi::String::New(env, step));
    return result;
  } catch (const InputError& error) {
    auto result = Napi::Error::New(env, error.what());
    result.Set("code", Napi::String::New(env, error.code()));
    result.Set("step", Napi::String::New(env, step));
    return result;
  } catch (const std::exception& error) {
    auto result = Napi::Error::New(env, error.what());
    result.Set("step", Napi::String::New(env, step));
    return result;
  }
}

/// Runs a synchronous export's body; what the core throws becomes a JavaScript exception.
template <typename Body>
auto guard(Napi::Env env, const char* step, Body body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw errorFrom(env, std::current_exception(), step);
  }
}

/// Runs `work` on a libuv worker and settles a promise with what `convert` makes of its result. Deletes itself.
template <typename Result, typename Convert>
class PromiseWorker : public Napi::AsyncWorker {
 public:
  PromiseWorker(Napi::Env env, const char* step, std::function<Result()> work, Convert convert)
      : Napi::AsyncWorker(env, step),
        deferred_(Napi::Promise::Deferred::New(env)),
        step_(step),
        work_(std::move(work)),
        convert_(std::move(convert)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      if constexpr (std::is_void_v<Result>) {
        work_();
      } else {
        result_.emplace(work_());
      }
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  void OnOK() override {
    if (failure_) return deferred_.Reject(errorFrom(Env(), failure_, step_).Value());
    try {
      if constexpr (std::is_void_v<Result>) {
        deferred_.Resolve(Env().Undefined());
      } else {
        deferred_.Resolve(convert_(Env(), std::move(*result_)));
      }
    } catch (...) {
      deferred_.Reject(errorFrom(Env(), std::current_exception(), step_).Value());
    }
  }

 private:
  using Stored = std::conditional_t<std::is_void_v<Result>, char, Result>;

  Napi::Promise::Deferred deferred_;
  const char* step_;
  std::function<Result()> work_;
  Convert convert_;
  std::optional<Stored> result_;
  std::exception_ptr failure_;
};

/// A promise for `work()`, run on a worker thread, converted by `convert(env, result)` on the JavaScript thread.
/// `work` must own what it uses.
template <typename Work, typename Convert>
Napi::Value promise(Napi::Env env, const char* step, Work work, Convert convert) {
  using Result = std::invoke_result_t<Work>;
  auto* worker = new PromiseWorker<Result, Convert>(env, step, std::move(work), std::move(convert));
  const Napi::Promise result = worker->promise();
  worker->Queue();
  return result;
}

template <typename Work>
Napi::Value promise(Napi::Env env, const char* step, Work work) {
  static_assert(std::is_void_v<std::invoke_result_t<Work>>);
  return promise(env, step, std::move(work), [](Napi::Env, char) { return 0; });
}

}  // namespace tscompose
