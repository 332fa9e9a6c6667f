#include "core/cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "core/cgroup_devices.h"
#include "core/cgroup_layout.h"
#include "core/cgroup_roots.h"
#include "core/cgroup_v2.h"
#include "core/daemon.h"
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "test/unit/test.h"

using namespace tscompose;

namespace {

/// A cgroup of this test run's own, removed at the end with all that is in it.
class TemporaryCgroup {
 public:
  explicit TemporaryCgroup(const Resources& resources = {}) : cgroup(Cgroup::create(nextPath(), resources)) {}
  ~TemporaryCgroup() {
    cgroup.kill();
    cgroup.remove();
    Cgroup::open(parent()).remove();
  }
  static std::string parent() { return "/tscompose-test-" + std::to_string(::getpid()); }
  static std::string nextPath() {
    static int number = 0;
    return parent() + "/c" + std::to_string(number++);
  }
  /// What a file of the controller (by its v1 and its v2 name) says.
  std::string read(const char* v1Controller, const std::string& v1File, const std::string& v2File) const {
    const CgroupHierarchy* v1 = cgroupLayout().v1(v1Controller);
    std::string text = v1 != nullptr ? readFile(v1->base + cgroup.path() + "/" + v1File)
                                     : readFile(cgroupLayout().v2()->base + cgroup.path() + "/" + v2File);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  Cgroup cgroup;
};

bool isV1() { return detectCgroupMode() != CgroupMode::kUnified; }

/// A child that runs `body` once it is in `cgroup`.
class Child {
 public:
  template <typename Body>
  Child(const Cgroup& cgroup, const Body& body) {
    const std::vector<UniqueFd> files = cgroup.openForEntering();
    Pipe gate = makePipe();
    Pipe entered = makePipe();
    pid_ = ::fork();
    if (pid_ == 0) {
      char byte = 0;
      gate.write.reset();
      for (const UniqueFd& file : files) {
        if (::write(file.get(), "0", 1) != 1) ::_exit(255);
      }
      entered.write.reset();
      (void)!::read(gate.read.get(), &byte, 1);
      ::_exit(body());
    }
    char byte = 0;
    entered.write.reset();
    (void)!::read(entered.read.get(), &byte, 1);
    cgroup.attachUnified(pid_);
  }
  ~Child() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

int sleepForever() {
  for (;;) ::pause();
}

bool anyDirectory(const std::string& path) {
  for (const CgroupHierarchy& hierarchy : cgroupLayout().hierarchies)
    if (fileExists(hierarchy.base + path)) return true;
  return false;
}

void requireRoot() {
  if (::geteuid() != 0) throw test::Skip("root for us");
}

/// A block device whose limits may be written: a whole one, since the kernel refuses partitions.
std::pair<int64_t, int64_t> anyDisk() {
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block")) {
    std::ifstream file{entry.path() / "dev"};
    std::pair<int64_t, int64_t> number;
    char colon = 0;
    if (file >> number.first >> colon >> number.second) return number;
  }
  throw test::Skip("a block device");
}

constexpr const char* kHybridMounts =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
    "50 31 0:29 / /mnt/elsewhere rw,relatime - cgroup cgroup rw,cpu,cpuacct\n";

}  // namespace

TEST("cgroup: hybrid, legacy and unified layouts are told apart from the mounts") {
  const CgroupLayout hybrid = parseCgroupLayout(kHybridMounts, "0::/\n");
  CHECK(hybrid.mode == CgroupMode::kHybrid);
  CHECK_EQUAL(hybrid.hierarchies.size(), 3U);
  CHECK_EQUAL(hybrid.v1("cpuacct")->name, "cpu,cpuacct");
  CHECK(hybrid.v1("memory") == nullptr);
  CHECK_EQUAL(hybrid.v1("name=systemd")->mount, "/sys/fs/cgroup/systemd");
  CHECK(parseCgroupLayout("32 31 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n", "").mode ==
        CgroupMode::kLegacy);
  const CgroupLayout unified =
      parseCgroupLayout("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", "0::/\n");
  CHECK(unified.mode == CgroupMode::kUnified);
  CHECK_EQUAL(unified.v2()->name, "");
}

TEST("cgroup: a v2 tree that is not ours to write begins at our own cgroup") {
  const CgroupLayout layout = parseCgroupLayout("30 23 0:26 / /sys/fs/cgroup/nowhere rw - cgroup2 cgroup2 rw\n",
                                                "0::/user.slice/user-1000.slice\n");
  CHECK_EQUAL(layout.v2()->base, "/sys/fs/cgroup/nowhere/user.slice/user-1000.slice");
}

TEST("cgroup: the hierarchies in whose root a process is not are told from its paths") {
  const CgroupLayout layout = parseCgroupLayout(kHybridMounts, "");
  const auto names = [&](const char* own) {
    std::string text;
    for (const CgroupHierarchy* hierarchy : hierarchiesAbove(layout, own)) text += hierarchy->name + " ";
    return text;
  };
  CHECK_EQUAL(names("4:cpu,cpuacct:/a:b\n1:name=systemd:/user.slice/s.scope\n0::/user.slice/s.scope\n"),
              "cpu,cpuacct systemd unified ");
  CHECK_EQUAL(names("4:cpu,cpuacct:/\n3:memory:/not-mounted\n1:name=systemd:/\n0::/\nnonsense\n"), "");
}

TEST("cgroup: a daemon that leaves its caller's cgroups is in the root of every hierarchy") {
  requireRoot();
  TemporaryCgroup temporary;
  char path[] = "/tmp/tscompose-unit-XXXXXX";
  const UniqueFd output{::mkostemp(path, O_CLOEXEC)};
  ::unlink(path);
  CHECK(output);
  Child child(temporary.cgroup, [&] {
    DaemonOptions options;
    options.file = "/bin/sh";
    options.arguments = {"-c", "cat /proc/self/cgroup"};
    options.output = output.get();
    options.leavesCgroups = true;
    const UniqueFd ready = spawnDetached(options);
    char byte = 0;
    return static_cast<int>(::read(ready.get(), &byte, 1));
  });
  CHECK_EQUAL(child.wait(), 0);
  const std::string where = readFile("/proc/self/fd/" + std::to_string(output.get()));
  CHECK(where.find("::/\n") != std::string::npos);
  CHECK_EQUAL(hierarchiesAbove(cgroupLayout(), where).size(), 0U);
}

TEST("cgroup: cpu shares become the weight that keeps minimum, normal and maximum") {
  CHECK_EQUAL(cgroup_v2::weightOfShares(2), 1U);
  CHECK_EQUAL(cgroup_v2::weightOfShares(1024), 100U);
  CHECK_EQUAL(cgroup_v2::weightOfShares(2000), 170U); /* as runc 1.4 and crun 1.23 answer; older ones said 77 */
  CHECK_EQUAL(cgroup_v2::weightOfShares(262144), 10000U);
  for (uint64_t shares = 3; shares < 262144; shares *= 2)
    CHECK(cgroup_v2::weightOfShares(shares) <= cgroup_v2::weightOfShares(shares * 2));
}

TEST("cgroup: block io weights keep their ends") {
  CHECK_EQUAL(cgroup_v2::ioWeightOf(10), 1U);
  CHECK_EQUAL(cgroup_v2::ioWeightOf(1000), 10000U);
  CHECK_EQUAL(cgroup_v2::ioWeightOf(500), 4950U);
}

TEST("cgroup: swap of v2 is memory and swap minus memory") {
  MemoryLimits memory;
  CHECK(!cgroup_v2::swapWithoutMemory(memory));
  memory.limit = 100;
  CHECK(!cgroup_v2::swapWithoutMemory(memory));
  memory.swap = 300;
  CHECK_EQUAL(*cgroup_v2::swapWithoutMemory(memory), 200);
  memory.swap = 100;
  CHECK_EQUAL(*cgroup_v2::swapWithoutMemory(memory), 0);
  memory.swap = -1;
  CHECK_EQUAL(*cgroup_v2::swapWithoutMemory(memory), -1);
  memory.swap = 50;
  CHECK_THROWS(InputError, cgroup_v2::swapWithoutMemory(memory));
  memory = {};
  memory.limit = -1;
  CHECK_EQUAL(*cgroup_v2::swapWithoutMemory(memory), -1);
}

TEST("cgroup: device rules keep what later rules left of earlier ones") {
  const std::vector<DeviceRule> rules{{false, 'a', {}, {}, ""}, {true, 'c', 1, 3, "rw"},  {true, 'c', 1, 3, "m"},
                                      {true, 'c', 1, 5, "rwm"}, {false, 'c', 1, 5, "wm"}, {true, 'b', 8, 0, "r"},
                                      {false, 'b', 8, 0, ""}};
  const DevicePolicy policy = resolveDevicePolicy(rules);
  CHECK(!policy.allowsByDefault);
  CHECK_EQUAL(policy.exceptions.size(), 2U);
  CHECK_EQUAL(policy.exceptions[0].access, 7U);
  CHECK_EQUAL(policy.exceptions[1].access, 2U);
  CHECK(resolveDevicePolicy({{false, 'c', 1, 3, "rwm"}}).allowsByDefault);
}

TEST("cgroup: is made in every hierarchy, holds a process, and is gone after remove") {
  requireRoot();
  std::string path;
  {
    TemporaryCgroup temporary;
    const Cgroup& cgroup = temporary.cgroup;
    path = cgroup.path();
    CHECK(cgroup.exists());
    CHECK_EQUAL(cgroup.directories().size(), cgroupLayout().hierarchies.size());
    Child child(cgroup, sleepForever);
    CHECK_EQUAL(cgroup.processes().size(), 1U);
    CHECK_EQUAL(cgroup.processes().front(), child.pid());
    const CgroupStatistics statistics = cgroup.statistics();
    CHECK_EQUAL(statistics.pids, 1U);
    CHECK_EQUAL(statistics.memoryLimitBytes, 0U);
    CHECK_EQUAL(statistics.pidsLimit, 0U);
    cgroup.kill();
    CHECK_EQUAL(WTERMSIG(child.wait()), SIGKILL);
    cgroup.remove();
    CHECK(!cgroup.exists());
    cgroup.remove();
    CHECK(!cgroup.frozen());
    CHECK_EQUAL(cgroup.statistics().pids, 0U);
  }
  CHECK(!anyDirectory(path));
}

TEST("cgroup: limits reach the kernel and can be changed in place") {
  requireRoot();
  Resources resources;
  resources.memory.limit = 64 << 20;
  resources.memory.reservation = 32 << 20;
  resources.cpu.shares = 512;
  resources.cpu.quota = 50000;
  resources.cpu.period = 100000;
  resources.cpu.burst = 10000;
  resources.cpu.cpus = "0";
  resources.pidsLimit = 20;
  TemporaryCgroup temporary(resources);
  CHECK_EQUAL(temporary.read("memory", "memory.limit_in_bytes", "memory.max"), std::to_string(64 << 20));
  CHECK_EQUAL(temporary.read("memory", "memory.soft_limit_in_bytes", "memory.low"), std::to_string(32 << 20));
  CHECK_EQUAL(temporary.read("cpu", "cpu.shares", "cpu.weight"), isV1() ? "512" : "59");
  CHECK_EQUAL(temporary.read("cpu", "cpu.cfs_quota_us", "cpu.max"), isV1() ? "50000" : "50000 100000");
  CHECK_EQUAL(temporary.read("cpu", "cpu.cfs_burst_us", "cpu.max.burst"), "10000");
  CHECK_EQUAL(temporary.read("cpuset", "cpuset.cpus", "cpuset.cpus"), "0");
  CHECK_EQUAL(temporary.cgroup.statistics().pidsLimit, 20U);
  CHECK_EQUAL(temporary.cgroup.statistics().memoryLimitBytes, uint64_t{64} << 20U);
  Resources more;
  more.memory.limit = 128 << 20;
  more.memory.swap = 256 << 20;
  more.cpu.quota = 20000;
  more.cpu.burst = 5000;
  more.pidsLimit = -1;
  temporary.cgroup.apply(more);
  CHECK_EQUAL(temporary.read("memory", "memory.limit_in_bytes", "memory.max"), std::to_string(128 << 20));
  CHECK_EQUAL(temporary.read("memory", "memory.memsw.limit_in_bytes", "memory.swap.max"),
              std::to_string((isV1() ? 256 : 128) << 20));
  CHECK_EQUAL(temporary.read("cpu", "cpu.cfs_quota_us", "cpu.max"), isV1() ? "20000" : "20000 100000");
  CHECK_EQUAL(temporary.read("pids", "pids.max", "pids.max"), "max");
  Resources less;
  less.memory.limit = 32 << 20;
  less.memory.swap = 32 << 20;
  temporary.cgroup.apply(less);
  CHECK_EQUAL(temporary.cgroup.statistics().memoryLimitBytes, uint64_t{32} << 20U);
}

TEST("cgroup: block io weight and throttles are written") {
  requireRoot();
  const auto [major, minor] = anyDisk();
  Resources resources;
  resources.blockIo.throttleReadBps = {{major, minor, 1 << 20}};
  resources.blockIo.throttleWriteIops = {{major, minor, 100}};
  TemporaryCgroup temporary(resources);
  CHECK(temporary.read("blkio", "blkio.throttle.read_bps_device", "io.max").find("1048576") != std::string::npos);
  CHECK(temporary.read("blkio", "blkio.throttle.write_iops_device", "io.max").find("100") != std::string::npos);
  Resources weight;
  weight.blockIo.weight = 300;
  temporary.cgroup.apply(weight);
  CHECK(temporary.read("blkio", "blkio.bfq.weight", "io.bfq.weight").find("300") != std::string::npos);
}

TEST("cgroup: siblings get their real-time shares, and their parent what they have together") {
  requireRoot();
  const CgroupHierarchy* v1 = cgroupLayout().v1("cpu");
  if (v1 == nullptr) throw test::Skip("cgroup v1 for cpu");
  const std::string file = v1->mount + "/cpu.rt_runtime_us";
  if (!fileExists(file) || readCounter(file) < 100000) throw test::Skip("real-time groups with time to give");
  Resources resources;
  resources.cpu.realtimePeriod = 100000;
  resources.cpu.realtimeRuntime = 1000;
  TemporaryCgroup one(resources);
  TemporaryCgroup other(resources);
  CHECK_EQUAL(one.read("cpu", "cpu.rt_runtime_us", ""), "1000");
  CHECK_EQUAL(other.read("cpu", "cpu.rt_runtime_us", ""), "1000");
}

TEST("cgroup: a limit without its controller names key and controller, and leaves nothing behind") {
  requireRoot();
  Resources resources;
  resources.network.priorities = {{"eth0", 5}};
  if (cgroupLayout().v1("net_prio") != nullptr) throw test::Skip("a controller less: net_prio is there");
  const std::string path = TemporaryCgroup::nextPath();
  const InputError error = CHECK_THROWS(InputError, Cgroup::create(path, resources));
  CHECK_EQUAL(error.code(), "CGROUP_UNAVAILABLE");
  CHECK(std::string(error.what()).find("linux.resources.network.priorities") != std::string::npos);
  CHECK(std::string(error.what()).find("net_prio") != std::string::npos);
  CHECK(!anyDirectory(path));
  Cgroup::open(TemporaryCgroup::parent()).remove();
}

TEST("cgroup: a path cannot leave the tree") {
  CHECK_THROWS(InputError, Cgroup::open("/a/../../b"));
  CHECK_THROWS(InputError, Cgroup::open("/"));
  CHECK_EQUAL(Cgroup::open("a//./b/").path(), "/a/b");
}

TEST("cgroup: a frozen process stands still, thaws, and can be killed while frozen") {
  requireRoot();
  TemporaryCgroup temporary;
  void* shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* counter = new (shared) std::atomic<uint64_t>(0);
  Child child(temporary.cgroup, [&] {
    for (;;) {
      ++*counter;
      ::usleep(100);
    }
    return 0;
  });
  temporary.cgroup.freeze();
  CHECK(temporary.cgroup.frozen());
  const uint64_t before = *counter;
  ::usleep(20000);
  CHECK_EQUAL(counter->load(), before);
  temporary.cgroup.thaw();
  CHECK(!temporary.cgroup.frozen());
  temporary.cgroup.freeze();
  temporary.cgroup.kill();
  CHECK_EQUAL(WTERMSIG(child.wait()), SIGKILL);
  ::munmap(shared, 4096);
}

TEST("cgroup: kill reaches processes that fork all the time and children cgroups") {
  requireRoot();
  Resources resources;
  resources.pidsLimit = 50;
  TemporaryCgroup temporary(resources);
  Child child(temporary.cgroup, [] {
    for (;;) {
      const pid_t pid = ::fork();
      if (pid == 0)
        ::usleep(2000);
      else if (pid > 0)
        ::waitpid(-1, nullptr, WNOHANG);
    }
    return 0;
  });
  ::usleep(30000);
  CHECK(temporary.cgroup.processes().size() > 1);
  temporary.cgroup.kill();
  child.wait();
  temporary.cgroup.remove();
  CHECK(!temporary.cgroup.exists());
}

TEST("cgroup: remove waits for processes that are just dying") {
  requireRoot();
  TemporaryCgroup temporary;
  Child child(temporary.cgroup, [] {
    ::usleep(30000);
    return 0;
  });
  temporary.cgroup.remove();
  CHECK(!temporary.cgroup.exists());
}

TEST("cgroup: an out-of-memory kill wakes the watcher and is counted") {
  requireRoot();
  Resources resources;
  resources.memory.limit = 8 << 20;
  resources.memory.swap = 8 << 20;
  TemporaryCgroup temporary(resources);
  const UniqueFd watch = temporary.cgroup.watchOom();
  CHECK(static_cast<bool>(watch));
  CHECK_EQUAL(temporary.cgroup.oomKills(), 0U);
  Child child(temporary.cgroup, [] {
    const size_t size = 64U << 20U;
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memset(memory, 1, size);
    return 0;
  });
  CHECK_EQUAL(WTERMSIG(child.wait()), SIGKILL);
  pollfd poll{watch.get(), POLLIN, 0};
  CHECK_EQUAL(::poll(&poll, 1, 1000), 1);
  CHECK_EQUAL(temporary.cgroup.oomKills(), 1U);
  CHECK_EQUAL(temporary.cgroup.statistics().oomKills, 1U);
}

TEST("cgroup: device rules decide what can be opened") {
  requireRoot();
  Resources resources;
  resources.devices = {{false, 'a', {}, {}, "rwm"}, {true, 'c', 1, 3, "rwm"}, {true, 'c', 1, 5, "r"}};
  TemporaryCgroup temporary(resources);
  Child child(temporary.cgroup, [] {
    if (::open("/dev/null", O_RDWR) < 0) return 1;
    if (::open("/dev/zero", O_RDONLY) < 0) return 2;
    if (::open("/dev/zero", O_RDWR) >= 0 || errno != EPERM) return 3;
    if (::open("/dev/full", O_RDONLY) >= 0 || errno != EPERM) return 4;
    return 0;
  });
  CHECK_EQUAL(WEXITSTATUS(child.wait()), 0);
}

TEST("cgroup: the device program of v2 does the same, and is replaced in place") {
  requireRoot();
  const CgroupHierarchy* v2 = cgroupLayout().v2();
  if (v2 == nullptr) throw test::Skip("a v2 tree");
  TemporaryCgroup temporary;
  const std::string directory = v2->base + temporary.cgroup.path();
  const auto probe = [&] {
    Child child(temporary.cgroup, [] {
      const bool canNull = ::open("/dev/null", O_RDWR) >= 0;
      const bool canReadZero = ::open("/dev/zero", O_RDONLY) >= 0;
      const bool canWriteZero = ::open("/dev/zero", O_RDWR) >= 0;
      const bool canFull = ::open("/dev/full", O_RDONLY) >= 0;
      return canNull * 1 + canReadZero * 2 + canWriteZero * 4 + canFull * 8;
    });
    return WEXITSTATUS(child.wait());
  };
  attachDeviceProgram(directory, {{false, 'a', {}, {}, "rwm"}, {true, 'c', 1, 3, "rwm"}, {true, 'c', 1, 5, "r"}});
  CHECK_EQUAL(probe(), 3);
  attachDeviceProgram(directory, {{false, 'c', 1, 5, "w"}});
  CHECK_EQUAL(probe(), 11);
  attachDeviceProgram(directory, {{false, 'a', {}, {}, ""}, {true, 'c', {}, {}, ""}});
  CHECK_EQUAL(probe(), 15);
}

TEST("cgroup: the unified map reaches files of the v2 tree and names what is not there") {
  requireRoot();
  const CgroupHierarchy* v2 = cgroupLayout().v2();
  if (v2 == nullptr) throw test::Skip("a v2 tree");
  Resources resources;
  resources.unified = {{"cgroup.max.depth", "5"}};
  TemporaryCgroup temporary(resources);
  CHECK_EQUAL(readCounter(v2->base + temporary.cgroup.path() + "/cgroup.max.depth"), 5U);
  Resources bad;
  bad.unified = {{"nonsense.max", "1"}};
  CHECK_EQUAL((CHECK_THROWS(InputError, temporary.cgroup.apply(bad))).code(), "CGROUP_UNAVAILABLE");
  bad.unified = {{"../cgroup.procs", "1"}};
  CHECK_EQUAL((CHECK_THROWS(InputError, temporary.cgroup.apply(bad))).code(), "INVALID");
}
