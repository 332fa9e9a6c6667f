#include "core/cgroup_v1.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "core/cgroup_layout.h"
#include "core/error.h"
#include "core/file.h"

namespace tscompose::cgroup_v1 {

namespace {

void write(const std::string& directory, const char* file, const std::string& value) {
  writeControlFile(directory + "/" + file, value);
}

/// The file name of the two that this kernel has (bfq replaced cfq's blkio.weight in 5.0).
std::string chooseFile(const std::string& directory, const char* bfq, const char* legacy, const std::string& key) {
  if (fileExists(directory + "/" + bfq)) return bfq;
  if (fileExists(directory + "/" + legacy)) return legacy;
  throwUnavailable(key, "blkio with an I/O scheduler that has weights");
}

std::string deviceNumber(int64_t major, int64_t minor) { return std::to_string(major) + ":" + std::to_string(minor); }

bool isLess(int64_t limit, int64_t other) {
  return other < 0 ? limit >= 0 : limit >= 0 && limit < other;  // negative: no limit
}

void applyThrottle(const std::string& directory, const char* file, const std::vector<ThrottleDevice>& devices) {
  for (const ThrottleDevice& device : devices)
    write(directory, file, deviceNumber(device.major, device.minor) + " " + std::to_string(device.rate));
}

/// What `runtime` of each `period` is of each `ofPeriod`, rounded up.
int64_t shareOf(int64_t runtime, int64_t period, int64_t ofPeriod) {
  return (runtime * ofPeriod + period - 1) / period;
}

/// Real-time time is handed down: every ancestor must have at least what its children get together.
void reserveRealtime(const std::string& directory, int64_t runtime, int64_t period) {
  const CgroupHierarchy* hierarchy = cgroupLayout().v1("cpu");
  const std::string parent = directory.substr(0, directory.rfind('/'));
  if (hierarchy == nullptr || parent.size() <= hierarchy->mount.size()) return;
  const auto counter = [](const std::string& file) { return static_cast<int64_t>(readCounter(file)); };
  const int64_t parentPeriod = counter(parent + "/cpu.rt_period_us");
  int64_t needed = shareOf(runtime, period, parentPeriod);
  for (const auto& child : std::filesystem::directory_iterator(parent)) {
    const std::string& path = child.path().string();
    if (!child.is_directory() || path == directory) continue;
    try {
      needed += shareOf(counter(path + "/cpu.rt_runtime_us"), counter(path + "/cpu.rt_period_us"), parentPeriod);
    } catch (const SysError& error) {
      if (error.error() != ENOENT && error.error() != ENODEV) throw;  // its container has just ended
    }
  }
  if (counter(parent + "/cpu.rt_runtime_us") >= needed) return;
  reserveRealtime(parent, needed, parentPeriod);
  writeControlFile(parent + "/cpu.rt_runtime_us", std::to_string(needed));
}

bool isEmptyList(const std::string& file) { return readFile(file).find_first_not_of('\n') == std::string::npos; }

}  // namespace

void inheritCpuset(const std::string& directory) {
  const std::string parent = directory.substr(0, directory.rfind('/'));
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    const std::string own = directory + "/" + file;
    if (!isEmptyList(own)) continue;
    // Whoever made the parent just now may not have come to this yet.
    if (isEmptyList(parent + "/" + file)) inheritCpuset(parent);
    writeControlFile(own, readFile(parent + "/" + file));
  }
}

