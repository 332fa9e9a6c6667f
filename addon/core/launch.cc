#include "core/launch.h"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "core/child.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hooks.h"
#include "core/idmap.h"
#include "core/mounts.h"
#include "core/namespaces.h"
#include "core/process.h"
#include "core/users.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace tscompose {

namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// ---- What the child says

[[noreturn]] void throwFailure(const ChildMessage& message) {
  std::string step{message.step.data()};
  std::string subject{message.subject.data()};
  int error = message.value;
  bool isExec = step == "exec" || step == "lookup";
  if (isExec && (error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG)) {
    auto why = step == "lookup" ? "executable file not found in $PATH" : "no such file or directory";
    throw LaunchError("COMMAND_NOT_FOUND", "exec", error, "exec: \"" + subject + "\": " + why);
  }
  if (isExec) {
    std::string why = error == EACCES ? "permission denied" : error == EISDIR ? "is a directory" : ::strerror(error);
    if (error == ENOEXEC) why = "exec format error";
    throw LaunchError("COMMAND_NOT_EXECUTABLE", "exec", error, "exec: \"" + subject + "\": " + why);
  }
  auto text = "cannot start the container: " + step + (subject.empty() ? "" : " " + subject) + ": " + ::strerror(error);
  const char* code = error == ENOSPC || error == EDQUOT ? "NO_SPACE" : "START_FAILED";
  throw LaunchError(code, step, error, text);
}

struct Received {
  bool isEnd = false;
  ChildMessage message;
  UniqueFd fd;
};

Received receive(int socket) {
  Received result;
  iovec data{&result.message, sizeof result.message};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t count;
  do count = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  if (count < 0 && errno != ECONNRESET) throw SysError(errno, "recvmsg");
  if (count <= 0) {
    result.isEnd = true;
    return result;
  }
  if (count != static_cast<ssize_t>(sizeof result.message)) throw SysError(EPROTO, "recvmsg");
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_type != SCM_RIGHTS) continue;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
    result.fd.reset(fd);
  }
  return result;
}

