#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "napi/promise.h"

namespace tscompose {

/// A promise whose work has a thread of its own: for waits without end, of which a few would keep all of libuv's
/// workers. It keeps Node alive until it is settled or abandoned.
template <typename Result>
class ThreadPromise : public std::enable_shared_from_this<ThreadPromise<Result>> {
 public:
  using Convert = std::function<Napi::Value(Napi::Env, Result)>;

  /// `work` runs on the new thread and owns what it uses; `atEnd` on JavaScript's, before the promise is settled.
  static std::shared_ptr<ThreadPromise> start(Napi::Env env, const char* step, std::function<Result()> work,
                                              Convert convert, std::function<void()> atEnd = {}) {
    auto self = std::make_shared<ThreadPromise>(env, step, std::move(convert));
    self->atEnd_ = std::move(atEnd);
    std::thread([self, work = std::move(work)] {
      try {
        self->result_.emplace(work());
      } catch (...) {
        self->failure_ = std::current_exception();
      }
      // With the environment gone nobody wants it.
      self->settle_.NonBlockingCall([self](Napi::Env settling, Napi::Function) { self->settle(settling); });
      self->settle_.Release();
    }).detach();
    return self;
  }

  ThreadPromise(Napi::Env env, const char* step, Convert convert)
      : deferred_(Napi::Promise::Deferred::New(env)),
        step_(step),
        convert_(std::move(convert)),
        settle_(Napi::ThreadSafeFunction::New(env, Napi::Function(), step, 0, 1)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  /// Node need not wait for it any more, and what still comes is thrown away.
  void abandon(Napi::Env env) {
    if (isSettled_) return;
    isAbandoned_ = true;
    settle_.Unref(env);
  }

 private:
  void settle(Napi::Env env) {
    isSettled_ = true;
    if (atEnd_) atEnd_();
    if (isAbandoned_) return result_.reset();
    Napi::HandleScope scope(env);
    try {
      if (failure_) std::rethrow_exception(failure_);
      deferred_.Resolve(convert_(env, std::move(*result_)));
    } catch (...) {
      deferred_.Reject(errorFrom(env, std::current_exception(), step_).Value());
    }
  }

  Napi::Promise::Deferred deferred_;
  const char* step_;
  Convert convert_;
  std::function<void()> atEnd_;
  Napi::ThreadSafeFunction settle_;
  std::optional<Result> result_;
  std::exception_ptr failure_;
  bool isAbandoned_ = false;
  bool isSettled_ = false;
};

}  // namespace tscompose