void applyMemory(const std::string& directory, const Resources& resources) {
  const MemoryLimits& memory = resources.memory;
  const int64_t limit = memory.limit.value_or(0);  // 0: not given
  int64_t swap = memory.swap.value_or(0);
  const std::string swapFile = directory + "/memory.memsw.limit_in_bytes";
  const bool hasSwap = fileExists(swapFile);
  if (limit == -1 && swap == 0) swap = -1;
  if (swap > 0 && !hasSwap) throwUnavailable("linux.resources.memory.swap", "memory with swap accounting");
  const bool setsSwap = swap != 0 && hasSwap;
  // memory + swap may never be below memory, so the one that grows goes first.
  const bool swapFirst = setsSwap && isLess(static_cast<int64_t>(readCounter(swapFile)), swap);
  if (swapFirst) writeControlFile(swapFile, std::to_string(swap));
  if (limit != 0) write(directory, "memory.limit_in_bytes", std::to_string(limit));
  if (setsSwap && !swapFirst) writeControlFile(swapFile, std::to_string(swap));
  if (memory.reservation && *memory.reservation != 0)
    write(directory, "memory.soft_limit_in_bytes", std::to_string(*memory.reservation));
  if (memory.kernelTcp && *memory.kernelTcp != 0)
    write(directory, "memory.kmem.tcp.limit_in_bytes", std::to_string(*memory.kernelTcp));
  if (memory.swappiness) {
    if (*memory.swappiness > 100)
      throw InputError("INVALID", "linux.resources.memory.swappiness must be between 0 and 100");
    write(directory, "memory.swappiness", std::to_string(*memory.swappiness));
  }
  if (memory.disableOomKiller.value_or(false)) write(directory, "memory.oom_control", "1");
}

void applyCpu(const std::string& directory, const Resources& resources) {
  const CpuLimits& cpu = resources.cpu;
  if (cpu.shares && *cpu.shares != 0) write(directory, "cpu.shares", std::to_string(*cpu.shares));
  if (cpu.burst) write(directory, "cpu.cfs_burst_us", "0");  // it may not exceed the quota at any moment
  const bool hasPeriod = cpu.period && *cpu.period != 0;
  const bool hasQuota = cpu.quota && *cpu.quota != 0;
  const std::string period = hasPeriod ? std::to_string(*cpu.period) : "";
  bool periodIsLate = false;
  if (hasPeriod) {
    try {
      write(directory, "cpu.cfs_period_us", period);
    } catch (const SysError& error) {
      // The old quota does not fit the new period (the ratio may not exceed the parent's): the quota goes first.
      if (error.error() != EINVAL || !hasQuota) throw;
      periodIsLate = true;
    }
  }
  if (hasQuota) write(directory, "cpu.cfs_quota_us", std::to_string(*cpu.quota));
  if (periodIsLate) write(directory, "cpu.cfs_period_us", period);
  if (cpu.burst && *cpu.burst != 0) write(directory, "cpu.cfs_burst_us", std::to_string(*cpu.burst));
  if (cpu.realtimePeriod && *cpu.realtimePeriod != 0)
    write(directory, "cpu.rt_period_us", std::to_string(*cpu.realtimePeriod));
  if (cpu.realtimeRuntime && *cpu.realtimeRuntime != 0) {
    if (!fileExists(directory + "/cpu.rt_runtime_us"))
      throwUnavailable("linux.resources.cpu.realtimeRuntime", "cpu with real-time groups");
    reserveRealtime(directory, *cpu.realtimeRuntime,
                    static_cast<int64_t>(readCounter(directory + "/cpu.rt_period_us")));
    write(directory, "cpu.rt_runtime_us", std::to_string(*cpu.realtimeRuntime));
  }
  if (cpu.idle) write(directory, "cpu.idle", std::to_string(*cpu.idle));
}

void applyCpuset(const std::string& directory, const Resources& resources) {
  if (!resources.cpu.cpus.empty()) write(directory, "cpuset.cpus", resources.cpu.cpus);
  if (!resources.cpu.mems.empty()) write(directory, "cpuset.mems", resources.cpu.mems);
}

void applyPids(const std::string& directory, const Resources& resources) {
  write(directory, "pids.max", *resources.pidsLimit > 0 ? std::to_string(*resources.pidsLimit) : "max");
}

