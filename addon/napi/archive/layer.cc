#include "core/layer.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "core/compare_tree.h"
#include "core/error.h"
#include "napi/archive/exports.h"
#include "napi/convert.h"
#include "napi/thread.h"

namespace tscompose {

namespace {

/// A blob that is read on a thread, which must have ended when the environment does: static data goes after it.
class Reading {
 public:
  Reading(UniqueFd fd, uint64_t total, uint64_t available) : blob_(std::move(fd), total, available) {}

  GrowingFile& blob() { return blob_; }
  /// On the reading thread, last.
  void end() {
    const std::lock_guard lock{mutex_};
    isEnded_ = true;
    ended_.notify_all();
  }
  void stopAndWait() {
    blob_.cancel();
    std::unique_lock lock{mutex_};
    ended_.wait(lock, [this] { return isEnded_; });
  }

 private:
  GrowingFile blob_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool isEnded_ = false;
};

/// What the hook at the end of the environment holds on to.
using Hooked = std::shared_ptr<Reading>;

void stopAtExit(void* argument) {
  const std::unique_ptr<Hooked> reading{static_cast<Hooked*>(argument)};
  (*reading)->stopAndWait();
}

Napi::Value resultObject(Napi::Env env, const UnpackResult& result) {
  auto object = Napi::Object::New(env);
  object.Set("blobDigest", result.blobDigest);
  object.Set("diffId", result.diffId);
  object.Set("archiveBytes", static_cast<double>(result.archiveBytes));
  object.Set("entries", static_cast<double>(result.entries));
  object.Set("fileBytes", static_cast<double>(result.fileBytes));
  return object;
}

uint64_t size(const Napi::Value& value, const std::string& what) {
  return static_cast<uint64_t>(convert::integer(value, what, 0, int64_t{1} << 53U));
}

/// `{ result, advance(available), cancel() }`.
Napi::Value exportedReadLayer(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto options = convert::object(info[0], "options");
  const std::string path = convert::text(options.Get("path"), "path");
  const uint64_t total = size(options.Get("sizeBytes"), "sizeBytes");
  const uint64_t available = size(options.Get("availableBytes"), "availableBytes");
  std::optional<UnpackOptions> target;
  if (!options.Get("target").IsNull()) {
    const auto given = convert::object(options.Get("target"), "target");
    target = UnpackOptions{
        convert::text(given.Get("directory"), "directory"), convert::boolean(given.Get("isPrivileged"), "isPrivileged"),
        size(given.Get("maxEntries"), "maxEntries"), size(given.Get("reserveBytes"), "reserveBytes")};
  }
  return guard(env, "readLayer", [&] {
    UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!fd) throw SysError(errno, "open", path);
    const auto reading = std::make_shared<Reading>(std::move(fd), total, available);
    const auto work = [reading, target] {
      struct End {
        Reading& reading;
        ~End() { reading.end(); }
      } const end{*reading};
      try {
        return std::optional{target ? unpackLayer(reading->blob(), *target) : digestLayer(reading->blob())};
      } catch (const Cancelled&) {
        return std::optional<UnpackResult>{};
      }
    };
    auto* hooked = new Hooked(reading);
    napi_add_env_cleanup_hook(env, stopAtExit, hooked);
    const auto unhook = [env = napi_env(env), hooked] {
      napi_remove_env_cleanup_hook(env, stopAtExit, hooked);
      delete hooked;
    };
    const auto promise = ThreadPromise<std::optional<UnpackResult>>::start(
        env, "readLayer", work,
        [](Napi::Env settling, const std::optional<UnpackResult>& result) -> Napi::Value {
          return result ? resultObject(settling, *result) : settling.Null();
        },
        unhook);
    auto object = Napi::Object::New(env);
    object.Set("result", promise->promise());
    object.Set("advance", Napi::Function::New(
                              env,
                              [reading](const Napi::CallbackInfo& call) {
                                reading->blob().advance(size(call[0], "availableBytes"));
                              },
                              "advance"));
    object.Set("cancel", Napi::Function::New(
                             env, [reading](const Napi::CallbackInfo&) { reading->blob().cancel(); }, "cancel"));
    return Napi::Value(object);
  });
}

/// `{ result, cancel() }`.
Napi::Value exportedCompareTrees(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  const auto work = [left = convert::text(info[0], "left"), right = convert::text(info[1], "right"), cancelled] {
    return compareTrees(left, right, *cancelled);
  };
  const auto promise = ThreadPromise<std::optional<std::string>>::start(
      env, "compareTrees", work, [](Napi::Env settling, const std::optional<std::string>& path) -> Napi::Value {
        return path ? Napi::String::New(settling, *path) : settling.Null();
      });
  auto operation = Napi::Object::New(env);
  operation.Set("result", promise->promise());
  operation.Set("cancel", Napi::Function::New(
                              env, [cancelled](const Napi::CallbackInfo&) { cancelled->store(true); }, "cancel"));
  return operation;
}

}  // namespace

void exportReadLayer(Napi::Env env, Napi::Object exports) {
  exports.Set("readLayer", Napi::Function::New<exportedReadLayer>(env, "readLayer"));
  exports.Set("compareTrees", Napi::Function::New<exportedCompareTrees>(env, "compareTrees"));
}

}  // namespace tscompose