void sendOrder(int socket, const OrderMessage& order, int fd = -1) {
  iovec data{const_cast<OrderMessage*>(&order), sizeof order};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (fd >= 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  ssize_t count;
  do count = ::sendmsg(socket, &header, MSG_NOSIGNAL);
  while (count < 0 && errno == EINTR);
  /* a child that is gone has said why, or its end of file says it: the next receive tells */
  if (count < 0 && errno != EPIPE && errno != ECONNRESET) throw SysError(errno, "sendmsg");
}

/// The next message, with failure and unexpected death as exceptions. Takes a console that comes before it.
void expect(int socket, ChildMessage::Kind kind, UniqueFd& console) {
  for (;;) {
    auto received = receive(socket);
    if (received.isEnd)
      throw LaunchError("START_FAILED", "start", ECHILD, "the container's process died before it was started");
    if (received.message.kind == ChildMessage::Kind::kFailed) throwFailure(received.message);
    if (received.message.kind == ChildMessage::Kind::kConsole) {
      console = std::move(received.fd);
      continue;
    }
    if (received.message.kind == kind) return;
    throw SysError(EPROTO, "recvmsg");
  }
}

/// End of file is the news that exec happened.
void expectExec(int socket) {
  auto received = receive(socket);
  if (received.isEnd) return;
  if (received.message.kind == ChildMessage::Kind::kFailed) throwFailure(received.message);
  throw SysError(EPROTO, "recvmsg");
}

// ---- What the child is to do

std::optional<std::string> findVariable(const std::vector<std::string>& environment, const std::string& name) {
  std::optional<std::string> value;
  for (const auto& entry : environment)
    if (entry.compare(0, name.size() + 1, name + "=") == 0) value = entry.substr(name.size() + 1);
  return value;
}

/// Pipes lent to the container, opened again for both directions (docs/architecture.md, `--adopt`).
struct HeldStdio {
  std::array<int, 3> numbers{};
  std::array<UniqueFd, 3> held;
};

HeldStdio prepareStdio(const Stdio& stdio) {
  HeldStdio result;
  result.numbers = {stdio.in, stdio.out, stdio.err};
  if (!stdio.holdPipes) return result;
  for (size_t index = 0; index < 3; ++index) {
    struct stat info = {};
    if (::fstat(result.numbers[index], &info) != 0 || !S_ISFIFO(info.st_mode)) continue;
    auto path = "/proc/self/fd/" + std::to_string(result.numbers[index]);
    result.held[index] = UniqueFd{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    if (!result.held[index]) throw SysError(errno, "open", path);
    result.numbers[index] = result.held[index].get();
  }
  return result;
}

void planSecurityLabel(ExecPlan& plan, const Process& process) {
  auto exists = [](const char* path) { return ::access(path, F_OK) == 0; };
  if (!process.apparmorProfile.empty() && process.apparmorProfile != "unconfined") {
    if (!exists("/sys/kernel/security/apparmor") && !exists("/sys/module/apparmor/parameters/enabled"))
      throw InputError("UNSUPPORTED", "apparmorProfile is set, but this kernel runs without AppArmor");
    plan.securityLabelFile =
        exists("/proc/self/attr/apparmor/exec") ? "thread-self/attr/apparmor/exec" : "thread-self/attr/exec";
    plan.securityLabel = "exec " + process.apparmorProfile;
  } else if (!process.selinuxLabel.empty()) {
    if (!exists("/sys/fs/selinux/enforce"))
      throw InputError("UNSUPPORTED", "selinuxLabel is set, but this kernel runs without SELinux");
    plan.securityLabelFile = "thread-self/attr/exec";
    plan.securityLabel = process.selinuxLabel;
  }
}

std::unique_ptr<ExecPlan> planExec(const Spec& spec, const Process& process, const HeldStdio& stdio, bool privileged,
                                   std::vector<std::string>& warnings) {
  if (process.args.empty()) throw InputError("INVALID", "config.json: process.args: must name a command");
  auto environment = process.env;
  bool needsHome = !findVariable(environment, "HOME");
  if (needsHome) environment.emplace_back("HOME=/");
  auto plan = std::make_unique<ExecPlan>(process.args, environment);
  plan->hasHomeSlot = needsHome;
  plan->homeIndex = environment.size() - 1;
  plan->searchPath = findVariable(process.env, "PATH").value_or(kDefaultPath);
  plan->cwd = process.cwd;
  plan->terminal = process.terminal;
  if (process.consoleSize) {
    plan->rows = process.consoleSize->height;
    plan->columns = process.consoleSize->width;
  }
  plan->stdio = stdio.numbers;
  plan->umask = process.user.umask.value_or(0022) & 0777U;
  if (privileged)
    plan->capabilities = allCapabilities();
  else if (process.capabilities)
    plan->capabilities = resolveCapabilities(*process.capabilities, warnings);
  plan->noNewPrivileges = process.noNewPrivileges;
  if (spec.linux_.seccomp && !privileged) {
    plan->hasSeccomp = true;
    plan->seccomp = compileSeccomp(*spec.linux_.seccomp, spec.seccompCache);
  }
  planSecurityLabel(*plan, process);
  if (spec.linux_.personality) {
    plan->hasPersonality = true;
    if (spec.linux_.personality->domain == "LINUX32")
      plan->personality = PER_LINUX32;
    else if (spec.linux_.personality->domain != "LINUX")
      throw InputError("INVALID",
                       "config.json: linux.personality.domain: unknown '" + spec.linux_.personality->domain + "'");
  }
  return plan;
}

/// Only sysctls of the container's own namespaces may be set: the others are the host's.
std::vector<std::pair<std::string, std::string>> planSysctls(const Spec& spec) {
  static constexpr std::array kIpc{"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
                                   "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"};
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& [given, value] : spec.linux_.sysctl) {
    auto name = given;
    /* "net/ipv4/conf/eth0.1/x" is the spelling for names with dots in them (sysctl(8)) */
    auto slash = name.find('/');
    bool slashed = slash != std::string::npos && slash < name.find('.');
    auto dotted = name;
    if (slashed)
      std::replace(dotted.begin(), dotted.end(), '/', '.');
    else
      for (auto& letter : name) letter = letter == '.' ? '/' : letter == '/' ? '.' : letter;
    auto needs = [&](const char* type) {
      if (spec.findNamespace(type) == nullptr)
        throw InputError("INVALID", "sysctl " + given + " needs a " + type + " namespace of the container's own");
    };
    if (("/" + name + "/").find("/../") != std::string::npos)
      throw InputError("INVALID", "sysctl " + given + " is not a name");
    if (dotted.rfind("net.", 0) == 0)
      needs("network");
    else if (dotted.rfind("fs.mqueue.", 0) == 0 || std::find(kIpc.begin(), kIpc.end(), dotted) != kIpc.end())
      needs("ipc");
    else if (dotted == "kernel.domainname" || dotted == "kernel.hostname")
      needs("uts");
    else if (dotted.rfind("user.", 0) == 0)
      needs("user");
    else
      throw InputError("INVALID", "sysctl " + given + " is not in a separate kernel namespace");
    result.emplace_back("sys/" + name, value);
  }
  return result;
}

void planNamespaces(ChildPlan& plan, const Spec& spec) {
  for (const auto& entry : spec.linux_.namespaces) {
    int flag = namespaceFlag(entry.type);
    if (!entry.path.empty()) {
      if (flag == CLONE_NEWNS)
        throw InputError("UNSUPPORTED", "joining a mount namespace is not supported: the root is made in a new one");
      JoinedNamespace joined{openNamespace(entry), flag, entry.path};
      /* first the user namespace: it gives the right to join the others that it owns */
      if (flag == CLONE_NEWUSER)
        plan.joined.insert(plan.joined.begin(), std::move(joined));
      else
        plan.joined.push_back(std::move(joined));
      if (flag == CLONE_NEWUSER) plan.joinedUser = true;
      if (flag == CLONE_NEWUSER || flag == CLONE_NEWPID) plan.viaHelper = true;
      continue;
    }
    if (flag == CLONE_NEWCGROUP)
      plan.newCgroup = true;
    else if (flag == CLONE_NEWTIME)
      plan.newTime = true;
    else
      plan.newFlags |= static_cast<uint64_t>(flag);
    if (flag == CLONE_NEWUSER) plan.newUser = true;
  }
  if ((plan.newFlags & CLONE_NEWNS) == 0)
    throw InputError("UNSUPPORTED", "a container needs a mount namespace of its own");
  /* inside a new user namespace the right to join what the caller owns is gone: the helper joins before */
  if (plan.newUser && !plan.joined.empty()) plan.viaHelper = true;
  if (plan.newUser && spec.linux_.uidMappings.empty())
    throw InputError("INVALID", "config.json: linux.uidMappings: a new user namespace needs mappings");
  if (!spec.linux_.timeOffsets.empty() && !plan.newTime)
    throw InputError("INVALID", "config.json: linux.timeOffsets: needs a new time namespace");
  for (const auto& [clock, offset] : spec.linux_.timeOffsets)
    plan.timeOffsets += clock + " " + std::to_string(offset.secs) + " " + std::to_string(offset.nanosecs) + "\n";
}

// ---- The clone

struct ChildProcess {
  pid_t pid = 0;
  UniqueFd pidfd;
};

struct Cloned {
  ChildProcess process;
  UniqueFd socket;
};

void killAndCollect(const ChildProcess& process) noexcept {
  if (process.pid <= 0) return;
  try {
    sendSignal(process.pidfd.get(), SIGKILL);
    waitForChild(process.pid);
  } catch (const SysError&) {
    /* somebody else collected it */
  }
}

/// A number that we and a process that we clone both see.
class SharedPid {
 public:
  SharedPid() {
    void* memory = ::mmap(nullptr, sizeof(pid_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw SysError(errno, "mmap");
    pid_ = static_cast<pid_t*>(memory);
  }
  SharedPid(const SharedPid&) = delete;
  SharedPid& operator=(const SharedPid&) = delete;
  ~SharedPid() { ::munmap(pid_, sizeof *pid_); }
  pid_t& value() noexcept { return *pid_; }

 private:
  pid_t* pid_;
};

Cloned cloneChild(ChildPlan& plan, int intoCgroup) {
  auto pair = makeSocketPair(SOCK_SEQPACKET);
  plan.socket = pair.second.get();
  std::optional<SharedPid> sibling;
  if (plan.viaHelper) plan.sibling = &sibling.emplace().value();
  plan.proc = UniqueFd{::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!plan.proc) throw SysError(errno, "open", "/proc");
  clone_args arguments{};
  int pidfd = -1;
  arguments.flags = CLONE_PIDFD | (plan.viaHelper ? 0 : plan.newFlags);
  arguments.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (intoCgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<uint64_t>(intoCgroup);
  }
  long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) throw SysError(errno, "clone3");
  if (pid == 0) {
    ::close(pair.first.get());
    runChild(plan);
  }
  Cloned result{{static_cast<pid_t>(pid), UniqueFd{pidfd}}, std::move(pair.first)};
  pair.second.reset();
  if (!plan.viaHelper) return result;
  waitForChild(result.process.pid);
  result.process = {};
  const pid_t made = sibling->value();
  if (made == 0) {
    auto received = receive(result.socket.get());
    if (!received.isEnd && received.message.kind == ChildMessage::Kind::kFailed) throwFailure(received.message);
    throw LaunchError("START_FAILED", "clone3", ECHILD, "the helper died before it made the container's process");
  }
  /* our own child, not yet collected: the number cannot have been given to another */
  try {
    result.process = {made, openPidfd(made)};
  } catch (const SysError&) {
    ::kill(made, SIGKILL);
    waitForChild(made);
    throw;
  }
  return result;
}

// ---- What only the parent can do to the child

void applyRlimits(pid_t pid, const std::vector<Rlimit>& limits) {
  for (const auto& limit : limits) {
    rlimit value{limit.soft, limit.hard};
    if (::prlimit(pid, static_cast<__rlimit_resource>(limit.resource), &value, nullptr) == 0) continue;
    int error = errno;
    rlimit current{};
    ::prlimit(pid, static_cast<__rlimit_resource>(limit.resource), nullptr, &current);
    auto text = "cannot set " + limit.type + " to " + std::to_string(limit.hard) + ": ";
    if (error == EPERM)
      text += "the hard limit here is " + std::to_string(current.rlim_max) + ", and raising it needs CAP_SYS_RESOURCE";
    else
      text += ::strerror(error);
    throw LaunchError("NO_PERMISSION", "setrlimit", error, text);
  }
}

void applyOomScore(pid_t pid, std::optional<int> score, std::vector<std::string>& warnings) {
  if (!score) return;
  auto path = "/proc/" + std::to_string(pid) + "/oom_score_adj";
  int current = 0;
  auto text = readFile(path);
  std::from_chars(text.data(), text.data() + text.size(), current);
  if (current == *score) return;
  try {
    writeControlFile(path, std::to_string(*score));
  } catch (const SysError& error) {
    if (*score > current || (error.error() != EACCES && error.error() != EPERM)) throw;
    warnings.push_back("oomScoreAdj stays " + std::to_string(current) + ": lowering it needs CAP_SYS_RESOURCE");
  }
}

/// The argument of sched_setattr(2), first version: its kernel header cannot be included beside <sched.h>.
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;
  uint64_t deadline;
  uint64_t period;
};

void applyScheduling(pid_t pid, const Process& process) {
  if (process.scheduler) {
    static constexpr std::array<std::pair<const char*, int>, 6> kPolicies{{{"SCHED_OTHER", SCHED_OTHER},
                                                                           {"SCHED_FIFO", SCHED_FIFO},
                                                                           {"SCHED_RR", SCHED_RR},
                                                                           {"SCHED_BATCH", SCHED_BATCH},
                                                                           {"SCHED_IDLE", SCHED_IDLE},
                                                                           {"SCHED_DEADLINE", 6}}};
    static constexpr std::array<std::pair<const char*, uint64_t>, 7> kFlags{{{"SCHED_FLAG_RESET_ON_FORK", 0x01},
                                                                             {"SCHED_FLAG_RECLAIM", 0x02},
                                                                             {"SCHED_FLAG_DL_OVERRUN", 0x04},
                                                                             {"SCHED_FLAG_KEEP_POLICY", 0x08},
                                                                             {"SCHED_FLAG_KEEP_PARAMS", 0x10},
                                                                             {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
                                                                             {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40}}};
    const auto& wanted = *process.scheduler;
    const auto* policy = std::find_if(kPolicies.begin(), kPolicies.end(),
                                      [&](const auto& entry) { return wanted.policy == entry.first; });
    if (policy == kPolicies.end()) throw InputError("INVALID", "unknown scheduler policy '" + wanted.policy + "'");
    SchedulingAttributes attributes{};
    attributes.size = sizeof attributes;
    attributes.policy = static_cast<uint32_t>(policy->second);
    attributes.nice = wanted.nice;
    attributes.priority = static_cast<uint32_t>(wanted.priority);
    attributes.runtime = wanted.runtime;
    attributes.deadline = wanted.deadline;
    attributes.period = wanted.period;
    for (const auto& name : wanted.flags) {
      const auto* flag =
          std::find_if(kFlags.begin(), kFlags.end(), [&](const auto& entry) { return name == entry.first; });
      if (flag == kFlags.end()) throw InputError("INVALID", "unknown scheduler flag '" + name + "'");
      attributes.flags |= flag->second;
    }
    if (::syscall(SYS_sched_setattr, pid, &attributes, 0) != 0) throw SysError(errno, "sched_setattr", wanted.policy);
  }
  if (process.ioPriority) {
    static constexpr std::array kClasses{"IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
                                         "IOPRIO_CLASS_IDLE"};
    const auto& wanted = *process.ioPriority;
    const auto* found = std::find(kClasses.begin(), kClasses.end(), wanted.ioClass);
    if (found == kClasses.end()) throw InputError("INVALID", "unknown I/O priority class '" + wanted.ioClass + "'");
    int value = static_cast<int>(found - kClasses.begin()) << 13 | wanted.priority;
    if (::syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, pid, value) != 0)
      throw SysError(errno, "ioprio_set", wanted.ioClass);
  }
}

OrderMessage startOrder(int root, const User& user, const std::string& userName,
                        const std::vector<std::string>& groupNames, bool needsHome) {
  OrderMessage order;
  order.order = OrderMessage::Order::kStart;
  order.uid = user.uid;
  order.gid = user.gid;
  auto groups = user.additionalGids;
  std::string home;
  if (!userName.empty() || !groupNames.empty()) {
    auto numeric = std::to_string(user.uid) + ":" + std::to_string(user.gid);
    auto resolved = resolveUser(root, userName.empty() ? numeric : userName, groupNames);
    order.uid = resolved.uid;
    order.gid = resolved.gid;
    // The primary one among them: a program that only drops its primary group must not get past a file that shuts that
    // group out (CVE-2022-36109).
    groups.insert(groups.begin(), resolved.gid);
    for (const uint32_t gid : resolved.groups)
      if (std::find(groups.begin(), groups.end(), gid) == groups.end()) groups.push_back(gid);
    home = resolved.home;
  } else if (needsHome) {
    home = findHome(root, user.uid);
  }
  if (groups.size() > order.groups.size())
    throw InputError("LIMIT", "a process cannot have more than 256 supplementary groups here");
  order.groupCount = static_cast<uint32_t>(groups.size());
  std::copy(groups.begin(), groups.end(), order.groups.begin());
  home.copy(order.home.data(), order.home.size() - 1);
  return order;
}

/// Device rules of every container, after the configuration's own: any node may be made, the standard ones and ptys
/// opened (the specification's default devices). A configuration without rules stays without.
Resources withDefaultDevices(Resources resources) {
  if (resources.devices.empty()) return resources;
  auto allow = [&](char type, std::optional<int64_t> major, std::optional<int64_t> minor, const char* access) {
    resources.devices.push_back({true, type, major, minor, access});
  };
  allow('c', std::nullopt, std::nullopt, "m");
  allow('b', std::nullopt, std::nullopt, "m");
  for (int64_t minor : {3, 5, 7, 8, 9}) allow('c', 1, minor, "rwm");
  for (int64_t minor : {0, 1, 2}) allow('c', 5, minor, "rwm");
  allow('c', 136, std::nullopt, "rwm"); /* pts */
  return resources;
}

[[noreturn]] void throwHook(const std::string& problem) { throw LaunchError("START_FAILED", "hook", 0, problem); }

}  // namespace