void applyIo(const std::string& directory, const Resources& resources) {
  const BlockIoLimits& io = resources.blockIo;
  if (io.weight && *io.weight != 0) {
    const std::string key = "linux.resources.blockIO.weight";
    write(directory, chooseFile(directory, "blkio.bfq.weight", "blkio.weight", key).c_str(),
          std::to_string(*io.weight));
  }
  if (io.leafWeight && *io.leafWeight != 0) {
    if (!fileExists(directory + "/blkio.leaf_weight"))
      throwUnavailable("linux.resources.blockIO.leafWeight", "blkio with the CFQ scheduler");
    write(directory, "blkio.leaf_weight", std::to_string(*io.leafWeight));
  }
  for (const WeightDevice& device : io.weightDevice) {
    const std::string number = deviceNumber(device.major, device.minor) + " ";
    const std::string key = "linux.resources.blockIO.weightDevice";
    if (device.weight && *device.weight != 0)
      write(directory, chooseFile(directory, "blkio.bfq.weight_device", "blkio.weight_device", key).c_str(),
            number + std::to_string(*device.weight));
    if (device.leafWeight && *device.leafWeight != 0)
      write(directory, "blkio.leaf_weight_device", number + std::to_string(*device.leafWeight));
  }
  applyThrottle(directory, "blkio.throttle.read_bps_device", io.throttleReadBps);
  applyThrottle(directory, "blkio.throttle.write_bps_device", io.throttleWriteBps);
  applyThrottle(directory, "blkio.throttle.read_iops_device", io.throttleReadIops);
  applyThrottle(directory, "blkio.throttle.write_iops_device", io.throttleWriteIops);
}

void applyHugetlb(const std::string& directory, const Resources& resources) {
  for (const HugepageLimit& huge : resources.hugepageLimits) {
    const std::string prefix = "hugetlb." + huge.pageSize;
    writeControlFile(directory + "/" + prefix + ".limit_in_bytes", std::to_string(huge.limit));
    const std::string reserved = directory + "/" + prefix + ".rsvd.limit_in_bytes";
    if (fileExists(reserved)) writeControlFile(reserved, std::to_string(huge.limit));
  }
}

void applyDevices(const std::string& directory, const Resources& resources) {
  const auto open = [&](const char* file) {
    const std::string path = directory + "/" + file;
    UniqueFd fd{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (!fd) throw SysError(errno, "open", path);
    return fd;
  };
  const UniqueFd allow = open("devices.allow");
  const UniqueFd deny = open("devices.deny");
  const auto part = [](const std::optional<int64_t>& number) { return number ? std::to_string(*number) : "*"; };
  for (const DeviceRule& rule : resources.devices) {
    const std::string access = rule.access.empty() ? "rwm" : rule.access;
    const std::string line =
        rule.type == 'a' ? "a"
                         : std::string(1, rule.type) + " " + part(rule.major) + ":" + part(rule.minor) + " " + access;
    writeFully(rule.allow ? allow.get() : deny.get(), line,
               directory + (rule.allow ? "/devices.allow" : "/devices.deny"));
  }
}

void applyNetworkClass(const std::string& directory, const Resources& resources) {
  write(directory, "net_cls.classid", std::to_string(*resources.network.classId));
}

void applyNetworkPriority(const std::string& directory, const Resources& resources) {
  for (const InterfacePriority& entry : resources.network.priorities)
    write(directory, "net_prio.ifpriomap", entry.name + " " + std::to_string(entry.priority));
}

void applyRdma(const std::string& directory, const Resources& resources) {
  for (const auto& [device, limit] : resources.rdma) {
    std::string line = device;
    if (limit.hcaHandles) line += " hca_handle=" + std::to_string(*limit.hcaHandles);
    if (limit.hcaObjects) line += " hca_object=" + std::to_string(*limit.hcaObjects);
    write(directory, "rdma.max", line);
  }
}

}  // namespace tscompose::cgroup_v1
