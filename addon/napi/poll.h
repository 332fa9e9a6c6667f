#pragma once

#include <napi.h>
#include <uv.h>

#include <functional>
#include <memory>

#include "core/error.h"
#include "core/fd.h"

namespace tscompose {

/// Watches a descriptor on Node's own event loop: no thread waits. Owned by the loop; close() ends it, also at the end
/// of the environment.
class Poll {
 public:
  /// Calls `onReadable` on the JavaScript thread, inside a callback scope, whenever `fd` is readable. `keepsAlive`:
  /// whether Node goes on as long as it waits.
  static Poll* start(Napi::Env env, UniqueFd fd, bool keepsAlive, std::function<void(Poll&)> onReadable) {
    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw Napi::Error::New(env, "no event loop");
    auto poll = std::unique_ptr<Poll>(new Poll(env, std::move(fd), std::move(onReadable)));
    if (const int error = uv_poll_init(loop, &poll->handle_, poll->fd_.get()); error != 0) {
      throw SysError(-error, "uv_poll_init");
    }
    Poll* started = poll.release();
    started->handle_.data = started;
    if (!keepsAlive) uv_unref(reinterpret_cast<uv_handle_t*>(&started->handle_));
    napi_add_async_cleanup_hook(env, closeHook, started, &started->hook_);
    uv_poll_start(&started->handle_, UV_READABLE | UV_DISCONNECT,
                  [](uv_poll_t* handle, int, int) { static_cast<Poll*>(handle->data)->call(); });
    return started;
  }

  int fd() const noexcept { return fd_.get(); }
  Napi::Env env() const { return env_; }

  /// Idempotent; the object is gone once the loop has let the handle go.
  void close() {
    if (isClosing_) return;
    isClosing_ = true;
    if (owner_) *owner_ = nullptr;
    // Whatever belongs to the JavaScript side goes now: at the end of an environment there is no later.
    context_.reset();
    onReadable_.reset();
    uv_poll_stop(&handle_);
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) {
      const std::unique_ptr<Poll> poll{static_cast<Poll*>(handle->data)};
      napi_remove_async_cleanup_hook(poll->hook_);
    });
  }

  /// `{ close() }`. It can outlive the poll.
  Napi::Object handleObject() {
    owner_ = std::make_shared<Poll*>(this);
    auto object = Napi::Object::New(env_);
    object.Set("close", Napi::Function::New(
                            env_,
                            [owner = owner_](const Napi::CallbackInfo&) {
                              if (*owner != nullptr) (*owner)->close();
                            },
                            "close"));
    return object;
  }

 private:
  using OnReadable = std::function<void(Poll&)>;

  Poll(Napi::Env env, UniqueFd fd, OnReadable onReadable)
      : env_(env),
        context_(std::make_shared<Napi::AsyncContext>(env, "tscompose")),
        fd_(std::move(fd)),
        onReadable_(std::make_shared<OnReadable>(std::move(onReadable))) {}

  static void closeHook(napi_async_cleanup_hook_handle, void* poll) { static_cast<Poll*>(poll)->close(); }

  void call() {
    // Kept for this call: it may close the poll.
    const auto context = context_;
    const auto onReadable = onReadable_;
    const Napi::HandleScope scope(env_);
    const Napi::CallbackScope callback(env_, *context);
    try {
      (*onReadable)(*this);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env_, error.Value());
    }
  }

  Napi::Env env_;
  std::shared_ptr<Napi::AsyncContext> context_;
  uv_poll_t handle_{};
  napi_async_cleanup_hook_handle hook_ = nullptr;
  UniqueFd fd_;
  std::shared_ptr<OnReadable> onReadable_;
  std::shared_ptr<Poll*> owner_;
  bool isClosing_ = false;
};

}  // namespace tscompose
