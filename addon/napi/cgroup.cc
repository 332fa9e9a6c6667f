#include <napi.h>

#include "core/cgroup.h"
#include "napi/convert.h"
#include "napi/exports.h"
#include "napi/promise.h"

namespace tscompose {

namespace {

Napi::Value exportedCgroupExists(const Napi::CallbackInfo& info) {
  const std::string path = convert::text(info[0], "path");
  return guard(info.Env(), "cgroupExists",
               [&] { return Napi::Boolean::New(info.Env(), Cgroup::open(path).exists()); });
}

Napi::Value exportedCgroupKill(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "cgroupKill", [path = convert::text(info[0], "path")] { Cgroup::open(path).kill(); });
}

Napi::Value exportedCgroupRemove(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "cgroupRemove", [path = convert::text(info[0], "path")] { Cgroup::open(path).remove(); });
}

Napi::Value exportedCgroupProcesses(const Napi::CallbackInfo& info) {
  const std::string path = convert::text(info[0], "path");
  return guard(info.Env(), "cgroupProcesses", [&] {
    const std::vector<pid_t> pids = Cgroup::open(path).processes();
    Napi::Array result = Napi::Array::New(info.Env(), pids.size());
    for (uint32_t i = 0; i < pids.size(); ++i) result.Set(i, Napi::Number::New(info.Env(), pids[i]));
    return result;
  });
}

}  // namespace

void exportCgroup(Napi::Env env, Napi::Object exports) {
  exports.Set("cgroupExists", Napi::Function::New<exportedCgroupExists>(env, "cgroupExists"));
  exports.Set("cgroupKill", Napi::Function::New<exportedCgroupKill>(env, "cgroupKill"));
  exports.Set("cgroupRemove", Napi::Function::New<exportedCgroupRemove>(env, "cgroupRemove"));
  exports.Set("cgroupProcesses", Napi::Function::New<exportedCgroupProcesses>(env, "cgroupProcesses"));
}

}  // namespace tscompose
