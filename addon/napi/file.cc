#include "core/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>

#include "core/copy_tree.h"
#include "core/fd.h"
#include "core/host_mask.h"
#include "napi/convert.h"
#include "napi/exports.h"
#include "napi/promise.h"
#include "napi/thread.h"

namespace tscompose {

namespace {

UniqueFd lockFile(const std::string& path, bool isExclusive, bool isNonblocking) {
  UniqueFd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!fd) throw SysError(errno, "open", path);
  const int operation = (isExclusive ? LOCK_EX : LOCK_SH) | (isNonblocking ? LOCK_NB : 0);
  while (::flock(fd.get(), operation) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return {};
    throw SysError(errno, "flock", path);
  }
  return fd;
}

/// `{ fd, release() }`; the lock is also given back when the object is collected.
Napi::Value lockObject(Napi::Env env, UniqueFd fd) {
  if (!fd) return env.Null();
  const auto held = std::make_shared<UniqueFd>(std::move(fd));
  auto object = Napi::Object::New(env);
  object.Set("fd", held->get());
  object.Set("release", Napi::Function::New(
                            env, [held](const Napi::CallbackInfo&) { held->reset(); }, "release"));
  return object;
}

Napi::Value exportedFlock(const Napi::CallbackInfo& info) {
  const auto options = convert::object(info[1], "options");
  return promise(
      info.Env(), "flock",
      [path = convert::text(info[0], "path"), isExclusive = convert::boolean(options.Get("exclusive"), "exclusive"),
       isNonblocking = convert::boolean(options.Get("nonblocking"), "nonblocking")] {
        return lockFile(path, isExclusive, isNonblocking);
      },
      lockObject);
}

/// At once, one way or the other: a thread that is asked takes longer.
Napi::Value exportedTryLock(const Napi::CallbackInfo& info) {
  const std::string path = convert::text(info[0], "path");
  const bool isExclusive = convert::boolean(convert::object(info[1], "options").Get("exclusive"), "exclusive");
  return guard(info.Env(), "tryLock", [&] { return lockObject(info.Env(), lockFile(path, isExclusive, true)); });
}

/// `{ lock, abandon() }`: waits on a thread of its own, because who holds the lock may need a worker of ours.
Napi::Value exportedWaitForLock(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const bool isExclusive = convert::boolean(convert::object(info[1], "options").Get("exclusive"), "exclusive");
  const auto waiting = ThreadPromise<std::shared_ptr<UniqueFd>>::start(
      env, "waitForLock",
      [path = convert::text(info[0], "path"), isExclusive] {
        return std::make_shared<UniqueFd>(lockFile(path, isExclusive, false));
      },
      [](Napi::Env settling, const std::shared_ptr<UniqueFd>& fd) { return lockObject(settling, std::move(*fd)); });
  auto object = Napi::Object::New(env);
  object.Set("lock", waiting->promise());
  object.Set("abandon",
             Napi::Function::New(
                 env, [waiting](const Napi::CallbackInfo& call) { waiting->abandon(call.Env()); }, "abandon"));
  return object;
}

Napi::Value exportedMount(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "mount",
                 [source = convert::text(info[0], "source"), target = convert::text(info[1], "target"),
                  type = convert::text(info[2], "type"), flags = convert::u32(info[3], "flags"),
                  options = convert::text(info[4], "options")] {
                   if (::mount(source.c_str(), target.c_str(), type.empty() ? nullptr : type.c_str(), flags,
                               options.empty() ? nullptr : options.c_str()) != 0) {
                     throw SysError(errno, "mount", target);
                   }
                 });
}

Napi::Value exportedSyncFilesystem(const Napi::CallbackInfo& info) {
  const std::string path = convert::text(info[0], "path");
  const auto work = [path] {
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) throw SysError(errno, "open", path);
    /* also tells about pages that could not be written since it was opened (syncfs(2), Linux 5.8) */
    if (::syncfs(fd.get()) != 0) throw SysError(errno, "syncfs", path);
    return true;
  };
  return ThreadPromise<bool>::start(info.Env(), "syncFilesystem", work,
                                    [](Napi::Env env, bool) { return env.Undefined(); })
      ->promise();
}

Napi::Value exportedUnmount(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "unmount", [path = convert::text(info[0], "path")] {
    if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) return;
    if (errno != EINVAL && errno != ENOENT) throw SysError(errno, "umount2", path);
  });
}

Napi::Value exportedSetXattr(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "setXattr",
                 [path = convert::text(info[0], "path"), name = convert::text(info[1], "name"),
                  value = convert::bytes(info[2], "value")] {
                   if (::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) != 0) {
                     throw SysError(errno, "lsetxattr", path);
                   }
                 });
}

