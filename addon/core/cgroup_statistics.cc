/// What a cgroup has used, and when it ran out of memory: the questions of core/cgroup.h that change nothing.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "core/cgroup.h"
#include "core/cgroup_layout.h"
#include "core/error.h"
#include "core/file.h"

namespace tscompose {

namespace {

/// Sum of "… <key> <number>" (v1) over all devices.
uint64_t sumOfOperations(const std::string& file, std::string_view operation) {
  uint64_t sum = 0;
  try {
    std::istringstream lines(readFileIfExists(file).value_or(""));
    for (std::string device, name; lines >> device >> name;) {
      uint64_t value = 0;
      if (device == "Total" || !(lines >> value)) break;
      if (name == operation) sum += value;
    }
  } catch (const SysError&) {
    return 0;
  }
  return sum;
}

/// Sum of "key=number" (v2 io.stat) over all devices.
uint64_t sumOfPairs(const std::string& file, std::string_view key) {
  uint64_t sum = 0;
  try {
    std::istringstream words(readFileIfExists(file).value_or(""));
    for (std::string word; words >> word;)
      if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=')
        sum += std::strtoull(word.c_str() + key.size() + 1, nullptr, 10);
  } catch (const SysError&) {
    return 0;
  }
  return sum;
}

/// v1 writes "no limit" as the largest multiple of the page size that fits.
uint64_t limitOrZero(uint64_t limit) { return limit >= (uint64_t{1} << 62U) ? 0 : limit; }

uint64_t withoutCache(uint64_t usage, uint64_t inactiveFile) { return usage > inactiveFile ? usage - inactiveFile : 0; }

}  // namespace

CgroupStatistics Cgroup::statistics() const {
  const CgroupLayout& layout = cgroupLayout();
  const CgroupHierarchy* v2 = layout.v2();
  const std::string unified = v2 != nullptr ? v2->base + path_ : "";
  const auto v1 = [&](const char* controller) -> std::optional<std::string> {
    const CgroupHierarchy* hierarchy = layout.v1(controller);
    if (hierarchy == nullptr) return std::nullopt;
    return hierarchy->base + path_;
  };
  CgroupStatistics result;
  result.oomKills = oomKills();
  if (const auto memory = v1("memory")) {
    result.memoryBytes = withoutCache(readCounter(*memory + "/memory.usage_in_bytes"),
                                      readKeyedCounter(*memory + "/memory.stat", "total_inactive_file"));
    result.memoryLimitBytes = limitOrZero(readCounter(*memory + "/memory.limit_in_bytes"));
    result.memoryPeakBytes = readCounter(*memory + "/memory.max_usage_in_bytes");
  } else {
    result.memoryBytes = withoutCache(readCounter(unified + "/memory.current"),
                                      readKeyedCounter(unified + "/memory.stat", "inactive_file"));
    result.memoryLimitBytes = readCounter(unified + "/memory.max");
    result.memoryPeakBytes = readCounter(unified + "/memory.peak");
  }
  if (const auto account = v1("cpuacct")) {
    result.cpuNanoseconds = readCounter(*account + "/cpuacct.usage");
    result.cpuUserNanoseconds = readCounter(*account + "/cpuacct.usage_user");
    result.cpuSystemNanoseconds = readCounter(*account + "/cpuacct.usage_sys");
  } else {
    result.cpuNanoseconds = readKeyedCounter(unified + "/cpu.stat", "usage_usec") * 1000;
    result.cpuUserNanoseconds = readKeyedCounter(unified + "/cpu.stat", "user_usec") * 1000;
    result.cpuSystemNanoseconds = readKeyedCounter(unified + "/cpu.stat", "system_usec") * 1000;
  }
  result.cpuThrottledPeriods = readKeyedCounter(v1("cpu").value_or(unified) + "/cpu.stat", "nr_throttled");
  const std::string pids = v1("pids").value_or(unified);
  result.pids = readCounter(pids + "/pids.current");
  result.pidsLimit = readCounter(pids + "/pids.max");
  if (const auto io = v1("blkio")) {
    const std::string file = *io + "/blkio.throttle.io_service_bytes_recursive";
    result.ioReadBytes = sumOfOperations(file, "Read");
    result.ioWriteBytes = sumOfOperations(file, "Write");
  } else {
    result.ioReadBytes = sumOfPairs(unified + "/io.stat", "rbytes");
    result.ioWriteBytes = sumOfPairs(unified + "/io.stat", "wbytes");
  }
  return result;
}

uint64_t Cgroup::oomKills() const {
  const CgroupLayout& layout = cgroupLayout();
  if (const CgroupHierarchy* memory = layout.v1("memory"))
    return readKeyedCounter(memory->base + path_ + "/memory.oom_control", "oom_kill");
  const CgroupHierarchy* v2 = layout.v2();
  return v2 == nullptr ? 0 : readKeyedCounter(v2->base + path_ + "/memory.events", "oom_kill");
}

UniqueFd Cgroup::watchOom() const {
  const CgroupLayout& layout = cgroupLayout();
  if (const CgroupHierarchy* memory = layout.v1("memory")) {
    const std::string directory = memory->base + path_;
    const UniqueFd control{::open((directory + "/memory.oom_control").c_str(), O_RDONLY | O_CLOEXEC)};
    if (!control) return {};
    UniqueFd event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!event) throw SysError(errno, "eventfd");
    writeControlFile(directory + "/cgroup.event_control",
                     std::to_string(event.get()) + " " + std::to_string(control.get()));
    return event;
  }
  const CgroupHierarchy* v2 = layout.v2();
  if (v2 == nullptr) return {};
  UniqueFd watch{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  if (!watch) throw SysError(errno, "inotify_init1");
  if (::inotify_add_watch(watch.get(), (v2->base + path_ + "/memory.events").c_str(), IN_MODIFY) < 0) return {};
  return watch;
}

}  // namespace tscompose
