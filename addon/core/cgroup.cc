#include "core/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <set>
#include <sstream>
#include <thread>

#include "core/cgroup_layout.h"
#include "core/cgroup_v1.h"
#include "core/cgroup_v2.h"
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"

namespace tscompose {

namespace {

using Clock = std::chrono::steady_clock;
using Apply = void (*)(const std::string& directory, const Resources& resources);

/// How long a freezer or a dying process may take before we say so.
constexpr std::chrono::seconds kPatience{10};

/// One kind of limit: which key asks for it (null: none does), the controller of either version, how it is written.
struct Limit {
  const char* (*askedBy)(const Resources&);
  const char* v1Controller;
  Apply applyV1;
  const char* v2Controller;  ///< empty: needs no controller; null: v2 has no such limit
  Apply applyV2;
};

const char* memoryKey(const Resources& r) {
  const MemoryLimits& m = r.memory;
  if (m.limit.value_or(0) != 0) return "linux.resources.memory.limit";
  if (m.swap.value_or(0) != 0) return "linux.resources.memory.swap";
  if (m.reservation.value_or(0) != 0) return "linux.resources.memory.reservation";
  if (m.swappiness) return "linux.resources.memory.swappiness";
  if (m.kernelTcp.value_or(0) != 0) return "linux.resources.memory.kernelTCP";
  if (m.disableOomKiller.value_or(false)) return "linux.resources.memory.disableOOMKiller";
  return nullptr;
}

const char* cpuKey(const Resources& r) {
  const CpuLimits& c = r.cpu;
  if (c.shares.value_or(0) != 0) return "linux.resources.cpu.shares";
  if (c.quota.value_or(0) != 0) return "linux.resources.cpu.quota";
  if (c.period.value_or(0) != 0) return "linux.resources.cpu.period";
  if (c.burst.value_or(0) != 0) return "linux.resources.cpu.burst";
  if (c.realtimeRuntime.value_or(0) != 0) return "linux.resources.cpu.realtimeRuntime";
  if (c.realtimePeriod.value_or(0) != 0) return "linux.resources.cpu.realtimePeriod";
  if (c.idle) return "linux.resources.cpu.idle";
  return nullptr;
}

const char* cpusetKey(const Resources& r) {
  if (!r.cpu.cpus.empty()) return "linux.resources.cpu.cpus";
  return r.cpu.mems.empty() ? nullptr : "linux.resources.cpu.mems";
}

const char* pidsKey(const Resources& r) { return r.pidsLimit ? "linux.resources.pids.limit" : nullptr; }

const char* ioKey(const Resources& r) {
  const BlockIoLimits& io = r.blockIo;
  if (io.weight.value_or(0) != 0) return "linux.resources.blockIO.weight";
  if (io.leafWeight.value_or(0) != 0) return "linux.resources.blockIO.leafWeight";
  if (!io.weightDevice.empty()) return "linux.resources.blockIO.weightDevice";
  if (!io.throttleReadBps.empty()) return "linux.resources.blockIO.throttleReadBpsDevice";
  if (!io.throttleWriteBps.empty()) return "linux.resources.blockIO.throttleWriteBpsDevice";
  if (!io.throttleReadIops.empty()) return "linux.resources.blockIO.throttleReadIOPSDevice";
  if (!io.throttleWriteIops.empty()) return "linux.resources.blockIO.throttleWriteIOPSDevice";
  return nullptr;
}

const char* hugetlbKey(const Resources& r) {
  return r.hugepageLimits.empty() ? nullptr : "linux.resources.hugepageLimits";
}
const char* networkClassKey(const Resources& r) {
  return r.network.classId.value_or(0) != 0 ? "linux.resources.network.classID" : nullptr;
}
const char* networkPriorityKey(const Resources& r) {
  return r.network.priorities.empty() ? nullptr : "linux.resources.network.priorities";
}
const char* rdmaKey(const Resources& r) { return r.rdma.empty() ? nullptr : "linux.resources.rdma"; }
const char* devicesKey(const Resources& r) { return r.devices.empty() ? nullptr : "linux.resources.devices"; }
const char* unifiedKey(const Resources& r) { return r.unified.empty() ? nullptr : "linux.resources.unified"; }

constexpr Limit kLimits[] = {
    {memoryKey, "memory", cgroup_v1::applyMemory, "memory", cgroup_v2::applyMemory},
    {cpuKey, "cpu", cgroup_v1::applyCpu, "cpu", cgroup_v2::applyCpu},
    {cpusetKey, "cpuset", cgroup_v1::applyCpuset, "cpuset", cgroup_v2::applyCpuset},
    {pidsKey, "pids", cgroup_v1::applyPids, "pids", cgroup_v2::applyPids},
    {ioKey, "blkio", cgroup_v1::applyIo, "io", cgroup_v2::applyIo},
    {hugetlbKey, "hugetlb", cgroup_v1::applyHugetlb, "hugetlb", cgroup_v2::applyHugetlb},
    {networkClassKey, "net_cls", cgroup_v1::applyNetworkClass, nullptr, nullptr},
    {networkPriorityKey, "net_prio", cgroup_v1::applyNetworkPriority, nullptr, nullptr},
    {rdmaKey, "rdma", cgroup_v1::applyRdma, "rdma", cgroup_v1::applyRdma},
    {unifiedKey, nullptr, nullptr, "", cgroup_v2::applyUnified},
    {devicesKey, "devices", cgroup_v1::applyDevices, "", cgroup_v2::applyDevices},
};

bool isDirectory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool isRefused(int error) { return error == EACCES || error == EPERM || error == EROFS; }

/// A user namespace's root can reach no device that the host does not give it; it may not load device programs either.
bool inUserNamespace() {
  const std::string map = readFileIfExists("/proc/self/uid_map").value_or("");
  return map.find("4294967295") == std::string::npos;
}

/// mkdir -p below `base`; every new level of a cpuset gets its parent's processors.
void makeCgroup(const CgroupHierarchy& hierarchy, const std::string& directory) {
  const bool isCpuset =
      !hierarchy.isV2 && std::ranges::find(hierarchy.controllers, "cpuset") != hierarchy.controllers.end();
  const auto make = [&](const std::string& path) {
    if (::mkdir(path.c_str(), 0755) != 0) {
      if (errno != EEXIST) return errno;
      if (!isCpuset) return 0;
    }
    try {
      if (isCpuset) cgroup_v1::inheritCpuset(path);
    } catch (const SysError& error) {
      if (error.error() != ENOENT) throw;
      return ENOENT;
    }
    return 0;
  };
  int error = make(directory);
  // Another's last container may take the parent away between two steps.
  for (int attempt = 0; error == ENOENT && attempt < 8; attempt++) {
    for (size_t at = directory.find('/', hierarchy.base.size() + 1); at != std::string::npos;
         at = directory.find('/', at + 1)) {
      error = make(directory.substr(0, at));
      if (error != 0 && error != ENOENT) throw SysError(error, "mkdir", directory.substr(0, at));
    }
    error = make(directory);
  }
  if (error != 0) throw SysError(error, "mkdir", directory);
}

/// Calls `visit` for `directory` and everything below, children first.
template <typename Visit>
void walk(const std::string& directory, const Visit& visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (!stream) return;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    walk(directory + "/" + entry->d_name, visit);
  }
  visit(directory);
}

void collectProcesses(const std::string& directory, std::set<pid_t>& pids) {
  walk(directory, [&](const std::string& path) {
    try {
      std::istringstream text(readFileIfExists(path + "/cgroup.procs").value_or(""));
      for (pid_t pid = 0; text >> pid;)
        if (pid > 0) pids.insert(pid);
    } catch (const SysError& error) {
      if (error.error() != ENODEV && error.error() != EOPNOTSUPP) throw;  // being removed; a threaded cgroup
    }
  });
}

/// Waits until `condition` holds, looking again whenever the kernel says that `file` (cgroup.events) changed.
template <typename Condition>
bool waitForEvent(const std::string& file, Clock::time_point deadline, const Condition& condition) {
  const UniqueFd events{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  while (!condition()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0 || !events) return condition();
    char buffer[256];
    // Reading resets the file's notification (kernfs): what changes from here on wakes the poll.
    if (::pread(events.get(), buffer, sizeof(buffer), 0) < 0) return condition();
    if (condition()) return true;
    pollfd poll{events.get(), POLLPRI, 0};
    ::poll(&poll, 1, static_cast<int>(left));
  }
  return true;
}

/// Blocks until something changed that may let rmdir of `directory` succeed.
void waitForLeavers(const std::string& directory, bool isV2, Clock::time_point deadline, int attempt) {
  if (isV2) {
    const auto isEmpty = [&] { return readKeyedCounter(directory + "/cgroup.events", "populated") == 0; };
    if (!isEmpty()) {
      waitForEvent(directory + "/cgroup.events", deadline, isEmpty);
      return;
    }
  }
  std::set<pid_t> pids;
  collectProcesses(directory, pids);
  for (const pid_t pid : pids) {
    try {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      waitForExit(openPidfd(pid).get(), static_cast<int>(std::max<int64_t>(left, 0)));
    } catch (const SysError& error) {
      if (error.error() != ESRCH) throw;
    }
  }
  // Nobody is left, yet the last one is still being unlinked: no notification tells the end of that.
  if (pids.empty()) std::this_thread::sleep_for(std::chrono::microseconds(50 << std::min(attempt, 8)));
}

void removeOne(const std::string& directory, bool isV2) {
  const Clock::time_point deadline = Clock::now() + kPatience;
  for (int attempt = 0;; attempt++) {
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return;
    if (errno != EBUSY || Clock::now() >= deadline) throw SysError(errno, "rmdir", directory);
    waitForLeavers(directory, isV2, deadline, attempt);
  }
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

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

CgroupMode detectCgroupMode() { return cgroupLayout().mode; }

Cgroup::Cgroup(std::string path) : path_(std::move(path)) {}

Cgroup Cgroup::create(const std::string& path, const Resources& resources) {
  Cgroup cgroup = open(path);
  try {
    for (const CgroupHierarchy& hierarchy : cgroupLayout().hierarchies) {
      const std::string directory = hierarchy.base + cgroup.path_;
      try {
        makeCgroup(hierarchy, directory);
      } catch (const SysError& error) {
        // A hierarchy that is not ours to write is a controller we do not have.
        if (!isRefused(error.error())) throw;
        continue;
      }
      if (hierarchy.isV2 && (cgroupLayout().mode == CgroupMode::kUnified || !resources.hugepageLimits.empty() ||
                             !resources.unified.empty()))
        cgroup_v2::enableControllers(hierarchy.base, directory);
    }
    cgroup.apply(resources);
  } catch (...) {
    try {
      cgroup.remove();
    } catch (const SysError&) {
      // The first failure is the one to report.
    }
    throw;
  }
  return cgroup;
}

Cgroup Cgroup::open(const std::string& path) {
  std::string clean;
  std::istringstream parts(path);
  for (std::string part; std::getline(parts, part, '/');) {
    if (part.empty() || part == ".") continue;
    if (part == "..") throw InputError("INVALID", "linux.cgroupsPath " + path + " leads outside the cgroup tree");
    clean += "/" + part;
  }
  if (clean.empty()) throw InputError("INVALID", "linux.cgroupsPath names no cgroup of its own");
  return Cgroup(std::move(clean));
}

bool Cgroup::exists() const {
  return std::ranges::any_of(cgroupLayout().hierarchies,
                             [&](const CgroupHierarchy& hierarchy) { return isDirectory(hierarchy.base + path_); });
}

void Cgroup::apply(const Resources& resources) {
  const CgroupLayout& layout = cgroupLayout();
  for (const Limit& limit : kLimits) {
    const char* key = limit.askedBy(resources);
    if (key == nullptr) continue;
    if (limit.v1Controller != nullptr) {
      const CgroupHierarchy* v1 = layout.v1(limit.v1Controller);
      if (v1 != nullptr && isDirectory(v1->base + path_)) {
        limit.applyV1(v1->base + path_, resources);
        continue;
      }
    }
    const CgroupHierarchy* v2 = layout.v2();
    const bool isDevices = limit.askedBy == devicesKey;
    const bool hasV2 = v2 != nullptr && limit.v2Controller != nullptr && isDirectory(v2->base + path_);
    if (hasV2) {
      const std::string directory = v2->base + path_;
      const std::string available = " " + trimmed(readFile(directory + "/cgroup.controllers")) + " ";
      const std::string wanted = std::string(" ") + limit.v2Controller + " ";
      if (*limit.v2Controller == '\0' || available.find(wanted) != std::string::npos) {
        try {
          limit.applyV2(directory, resources);
        } catch (const SysError& error) {
          if (!isDevices || !isRefused(error.error()) || !inUserNamespace()) throw;
        }
        continue;
      }
    }
    if (isDevices && inUserNamespace()) continue;
    throwUnavailable(key, limit.v1Controller != nullptr ? limit.v1Controller : "of cgroup v2");
  }
}

void Cgroup::attachUnified(pid_t pid, const std::string& child) const {
  const CgroupHierarchy* v2 = cgroupLayout().v2();
  if (v2 == nullptr || !isDirectory(v2->base + path_)) return;
  const std::string directory = v2->base + path_ + (child.empty() ? "" : "/" + child);
  if (!child.empty() && ::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
    throw SysError(errno, "mkdir", directory);
  writeControlFile(directory + "/cgroup.procs", std::to_string(pid));
}

void Cgroup::killUnified(const std::string& child) const {
  const CgroupHierarchy* v2 = cgroupLayout().v2();
  if (v2 == nullptr) return;
  try {
    writeControlFile(v2->base + path_ + "/" + child + "/cgroup.kill", "1");
  } catch (const SysError& error) {
    if (error.error() != ENOENT && error.error() != ENODEV) throw;
  }
}

std::vector<UniqueFd> Cgroup::openForEntering() const {
  std::vector<UniqueFd> files;
  for (const CgroupHierarchy& hierarchy : cgroupLayout().hierarchies) {
    const std::string directory = hierarchy.base + path_;
    if (&hierarchy == cgroupLayout().v2() || !isDirectory(directory)) continue;
    files.emplace_back(::open((directory + "/tasks").c_str(), O_WRONLY | O_CLOEXEC));
    if (!files.back()) throw SysError(errno, "open", directory + "/tasks");
  }
  return files;
}

UniqueFd Cgroup::openForClone() const {
  const CgroupHierarchy* v2 = cgroupLayout().v2();
  if (v2 == nullptr || !isDirectory(v2->base + path_)) return {};
  return openDirectory(v2->base + path_);
}

void Cgroup::freeze() const {
  const CgroupLayout& layout = cgroupLayout();
  const Clock::time_point deadline = Clock::now() + kPatience;
  bool isFrozen = false;
  if (const CgroupHierarchy* v1 = layout.v1("freezer"); v1 != nullptr && isDirectory(v1->base + path_)) {
    const std::string file = v1->base + path_ + "/freezer.state";
    writeControlFile(file, "FROZEN");
    // v1 has no notification; reading the state makes the kernel look again.
    while (!(isFrozen = trimmed(readFile(file)) == "FROZEN") && Clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::microseconds(100));
  } else if (const CgroupHierarchy* v2 = layout.v2(); v2 != nullptr && isDirectory(v2->base + path_)) {
    const std::string directory = v2->base + path_;
    writeControlFile(directory + "/cgroup.freeze", "1");
    const std::string events = directory + "/cgroup.events";
    isFrozen = waitForEvent(events, deadline, [&] { return readKeyedCounter(events, "frozen") == 1; });
  } else {
    throwUnavailable("pause", "freezer");
  }
  if (isFrozen) return;
  thaw();
  throw SysError(ETIMEDOUT, "freeze", path_);
}

void Cgroup::thaw() const {
  const CgroupLayout& layout = cgroupLayout();
  if (const CgroupHierarchy* v1 = layout.v1("freezer"); v1 != nullptr && isDirectory(v1->base + path_))
    writeControlFile(v1->base + path_ + "/freezer.state", "THAWED");
  else if (const CgroupHierarchy* v2 = layout.v2(); v2 != nullptr && isDirectory(v2->base + path_))
    writeControlFile(v2->base + path_ + "/cgroup.freeze", "0");
}

bool Cgroup::frozen() const {
  const CgroupLayout& layout = cgroupLayout();
  if (const CgroupHierarchy* v1 = layout.v1("freezer"))
    return trimmed(readFileIfExists(v1->base + path_ + "/freezer.state").value_or("")).starts_with("FR");
  const CgroupHierarchy* v2 = layout.v2();
  return v2 != nullptr && readCounter(v2->base + path_ + "/cgroup.freeze") == 1;
}

void Cgroup::kill() const {
  const CgroupLayout& layout = cgroupLayout();
  bool isKilled = false;
  if (const CgroupHierarchy* v2 = layout.v2()) {
    const std::string file = v2->base + path_ + "/cgroup.kill";  // since Linux 5.14
    if (fileExists(file)) {
      try {
        writeControlFile(file, "1");
        isKilled = true;
      } catch (const SysError& error) {
        if (error.error() != ENOENT && error.error() != ENODEV) throw;
      }
    }
  }
  if (!isKilled && !processes().empty()) {
    try {
      freeze();  // a process that forks faster than we read must be held still
    } catch (const std::runtime_error&) {
      // Without a freezer the loop below still ends as soon as no new process appears.
    }
  }
  // With v1 a process may have left the v2 tree, or cgroup.kill is not there: look until nobody new is found.
  std::set<pid_t> killed;
  for (bool isNew = !isKilled || layout.mode != CgroupMode::kUnified; isNew;) {
    isNew = false;
    for (const pid_t pid : processes()) {
      if (!killed.insert(pid).second) continue;
      isNew = true;
      if (::kill(pid, SIGKILL) != 0 && errno != ESRCH) throw SysError(errno, "kill", std::to_string(pid));
    }
  }
  thaw();  // a frozen process of v1 does not take its SIGKILL
}

std::vector<pid_t> Cgroup::processes() const {
  std::set<pid_t> pids;
  bool hasV1 = false;
  for (const CgroupHierarchy& hierarchy : cgroupLayout().hierarchies) {
    // A process is in every hierarchy: one of v1 and the v2 tree are enough.
    if (!hierarchy.isV2 && hasV1) continue;
    if (!isDirectory(hierarchy.base + path_)) continue;
    hasV1 = hasV1 || !hierarchy.isV2;
    collectProcesses(hierarchy.base + path_, pids);
  }
  return {pids.begin(), pids.end()};
}

void Cgroup::remove() const {
  for (const CgroupHierarchy& hierarchy : cgroupLayout().hierarchies) {
    const std::string directory = hierarchy.base + path_;
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) continue;
    walk(directory, [&](const std::string& path) { removeOne(path, hierarchy.isV2); });
  }
}

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

std::vector<std::pair<std::string, std::string>> Cgroup::directories() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const CgroupHierarchy& hierarchy : cgroupLayout().hierarchies) {
    std::string directory = hierarchy.base + path_;
    if (isDirectory(directory)) result.emplace_back(hierarchy.name, std::move(directory));
  }
  return result;
}

}  // namespace tscompose
