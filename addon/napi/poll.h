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
    napi_add_env_cleanup_hook(env, closeHook, started);
    uv_poll_start(&started->handle_, UV_READABLE | UV_DISCONNECT, [](uv_poll_t* handle, int, int) {
      static_cast<Poll*>(handle->data)->call();
    });
    return started;
  }

  int fd() const noexcept { return fd_.get(); }
  Napi::Env env() const { return env_; }

  /// Idempotent; the object is gone afterwards.
  void close() {
    if (isClosing_) return;
    isClosing_ = true;
    napi_remove_env_cleanup_hook(env_, closeHook, this);
    if (owner_) *owner_ = nullptr;
    uv_poll_stop(&handle_);
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) { delete static_cast<Poll*>(handle->data); });
  }

  /// `{ close() }`. It can outlive the poll.
  Napi::Object handleObject() {
    owner_ = std::make_shared<Poll*>(this);
    auto object = Napi::Object::New(env_);
    object.Set("close", Napi::Function::New(env_, [owner = owner_](const Napi::CallbackInfo&) {
                 if (*owner != nullptr) (*owner)->close();
               }, "close"));
    return object;
  }

 private:
  Poll(Napi::Env env, UniqueFd fd, std::function<void(Poll&)> onReadable)
      : env_(env), context_(env, "tscompose"), fd_(std::move(fd)), onReadable_(std::move(onReadable)) {}

  static void closeHook(void* poll) { static_cast<Poll*>(poll)->close(); }

  void call() {
    const Napi::HandleScope scope(env_);
    const Napi::CallbackScope callback(env_, context_);
    try {
      onReadable_(*this);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env_, error.Value());
    }
  }

  Napi::Env env_;
  Napi::AsyncContext context_;
  uv_poll_t handle_{};
  UniqueFd fd_;
  std::function<void(Poll&)> onReadable_;
  std::shared_ptr<Poll*> owner_;
  bool isClosing_ = false;
};

}  // namespace tscompose