/// The attribute's value, or null where there is none.
Napi::Value exportedGetXattr(const Napi::CallbackInfo& info) {
  return promise(
      info.Env(), "getXattr",
      [path = convert::text(info[0], "path"), name = convert::text(info[1], "name")]() -> std::optional<std::string> {
        std::string value(XATTR_SIZE_MAX, '\0');
        const ssize_t length = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
        if (length < 0) {
          if (errno == ENODATA || errno == EOPNOTSUPP) return std::nullopt;
          throw SysError(errno, "lgetxattr", path);
        }
        value.resize(static_cast<size_t>(length));
        return value;
      },
      [](Napi::Env env, const std::optional<std::string>& value) -> Napi::Value {
        if (!value) return env.Null();
        return Napi::Buffer<char>::Copy(env, value->data(), value->size());
      });
}

struct NewFile {
  std::string path;
  std::string text;
  mode_t mode;
};

NewFile newFile(const Napi::Value& value, const std::string& what) {
  const auto file = convert::object(value, what);
  return {convert::text(file.Get("path"), what + ".path"), convert::text(file.Get("text"), what + ".text"),
          static_cast<mode_t>(convert::u32(file.Get("mode"), what + ".mode"))};
}

Napi::Value exportedWriteBundle(const Napi::CallbackInfo& info) {
  const auto options = convert::object(info[0], "options");
  return promise(
      info.Env(), "writeBundle",
      [directories = convert::texts(options.Get("directories"), "directories"),
       files = convert::list(options.Get("files"), "files", newFile), last = newFile(options.Get("last"), "last"),
       hostUpper = convert::text(options.Get("hostUpper"), "hostUpper")] {
        for (const std::string& directory : directories) makeDirectories(directory, 0755);
        if (!hostUpper.empty()) hideHostDirectories(hostUpper);
        for (const NewFile& file : files) writeFile(file.path, file.text, file.mode);
        replaceFile(last.path, last.text, last.mode, Durability::kWhileUp);
      });
}

Napi::Value exportedMakeTopDirectory(const Napi::CallbackInfo& info) {
  const std::string path = convert::text(info[0], "path");
  const auto mode = static_cast<mode_t>(convert::u32(info[1], "mode"));
  return guard(info.Env(), "makeTopDirectory", [&] {
    makeTopDirectory(path, mode);
    return info.Env().Undefined();
  });
}

Napi::Value exportedRemoveTree(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "removeTree", [path = convert::text(info[0], "path")] { removeTree(path); });
}

Napi::Value exportedCopyFromLayers(const Napi::CallbackInfo& info) {
  return promise(
      info.Env(), "copyFromLayers",
      [layers = convert::texts(info[0], "layers"), path = convert::text(info[1], "path"),
       destination = convert::text(info[2], "destination")] { return copyFromLayers(layers, path, destination); },
      [](Napi::Env env, bool found) { return Napi::Boolean::New(env, found); });
}

Napi::Value exportedMknodWhiteout(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "mknodWhiteout", [path = convert::text(info[0], "path")] {
    if (::mknod(path.c_str(), S_IFCHR, makedev(0, 0)) != 0) throw SysError(errno, "mknod", path);
  });
}

}  // namespace

void exportFile(Napi::Env env, Napi::Object exports) {
  exports.Set("flock", Napi::Function::New<exportedFlock>(env, "flock"));
  exports.Set("tryLock", Napi::Function::New<exportedTryLock>(env, "tryLock"));
  exports.Set("waitForLock", Napi::Function::New<exportedWaitForLock>(env, "waitForLock"));
  exports.Set("mount", Napi::Function::New<exportedMount>(env, "mount"));
  exports.Set("syncFilesystem", Napi::Function::New<exportedSyncFilesystem>(env, "syncFilesystem"));
  exports.Set("unmount", Napi::Function::New<exportedUnmount>(env, "unmount"));
  exports.Set("getXattr", Napi::Function::New<exportedGetXattr>(env, "getXattr"));
  exports.Set("setXattr", Napi::Function::New<exportedSetXattr>(env, "setXattr"));
  exports.Set("writeBundle", Napi::Function::New<exportedWriteBundle>(env, "writeBundle"));
  exports.Set("makeTopDirectory", Napi::Function::New<exportedMakeTopDirectory>(env, "makeTopDirectory"));
  exports.Set("removeTree", Napi::Function::New<exportedRemoveTree>(env, "removeTree"));
  exports.Set("copyFromLayers", Napi::Function::New<exportedCopyFromLayers>(env, "copyFromLayers"));
  exports.Set("mknodWhiteout", Napi::Function::New<exportedMknodWhiteout>(env, "mknodWhiteout"));
}

}  // namespace tscompose