LaunchError::LaunchError(std::string code, std::string step, int error, const std::string& message)
    : std::runtime_error(message), code_(std::move(code)), step_(std::move(step)), error_(error) {}

int LaunchError::exitCode() const noexcept {
  if (code_ == "COMMAND_NOT_FOUND") return 127;
  if (code_ == "COMMAND_NOT_EXECUTABLE") return 126;
  return 128;
}

struct Created::Parts {
  Spec spec;
  std::string id;
  std::string bundle;
  Cgroup cgroup;
  ChildProcess process;
  UniqueFd socket;
  UniqueFd console;
  OrderMessage order;
  std::vector<std::string> warnings;
  bool isOurs = true;  ///< not started and not detached: dies with this object
};

namespace {

void discard(const ChildProcess& process, const Cgroup& cgroup) noexcept {
  killAndCollect(process);
  try {
    cgroup.kill();
    cgroup.remove();
  } catch (const std::exception&) {
    /* the first error is the one that is told; `delete` or the next start takes an old cgroup over */
  }
}

}  // namespace

Created::Created(Parts* parts) noexcept : parts_(parts) {}
Created::Created(Created&& other) noexcept : parts_(std::exchange(other.parts_, nullptr)) {}
Created& Created::operator=(Created&& other) noexcept {
  std::swap(parts_, other.parts_);
  return *this;
}

