#include "core/cgroup_v2.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <sstream>

#include "core/cgroup_devices.h"
#include "core/cgroup_layout.h"
#include "core/error.h"
#include "core/file.h"

namespace tscompose::cgroup_v2 {

namespace {

void write(const std::string& directory, const std::string& file, const std::string& value) {
  writeControlFile(directory + "/" + file, value);
}

std::string limitText(int64_t limit) { return limit < 0 ? "max" : std::to_string(limit); }

std::string deviceNumber(int64_t major, int64_t minor) { return std::to_string(major) + ":" + std::to_string(minor); }

void applyThrottle(const std::string& directory, const char* key, const std::vector<ThrottleDevice>& devices) {
  for (const ThrottleDevice& device : devices) {
    const std::string rate = device.rate == 0 ? "max" : std::to_string(device.rate);
    write(directory, "io.max", deviceNumber(device.major, device.minor) + " " + key + "=" + rate);
  }
}

/// A cgroup that has processes cannot hand controllers down (cgroups(7), "no internal processes"). Inside a container
/// or a delegated scope that cgroup is our own: its processes move into a leaf beside ours.
void moveProcessesToLeaf(const std::string& directory) {
  const std::string leaf = directory + "/tscompose.init";
  if (::mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) throw SysError(errno, "mkdir", leaf);
  std::istringstream pids(readFile(directory + "/cgroup.procs"));
  for (std::string pid; pids >> pid;) {
    try {
      write(leaf, "cgroup.procs", pid);
    } catch (const SysError& error) {
      if (error.error() != ESRCH) throw;
    }
  }
}

std::string missingControllers(const std::string& directory) {
  std::istringstream available(readFile(directory + "/cgroup.controllers"));
  const std::string enabled = " " + readFile(directory + "/cgroup.subtree_control") + " ";
  std::string text;
  for (std::string name; available >> name;) {
    const size_t at = enabled.find(name);
    const bool has = at != std::string::npos && std::isspace(static_cast<unsigned char>(enabled[at - 1])) != 0 &&
                     std::isspace(static_cast<unsigned char>(enabled[at + name.size()])) != 0;
    if (!has) text += (text.empty() ? "+" : " +") + name;
  }
  return text;
}

void enableIn(const std::string& directory) {
  const std::string missing = missingControllers(directory);
  if (missing.empty()) return;
  const auto enable = [&](const std::string& text) { write(directory, "cgroup.subtree_control", text); };
  try {
    enable(missing);
  } catch (const SysError& error) {
    if (error.error() == EBUSY) {
      moveProcessesToLeaf(directory);
      enable(missing);
      return;
    }
    // One controller may refuse (cpu with real-time processes, cpuset under a partition): the others are still wanted,
    // and a limit that needs the refused one says so later.
    std::istringstream names(missing);
    for (std::string name; names >> name;) {
      try {
        enable(name);
      } catch (const SysError&) {
        continue;
      }
    }
  }
}

}  // namespace

uint64_t weightOfShares(uint64_t shares) {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const double logarithm = std::log2(static_cast<double>(shares));
  const double exponent = (logarithm * logarithm + 125 * logarithm) / 612.0 - 7.0 / 34.0;
  return static_cast<uint64_t>(std::ceil(std::pow(10, exponent)));
}

uint64_t ioWeightOf(uint64_t blkioWeight) {
  const uint64_t weight = std::clamp<uint64_t>(blkioWeight, 10, 1000);
  return 1 + (weight - 10) * 9999 / 990;
}

std::optional<int64_t> swapWithoutMemory(const MemoryLimits& memory) {
  const int64_t limit = memory.limit.value_or(0);
  const int64_t swap = memory.swap.value_or(0);
  if (swap == 0) return limit == -1 ? std::optional<int64_t>(-1) : std::nullopt;
  if (swap < 0) return -1;
  if (limit <= 0) throw InputError("INVALID", "linux.resources.memory.swap needs a memory limit");
  if (swap < limit) throw InputError("INVALID", "linux.resources.memory.swap is below the memory limit it includes");
  return swap - limit;
}

void enableControllers(const std::string& base, const std::string& directory) {
  for (size_t end = base.size(); end < directory.size(); end = directory.find('/', end + 1)) {
    if (end == std::string::npos) return;
    enableIn(directory.substr(0, end));
  }
}

void applyMemory(const std::string& directory, const Resources& resources) {
  const MemoryLimits& memory = resources.memory;
  const int64_t limit = memory.limit.value_or(0);
  if (memory.checkBeforeUpdate.value_or(false) && limit > 0 &&
      readCounter(directory + "/memory.current") > static_cast<uint64_t>(limit))
    throw InputError("INVALID", "linux.resources.memory.limit is below what the container uses now");
  if (const std::optional<int64_t> swap = swapWithoutMemory(memory)) {
    const std::string file = directory + "/memory.swap.max";
    if (fileExists(file))
      writeControlFile(file, limitText(*swap));
    else if (*swap > 0)
      throwUnavailable("linux.resources.memory.swap", "memory with swap accounting");
  }
  if (limit != 0) write(directory, "memory.max", limitText(limit));
  if (memory.reservation && *memory.reservation != 0) write(directory, "memory.low", limitText(*memory.reservation));
}

void applyCpu(const std::string& directory, const Resources& resources) {
  const CpuLimits& cpu = resources.cpu;
  if (cpu.realtimeRuntime.value_or(0) > 0) throwUnavailable("linux.resources.cpu.realtimeRuntime", "cpu of cgroup v1");
  if (cpu.idle) write(directory, "cpu.idle", std::to_string(*cpu.idle));
  if (cpu.shares && *cpu.shares != 0 && cpu.idle.value_or(0) == 0)
    write(directory, "cpu.weight", std::to_string(weightOfShares(*cpu.shares)));
  if (cpu.burst) write(directory, "cpu.max.burst", "0");  // it may not exceed the quota at any moment
  const bool hasQuota = cpu.quota && *cpu.quota != 0;
  if (hasQuota || (cpu.period && *cpu.period != 0)) {
    const std::string present = readFile(directory + "/cpu.max");
    const std::string quota = hasQuota ? limitText(*cpu.quota) : present.substr(0, present.find(' '));
    // A quota alone keeps the period.
    write(directory, "cpu.max", cpu.period && *cpu.period != 0 ? quota + " " + std::to_string(*cpu.period) : quota);
  }
  if (cpu.burst && *cpu.burst != 0) write(directory, "cpu.max.burst", std::to_string(*cpu.burst));
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
  const bool hasBfq = fileExists(directory + "/io.bfq.weight");
  const auto setWeight = [&](const std::string& subject, uint64_t weight, const std::string& key) {
    // bfq takes blkio's own scale.
    if (hasBfq)
      write(directory, "io.bfq.weight", subject + " " + std::to_string(weight));
    else if (fileExists(directory + "/io.weight"))
      write(directory, "io.weight", subject + " " + std::to_string(ioWeightOf(weight)));
    else
      throwUnavailable(key, "io with weights (bfq or iocost)");
  };
  if (io.weight && *io.weight != 0) setWeight("default", *io.weight, "linux.resources.blockIO.weight");
  for (const WeightDevice& device : io.weightDevice)
    if (device.weight && *device.weight != 0)
      setWeight(deviceNumber(device.major, device.minor), *device.weight, "linux.resources.blockIO.weightDevice");
  applyThrottle(directory, "rbps", io.throttleReadBps);
  applyThrottle(directory, "wbps", io.throttleWriteBps);
  applyThrottle(directory, "riops", io.throttleReadIops);
  applyThrottle(directory, "wiops", io.throttleWriteIops);
}

void applyHugetlb(const std::string& directory, const Resources& resources) {
  for (const HugepageLimit& huge : resources.hugepageLimits) {
    write(directory, "hugetlb." + huge.pageSize + ".max", std::to_string(huge.limit));
    const std::string reserved = "hugetlb." + huge.pageSize + ".rsvd.max";
    if (fileExists(directory + "/" + reserved)) write(directory, reserved, std::to_string(huge.limit));
  }
}

void applyDevices(const std::string& directory, const Resources& resources) {
  attachDeviceProgram(directory, resources.devices);
}

void applyUnified(const std::string& directory, const Resources& resources) {
  for (const auto& [file, value] : resources.unified) {
    const std::string key = "linux.resources.unified." + file;
    if (file.empty() || file.find('/') != std::string::npos || file.find('.') == std::string::npos)
      throw InputError("INVALID", key + " is not the name of a cgroup file");
    if (!fileExists(directory + "/" + file)) throwUnavailable(key, file.substr(0, file.find('.')));
    std::istringstream lines(value);
    for (std::string line; std::getline(lines, line);) write(directory, file, line);
  }
}

}  // namespace tscompose::cgroup_v2
