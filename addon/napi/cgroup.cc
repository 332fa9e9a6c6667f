#include "core/cgroup.h"

#include <napi.h>

#include "napi/convert.h"
#include "napi/exports.h"
#include "napi/promise.h"

namespace tscompose {

namespace {

Napi::Value exportedCgroupExists(const Napi::CallbackInfo& info) {
  const std::string path = convert::text(info[0], "path");
  return guard(info.Env(), "cgroupExists", [&] { return Napi::Boolean::New(info.Env(), Cgroup::open(path).exists()); });
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

Napi::Value exportedCgroupStatistics(const Napi::CallbackInfo& info) {
  return promise(
      info.Env(), "cgroupStatistics",
      [path = convert::text(info[0], "path")] { return Cgroup::open(path).statistics(); },
      [](Napi::Env env, const CgroupStatistics& statistics) -> Napi::Value {
        auto object = Napi::Object::New(env);
        const auto set = [&](const char* name, uint64_t value) {
          object.Set(name, Napi::Number::New(env, static_cast<double>(value)));
        };
        set("memoryBytes", statistics.memoryBytes);
        set("memoryLimitBytes", statistics.memoryLimitBytes);
        set("memoryPeakBytes", statistics.memoryPeakBytes);
        set("cpuNanoseconds", statistics.cpuNanoseconds);
        set("cpuUserNanoseconds", statistics.cpuUserNanoseconds);
        set("cpuSystemNanoseconds", statistics.cpuSystemNanoseconds);
        set("cpuThrottledPeriods", statistics.cpuThrottledPeriods);
        set("pids", statistics.pids);
        set("pidsLimit", statistics.pidsLimit);
        set("ioReadBytes", statistics.ioReadBytes);
        set("ioWriteBytes", statistics.ioWriteBytes);
        set("oomKills", statistics.oomKills);
        return object;
      });
}

}  // namespace

void exportCgroup(Napi::Env env, Napi::Object exports) {
  exports.Set("cgroupExists", Napi::Function::New<exportedCgroupExists>(env, "cgroupExists"));
  exports.Set("cgroupKill", Napi::Function::New<exportedCgroupKill>(env, "cgroupKill"));
  exports.Set("cgroupRemove", Napi::Function::New<exportedCgroupRemove>(env, "cgroupRemove"));
  exports.Set("cgroupStatistics", Napi::Function::New<exportedCgroupStatistics>(env, "cgroupStatistics"));
  exports.Set("cgroupProcesses", Napi::Function::New<exportedCgroupProcesses>(env, "cgroupProcesses"));
}

}  // namespace tscompose
