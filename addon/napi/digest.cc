#include <sys/random.h>

#include <cerrno>

#include "core/error.h"
#include "core/sha256.h"
#include "napi/convert.h"
#include "napi/exports.h"
#include "napi/promise.h"

namespace tscompose {

namespace {

/// Synchronous: a microsecond a kilobyte.
Napi::Value exportedSha256(const Napi::CallbackInfo& info) {
  const std::vector<uint8_t> bytes = convert::bytes(info[0], "data");
  return guard(info.Env(), "sha256", [&]() -> Napi::Value {
    Sha256 sha;
    sha.update(bytes.data(), bytes.size());
    return Napi::String::New(info.Env(), sha.digest().substr(std::string_view{"sha256:"}.size()));
  });
}

/// getrandom(2), which does not block once the machine is up.
Napi::Value exportedRandomBytes(const Napi::CallbackInfo& info) {
  constexpr int64_t kMost = 256;
  const auto size = static_cast<size_t>(convert::integer(info[0], "size", 1, kMost));
  return guard(info.Env(), "randomBytes", [&]() -> Napi::Value {
    auto bytes = Napi::Uint8Array::New(info.Env(), size);
    // Up to 256 bytes come whole and uninterrupted (getrandom(2)).
    if (::getrandom(bytes.Data(), size, 0) != static_cast<ssize_t>(size)) throw SysError(errno, "getrandom", "");
    return bytes;
  });
}

}  // namespace

void exportDigest(Napi::Env env, Napi::Object exports) {
  exports.Set("sha256", Napi::Function::New<exportedSha256>(env, "sha256"));
  exports.Set("randomBytes", Napi::Function::New<exportedRandomBytes>(env, "randomBytes"));
}

}  // namespace tscompose
