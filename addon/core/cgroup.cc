#include "core/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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
#include "core/cgroup_limits.h"
#include "core/cgroup_v1.h"
#include "core/cgroup_v2.h"
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"

namespace tscompose {

namespace {

using Clock = std::chrono::steady_clock;

/// How long a freezer or a dying process may take before we say so.
constexpr std::chrono::seconds kPatience{10};

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

void Cgroup::apply(const Resources& resources) { applyLimits(path_, resources); }

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

std::vector<std::pair<std::string, std::string>> Cgroup::directories() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const CgroupHierarchy& hierarchy : cgroupLayout().hierarchies) {
    std::string directory = hierarchy.base + path_;
    if (isDirectory(directory)) result.emplace_back(hierarchy.name, std::move(directory));
  }
  return result;
}

}  // namespace tscompose