Created::~Created() {
  if (parts_ == nullptr) return;
  if (parts_->isOurs) discard(parts_->process, parts_->cgroup);
  delete parts_;
}

pid_t Created::pid() const noexcept { return parts_->process.pid; }
int Created::pidfd() const noexcept { return parts_->process.pidfd.get(); }
UniqueFd Created::takePidfd() { return std::move(parts_->process.pidfd); }
UniqueFd Created::takeConsole() { return std::move(parts_->console); }
const Cgroup& Created::cgroup() const noexcept { return parts_->cgroup; }
const std::vector<std::string>& Created::warnings() const noexcept { return parts_->warnings; }

std::string cgroupPathOf(const Spec& spec, const std::string& id) {
  const auto& path = spec.linux_.cgroupsPath;
  if (path.empty()) return "/" + id;
  return path.front() == '/' ? path : "/" + path;
}

Created create(const Spec& spec, const std::string& id, const std::string& bundle, const Stdio& stdio, bool pivot) {
  std::vector<std::string> warnings;
  if (!spec.process) throw InputError("INVALID", "config.json: process: is required");
  const auto& process = *spec.process;
  auto held = prepareStdio(stdio);
  auto exec = planExec(spec, process, held, false, warnings);
  exec->createCwd = true;
  exec->preservedFds = stdio.preservedFds;
  exec->init = spec.init;
  if (spec.init) exec->commandLine = argumentArea();
  ChildPlan plan{*exec};
  planNamespaces(plan, spec);
  plan.hasRoot = true;
  plan.hostname = spec.hostname;
  plan.domainname = spec.domainname;
  plan.sysctls = planSysctls(spec);

  auto cgroup = Cgroup::create(cgroupPathOf(spec, id), withDefaultDevices(spec.linux_.resources));
  ChildProcess child;
  try {
    plan.root = planRoot(spec, bundle, &cgroup);
    plan.root.pivot = pivot;
    plan.root.overRoot = pivot && spec.hooks.createContainer.empty();
    auto unified = cgroup.openForClone();
    plan.cgroups = cgroup.openForEntering();
    auto cloned = cloneChild(plan, plan.viaHelper ? -1 : unified.get());
    child = std::move(cloned.process);
    int socket = cloned.socket.get();
    if (plan.newUser) {
      writeIdMappings(child.pid, spec.linux_.uidMappings, spec.linux_.gidMappings);
      OrderMessage mapped;
      mapped.order = OrderMessage::Order::kMapped;
      sendOrder(socket, mapped);
    }
    if (plan.viaHelper) cgroup.attachUnified(child.pid);
    UniqueFd console;
    expect(socket, ChildMessage::Kind::kMounted, console);

    auto state = [&] { return formatState(spec, id, "creating", child.pid, bundle); };
    const auto& hooks = spec.hooks;
    if (auto problem = runHooks(hooks.prestart, "prestart", state(), std::nullopt, 0)) throwHook(*problem);
    if (auto problem = runHooks(hooks.createRuntime, "createRuntime", state(), std::nullopt, 0)) throwHook(*problem);
    if (!hooks.createContainer.empty()) {
      auto problem = runHooks(hooks.createContainer, "createContainer", state(), child.pidfd.get(),
                              differingNamespaces(child.pid) & ~CLONE_NEWUSER);
      if (problem) throwHook(*problem);
    }
    OrderMessage proceed;
    proceed.order = OrderMessage::Order::kContinue;
    sendOrder(socket, proceed);
    auto order = startOrder(plan.root.tree.get(), process.user, spec.userName, spec.groupNames, exec->hasHomeSlot);
    expect(socket, ChildMessage::Kind::kReady, console);
    applyScheduling(child.pid, process);
    applyOomScore(child.pid, process.oomScoreAdj, warnings);
    applyRlimits(child.pid, process.rlimits);
    return Created{new Created::Parts{spec, id, bundle, cgroup, std::move(child), std::move(cloned.socket),
                                      std::move(console), order, std::move(warnings)}};
  } catch (...) {
    discard(child, cgroup);
    throw;
  }
}

