#include "core/cgroup_limits.h"

#include "core/cgroup_layout.h"
#include "core/cgroup_v1.h"
#include "core/cgroup_v2.h"
#include "core/error.h"
#include "core/file.h"

namespace tscompose {

namespace {

using Apply = void (*)(const std::string& directory, const Resources& resources);

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

/// A user namespace's root can reach no device that the host does not give it; it may not load device programs either.
bool inUserNamespace() {
  const std::string map = readFileIfExists("/proc/self/uid_map").value_or("");
  return map.find("4294967295") == std::string::npos;
}

}  // namespace

void applyLimits(const std::string& path, const Resources& resources) {
  const CgroupLayout& layout = cgroupLayout();
  for (const Limit& limit : kLimits) {
    const char* key = limit.askedBy(resources);
    if (key == nullptr) continue;
    if (limit.v1Controller != nullptr) {
      const CgroupHierarchy* v1 = layout.v1(limit.v1Controller);
      if (v1 != nullptr && isDirectory(v1->base + path)) {
        limit.applyV1(v1->base + path, resources);
        continue;
      }
    }
    const CgroupHierarchy* v2 = layout.v2();
    const bool isDevices = limit.askedBy == devicesKey;
    const bool hasV2 = v2 != nullptr && limit.v2Controller != nullptr && isDirectory(v2->base + path);
    if (hasV2) {
      const std::string directory = v2->base + path;
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

}  // namespace tscompose