namespace {

void runStartHooks(const Spec& spec, const std::string& id, const std::string& bundle, pid_t pid, int pidfd) {
  if (spec.hooks.startContainer.empty()) return;
  auto problem = runHooks(spec.hooks.startContainer, "startContainer", formatState(spec, id, "created", pid, bundle),
                          pidfd, differingNamespaces(pid));
  if (problem) throwHook(*problem);
}

void runPoststartHooks(const Spec& spec, const std::string& id, const std::string& bundle, pid_t pid,
                       std::vector<std::string>& warnings) {
  auto problem =
      runHooks(spec.hooks.poststart, "poststart", formatState(spec, id, "running", pid, bundle), std::nullopt, 0);
  if (problem) warnings.push_back(*problem);
}

}  // namespace

void Created::start() {
  auto& parts = *parts_;
  try {
    runStartHooks(parts.spec, parts.id, parts.bundle, parts.process.pid, parts.process.pidfd.get());
    sendOrder(parts.socket.get(), parts.order);
    expectExec(parts.socket.get());
  } catch (...) {
    discard(parts.process, parts.cgroup);
    parts.isOurs = false;
    throw;
  }
  parts.isOurs = false;
  parts.socket.reset();
  runPoststartHooks(parts.spec, parts.id, parts.bundle, parts.process.pid, parts.warnings);
}

namespace {

/// An address that reaches `path` through its directory's fd: a unix socket's path is limited to 107 bytes (unix(7)).
sockaddr_un addressOf(const std::string& path, UniqueFd& directory) {
  auto slash = path.find_last_of('/');
  directory = openDirectory(path.substr(0, slash));
  auto text = "/proc/self/fd/" + std::to_string(directory.get()) + path.substr(slash);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (text.size() >= sizeof address.sun_path) throw SysError(ENAMETOOLONG, "bind", path);
  text.copy(address.sun_path, text.size());
  return address;
}

/// The start order, where `start` finds it: who starts is another process that never saw the root.
std::string orderPath(const std::string& socketPath) { return socketPath + ".order"; }

}  // namespace

void Created::detach(const std::string& socketPath) {
  auto& parts = *parts_;
  UniqueFd directory;
  auto address = addressOf(socketPath, directory);
  UniqueFd listener{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  if (!listener) throw SysError(errno, "socket");
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw SysError(errno, "bind", socketPath);
  if (::listen(listener.get(), 1) != 0) throw SysError(errno, "listen", socketPath);
  replaceFile(orderPath(socketPath), std::string_view{reinterpret_cast<const char*>(&parts.order), sizeof parts.order},
              0600, Durability::kWhileUp);
  OrderMessage detach;
  detach.order = OrderMessage::Order::kDetach;
  sendOrder(parts.socket.get(), detach, listener.get());
  parts.isOurs = false;
}

std::vector<std::string> startDetached(const Spec& spec, const std::string& id, const std::string& bundle, pid_t pid,
                                       const std::string& socketPath) {
  std::vector<std::string> warnings;
  auto pidfd = openPidfd(pid);
  auto text = readFile(orderPath(socketPath));
  OrderMessage order;
  if (text.size() != sizeof order) throw SysError(EPROTO, "read", orderPath(socketPath));
  std::memcpy(&order, text.data(), sizeof order);
  try {
    runStartHooks(spec, id, bundle, pid, pidfd.get());
    UniqueFd directory;
    auto address = addressOf(socketPath, directory);
    UniqueFd socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
    if (!socket) throw SysError(errno, "socket");
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw SysError(errno, "connect", socketPath);
    sendOrder(socket.get(), order);
    expectExec(socket.get());
  } catch (...) {
    sendSignal(pidfd.get(), SIGKILL);
    throw;
  }
  ::unlink(socketPath.c_str());
  ::unlink(orderPath(socketPath).c_str());
  runPoststartHooks(spec, id, bundle, pid, warnings);
  return warnings;
}

std::vector<std::string> runPoststopHooks(const Spec& spec, const std::string& id, const std::string& bundle) {
  std::vector<std::string> warnings;
  for (const auto& hook : spec.hooks.poststop) {
    /* each runs whatever became of the one before: after the container there is only cleaning up */
    auto problem = runHooks({hook}, "poststop", formatState(spec, id, "stopped", 0, bundle), std::nullopt, 0);
    if (problem) warnings.push_back(*problem);
  }
  return warnings;
}

ExecProcess execIn(pid_t initPid, const Spec& spec, const Process& process, const Cgroup& cgroup, const Stdio& stdio,
                   bool privileged) {
  ExecOptions options;
  options.privileged = privileged;
  return execIn(initPid, spec, process, cgroup, stdio, options);
}

ExecProcess execIn(pid_t initPid, const Spec& spec, const Process& process, const Cgroup& cgroup, const Stdio& stdio,
                   const ExecOptions& options) {
  std::vector<std::string> warnings;
  auto held = prepareStdio(stdio);
  auto exec = planExec(spec, process, held, options.privileged, warnings);
  exec->preservedFds = stdio.preservedFds;
  ChildPlan plan{*exec};
  int flags = differingNamespaces(initPid);
  plan.viaHelper = true;
  plan.joinedUser = (flags & CLONE_NEWUSER) != 0;
  auto initPidfd = openPidfd(initPid);
  auto rootPath = "/proc/" + std::to_string(initPid) + "/root";
  UniqueFd root{::open(rootPath.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!root) throw SysError(errno, "open", rootPath);
  plan.joined.push_back({std::move(initPidfd), flags, "the container"});

  plan.cgroups = cgroup.openForEntering();

  auto cloned = cloneChild(plan, -1);
  ExecProcess result;
  try {
    int socket = cloned.socket.get();
    auto order = startOrder(root.get(), process.user, options.user, options.groupNames, exec->hasHomeSlot);
    expect(socket, ChildMessage::Kind::kReady, result.console);
    cgroup.attachUnified(cloned.process.pid, options.cgroupChild);
    applyScheduling(cloned.process.pid, process);
    applyOomScore(cloned.process.pid, process.oomScoreAdj, warnings);
    applyRlimits(cloned.process.pid, process.rlimits);
    sendOrder(socket, order);
    expectExec(socket);
  } catch (...) {
    killAndCollect(cloned.process);
    throw;
  }
  result.pid = cloned.process.pid;
  result.pidfd = std::move(cloned.process.pidfd);
  return result;
}

}  // namespace tscompose
