#include "core/child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "core/init.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace tscompose {

namespace {

void copyText(char* target, size_t size, const char* text) noexcept {
  size_t index = 0;
  for (; index + 1 < size && text[index] != 0; ++index) target[index] = text[index];
  target[index] = 0;
}

void sendMessage(int socket, ChildMessage::Kind kind, int value, const char* step, const char* subject,
                 int fd) noexcept {
  ChildMessage message;
  message.kind = kind;
  message.value = value;
  copyText(message.step.data(), message.step.size(), step);
  copyText(message.subject.data(), message.subject.size(), subject);
  iovec data{&message, sizeof message};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

[[noreturn]] void fail(const ChildPlan& plan, const Fault& fault) noexcept {
  sendMessage(plan.socket, ChildMessage::Kind::kFailed, fault.error, fault.step, fault.subject, -1);
  ::_exit(1);
}

[[noreturn]] void fail(const ChildPlan& plan, const char* step, const char* subject = "") noexcept {
  fail(plan, Fault{step, subject, errno});
}

/// Waits for `expected`. Without a parent there is nothing to do: end of file ends the child.
void awaitOrder(ChildPlan& plan, OrderMessage::Order expected, OrderMessage& order) noexcept {
  for (;;) {
    iovec data{&order, sizeof order};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    ssize_t count = ::recvmsg(plan.socket, &header, MSG_CMSG_CLOEXEC);
    if (count < 0 && errno == EINTR) continue;
    if (count != static_cast<ssize_t>(sizeof order)) ::_exit(1);
    if (order.order == expected) return;
    if (order.order != OrderMessage::Order::kDetach) ::_exit(1);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) ::_exit(1);
    int listener = -1;
    std::memcpy(&listener, CMSG_DATA(rights), sizeof listener);
    ::close(plan.socket);
    /* a `start` that was killed before it gave the order leaves us waiting for the next one */
    for (;;) {
      plan.socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (plan.socket < 0) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        ::_exit(1);
      }
      ssize_t got;
      do got = ::recv(plan.socket, &order, sizeof order, 0);
      while (got < 0 && errno == EINTR);
      if (got == static_cast<ssize_t>(sizeof order) && order.order == expected) break;
      ::close(plan.socket);
    }
    ::close(listener);
    return;
  }
}

void resetSignals() noexcept {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void joinNamespaces(const ChildPlan& plan) noexcept {
  for (const auto& joined : plan.joined)
    if (::setns(joined.fd.get(), joined.flag) != 0) fail(plan, "setns", joined.path.c_str());
}

void becomeRootOfNamespace(const ChildPlan& plan) noexcept {
  if (::syscall(SYS_setgroups, 0, nullptr) != 0 && errno != EPERM) fail(plan, "setgroups");
  if (::syscall(SYS_setresgid, 0, 0, 0) != 0) fail(plan, "setresgid");
  if (::syscall(SYS_setresuid, 0, 0, 0) != 0) fail(plan, "setresuid");
}

/// Runs in the helper: makes the container's process as a child of our parent, and is gone. The kernel writes the pid
/// before the process can run, and so before it can be killed: our parent must collect it, whatever becomes of it.
void forkSibling(const ChildPlan& plan) noexcept {
  clone_args arguments{};
  /* the exit signal is inherited, and must be 0 here (clone(2)) */
  arguments.flags = plan.newFlags | CLONE_PARENT | CLONE_PARENT_SETTID;
  arguments.parent_tid = reinterpret_cast<uint64_t>(plan.sibling);
  long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) fail(plan, "clone3");
  if (pid > 0) ::_exit(0);
}

void enterCgroups(const ChildPlan& plan) noexcept {
  for (const UniqueFd& file : plan.cgroups)
    if (::write(file.get(), "0", 1) != 1) fail(plan, "write", "tasks of the cgroup");
}

void enterTimeNamespace(const ChildPlan& plan) noexcept {
  if (::unshare(CLONE_NEWTIME) != 0) fail(plan, "unshare", "time");
  if (!plan.timeOffsets.empty()) {
    UniqueFd offsets{::openat(plan.proc.get(), "self/timens_offsets", O_WRONLY | O_CLOEXEC)};
    if (!offsets || ::write(offsets.get(), plan.timeOffsets.data(), plan.timeOffsets.size()) < 0)
      fail(plan, "timens_offsets");
  }
  UniqueFd own{::openat(plan.proc.get(), "self/ns/time_for_children", O_RDONLY | O_CLOEXEC)};
  if (!own || ::setns(own.get(), CLONE_NEWTIME) != 0) fail(plan, "setns", "time");
}

void setNames(const ChildPlan& plan) noexcept {
  if (!plan.hostname.empty() && ::sethostname(plan.hostname.data(), plan.hostname.size()) != 0)
    fail(plan, "sethostname", plan.hostname.c_str());
  if (!plan.domainname.empty() && ::setdomainname(plan.domainname.data(), plan.domainname.size()) != 0)
    fail(plan, "setdomainname", plan.domainname.c_str());
  for (const auto& [path, value] : plan.sysctls) {
    UniqueFd file{::openat(plan.proc.get(), path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (!file || ::write(file.get(), value.data(), value.size()) < 0) fail(plan, "sysctl", path.c_str());
  }
}

void attachStdio(const ChildPlan& plan, int slave) noexcept {
  const auto& process = plan.process;
  if (slave >= 0) {
    if (::ioctl(slave, TIOCSCTTY, 0) != 0) fail(plan, "TIOCSCTTY");
    for (int fd = 0; fd < 3; ++fd)
      if (::dup2(slave, fd) < 0) fail(plan, "dup2");
    return;
  }
  /* first out of the way of 0, 1 and 2, which may be the very numbers that were lent */
  int lent[3];
  for (int fd = 0; fd < 3; ++fd) {
    lent[fd] = ::fcntl(process.stdio[fd], F_DUPFD_CLOEXEC, 3);
    if (lent[fd] < 0) fail(plan, "dup");
  }
  for (int fd = 0; fd < 3; ++fd)
    if (::dup2(lent[fd], fd) < 0) fail(plan, "dup2");
}

/// Closes all that only the assembly needed, and what our caller forgot to: as long as it is open, /proc/self/fd makes
/// of a descriptor a working directory or a program outside the root (CVE-2024-21626).
void closeDescriptors(const ChildPlan& plan, int label) noexcept {
  unsigned first = 3 + plan.process.preservedFds;
  const unsigned kept[] = {static_cast<unsigned>(label < plan.socket ? label : plan.socket),
                           static_cast<unsigned>(label < plan.socket ? plan.socket : label)};
  for (unsigned fd : kept) {
    if (static_cast<int>(fd) < 0 || fd < first) continue;
    if (fd > first) ::syscall(SYS_close_range, first, fd - 1, 0U);
    first = fd + 1;
  }
  ::syscall(SYS_close_range, first, ~0U, 0U);
}

/// /dev/stdout leads a process through /proc/self/fd/1 to an open by name, so its user must own what stands there.
void giveStdio(uid_t uid) noexcept {
  for (int fd = 0; fd < 3; ++fd) {
    struct stat info;
    if (::fstat(fd, &info) != 0 || info.st_uid == uid) continue;
    bool isTerminal = ::isatty(fd) == 1;
    if (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) || isTerminal) ::fchown(fd, uid, static_cast<gid_t>(-1));
  }
}

bool makeDirectory(const char* path) noexcept {
  char buffer[PATH_MAX];
  size_t length = std::strlen(path);
  if (length >= sizeof buffer) {
    errno = ENAMETOOLONG;
    return false;
  }
  for (size_t end = 1; end <= length; ++end) {
    if (path[end] != '/' && path[end] != 0) continue;
    std::memcpy(buffer, path, end);
    buffer[end] = 0;
    if (::mkdir(buffer, 0755) != 0 && errno != EEXIST && errno != EROFS) return false;
  }
  return true;
}

/// Enters the working directory, and makes sure that it is below our root: a descriptor that stays open on purpose
/// (stdio, --preserve-fds) would be a way out (CVE-2024-21626). getcwd(2) marks such a place "(unreachable)".
void enterDirectory(const ChildPlan& plan) noexcept {
  const char* path = plan.process.cwd.c_str();
  if (::chdir(path) != 0) {
    if (errno != ENOENT || !plan.process.createCwd) fail(plan, "chdir", path);
    if (!makeDirectory(path) || ::chdir(path) != 0) fail(plan, "chdir", path);
  }
  char seen[PATH_MAX];
  if (::syscall(SYS_getcwd, seen, sizeof seen) < 0) fail(plan, "getcwd", path);
  if (seen[0] != '/') fail(plan, Fault{"chdir", path, EXDEV});
}

/// The file to execute, by PATH as execvp does. Fails when there is none, before the container counts as created.
void findExecutable(const ChildPlan& plan, char (&found)[PATH_MAX]) noexcept {
  const char* name = const_cast<ExecPlan&>(plan.process).arguments.data()[0];
  size_t nameLength = std::strlen(name);
  if (nameLength == 0) fail(plan, Fault{"exec", name, ENOENT});
  if (nameLength >= PATH_MAX) fail(plan, Fault{"exec", name, ENAMETOOLONG});
  auto check = [](const char* path) noexcept {
    struct stat info;
    if (::stat(path, &info) != 0) return errno;
    if (S_ISDIR(info.st_mode)) return EISDIR;
    return ::faccessat(AT_FDCWD, path, X_OK, 0) == 0 ? 0 : errno;
  };
  if (std::strchr(name, '/') != nullptr) {
    std::memcpy(found, name, nameLength + 1);
    int error = check(found);
    if (error != 0) fail(plan, Fault{"exec", name, error});
    return;
  }
  int error = ENOENT;
  const char* rest = plan.process.searchPath.c_str();
  for (;;) {
    const char* end = std::strchr(rest, ':');
    size_t length = end != nullptr ? static_cast<size_t>(end - rest) : std::strlen(rest);
    if (length + nameLength + 3 < PATH_MAX) {
      std::memcpy(found, rest, length);
      if (length == 0) found[length++] = '.';
      found[length++] = '/';
      std::memcpy(found + length, name, nameLength + 1);
      int result = check(found);
      if (result == 0) return;
      if (result == EACCES) error = EACCES;
    }
    if (end == nullptr) break;
    rest = end + 1;
  }
  fail(plan, Fault{"lookup", name, error});
}

struct CapabilitySets {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
};

void setCapabilities(const ChildPlan& plan, uint64_t effective, uint64_t permitted, uint64_t inheritable) noexcept {
  CapabilitySets sets;
  for (int half = 0; half < 2; ++half) {
    sets.data[half].effective = static_cast<uint32_t>(effective >> (32 * half));
    sets.data[half].permitted = static_cast<uint32_t>(permitted >> (32 * half));
    sets.data[half].inheritable = static_cast<uint32_t>(inheritable >> (32 * half));
  }
  if (::syscall(SYS_capset, &sets.header, sets.data) != 0) fail(plan, "capset");
}

void loadSeccomp(ChildPlan& plan) noexcept {
  auto& instructions = plan.process.seccomp.instructions;
  sock_fprog program{static_cast<unsigned short>(instructions.size()), instructions.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, plan.process.seccomp.flags, &program) != 0) fail(plan, "seccomp");
}

/// Order matters: the bounding set needs CAP_SETPCAP, so it comes before the user changes; the filter needs
/// CAP_SYS_ADMIN unless no_new_privs is set, so it comes after, with the kept permitted set; only capset, prctl and
/// execve follow it.
void becomeUser(ChildPlan& plan, const OrderMessage& order) noexcept {
  auto& process = plan.process;
  CapabilitySets own;
  if (::syscall(SYS_capget, &own.header, own.data) != 0) fail(plan, "capget");
  uint64_t held = own.data[0].permitted | uint64_t{own.data[1].permitted} << 32U;
  auto wanted = process.capabilities;
  for (int capability = 0; capability < 64; ++capability) {
    int present = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (present < 0) break;
    if (present == 0 || (wanted.bounding >> capability & 1U) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) fail(plan, "drop capability");
  }
  wanted.permitted &= held;
  wanted.effective &= wanted.permitted;
  wanted.inheritable &= wanted.bounding & (held | wanted.permitted);
  wanted.ambient &= wanted.permitted & wanted.inheritable;

  giveStdio(order.uid);
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) fail(plan, "keep capabilities");
  /* the glibc wrappers would signal other threads; there are none, and the bare call has no lock */
  if (::syscall(SYS_setgroups, order.groupCount, order.groups.data()) != 0 && (errno != EPERM || order.groupCount != 0))
    fail(plan, "setgroups");
  if (::syscall(SYS_setresgid, order.gid, order.gid, order.gid) != 0) fail(plan, "setresgid");
  if (::syscall(SYS_setresuid, order.uid, order.uid, order.uid) != 0) fail(plan, "setresuid");
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) fail(plan, "keep capabilities");
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::umask(process.umask);

  if (process.noNewPrivileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(plan, "no_new_privs");
  if (!process.hasSeccomp || process.noNewPrivileges) {
    setCapabilities(plan, wanted.effective, wanted.permitted, wanted.inheritable);
  } else {
    setCapabilities(plan, held, held, wanted.inheritable);
    loadSeccomp(plan);
    setCapabilities(plan, wanted.effective, wanted.permitted, wanted.inheritable);
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; capability < 64; ++capability) {
    if ((wanted.ambient >> capability & 1U) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) fail(plan, "ambient capability");
  }
  if (process.hasSeccomp && process.noNewPrivileges) loadSeccomp(plan);
}

void setHome(ExecPlan& process, const OrderMessage& order) noexcept {
  static char home[sizeof "HOME=" + sizeof order.home];
  if (!process.hasHomeSlot) return;
  copyText(home, sizeof home, "HOME=");
  copyText(home + 5, sizeof home - 5, order.home[0] != 0 ? order.home.data() : "/");
  process.environment.data()[process.homeIndex] = home;
}

[[noreturn]] void execute(ChildPlan& plan, const char* path, int label) noexcept {
  auto& process = plan.process;
  if (label >= 0 && ::write(label, process.securityLabel.data(), process.securityLabel.size()) < 0)
    fail(plan, "security label", process.securityLabel.c_str());
  ::execve(path, process.arguments.data(), process.environment.data());
  fail(plan, "exec", path);
}

/// Splits into pid 1, which forwards and reaps, and the user's process.
void forkBelowInit(ChildPlan& plan) noexcept {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  /* clone, not clone3: profiles answer ENOSYS to the latter */
  long pid = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid < 0) fail(plan, "clone", "init");
  if (pid > 0) {
    ::prctl(PR_SET_NAME, "tscompose-init", 0, 0, 0);
    const ArgumentArea& shown = plan.process.commandLine;
    if (shown.length > sizeof "tscompose-init") {
      std::memset(shown.start, 0, shown.length);
      std::memcpy(shown.start, "tscompose-init", sizeof "tscompose-init");
    }
    ::syscall(SYS_close_range, 3U, ~0U, 0U);
    runInit(static_cast<pid_t>(pid));
  }
  /* a group of its own in the foreground: what the terminal sends reaches it and not pid 1 */
  ::setpgid(0, 0);
  if (plan.process.terminal) ::tcsetpgrp(0, ::getpgrp());
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

void runChild(ChildPlan& plan) noexcept {
  auto& process = plan.process;
  OrderMessage order;
  /* processes of a container that we join could otherwise trace us before we are one of them */
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  resetSignals();
  if (plan.viaHelper) {
    joinNamespaces(plan);
    if (plan.joinedUser) becomeRootOfNamespace(plan);
    forkSibling(plan);
  }
  enterCgroups(plan);
  ::setsid();
  ::umask(0);
  if (plan.newUser) {
    awaitOrder(plan, OrderMessage::Order::kMapped, order);
    becomeRootOfNamespace(plan);
  }
  if (!plan.viaHelper) joinNamespaces(plan);
  if (plan.newTime) enterTimeNamespace(plan);

  int slave = -1;
  Fault fault;
  if (plan.hasRoot) {
    setNames(plan);
    if ((fault = assembleRoot(plan.root))) fail(plan, fault);
    if (process.terminal) {
      UniqueFd master{openTerminal(plan.root.tree.get(), process.rows, process.columns, slave, fault)};
      if (fault || (fault = mountConsole(plan.root, slave))) fail(plan, fault);
      sendMessage(plan.socket, ChildMessage::Kind::kConsole, 0, "", "", master.get());
    }
    sendMessage(plan.socket, ChildMessage::Kind::kMounted, 0, "", "", -1);
    awaitOrder(plan, OrderMessage::Order::kContinue, order);
    /* only now: the root of a cgroup namespace is the cgroup its maker is in (cgroup_namespaces(7)) */
    if (plan.newCgroup && ::unshare(CLONE_NEWCGROUP) != 0) fail(plan, "unshare", "cgroup");
  }
  UniqueFd label;
  if (!process.securityLabel.empty()) {
    label.reset(::openat(plan.proc.get(), process.securityLabelFile.c_str(), O_WRONLY | O_CLOEXEC));
    if (!label) fail(plan, "security label", process.securityLabel.c_str());
  }
  if (plan.hasRoot) {
    if ((fault = enterRoot(plan.root))) fail(plan, fault);
  } else if (process.terminal) {
    UniqueFd master{openTerminal(AT_FDCWD, process.rows, process.columns, slave, fault)};
    if (fault) fail(plan, fault);
    sendMessage(plan.socket, ChildMessage::Kind::kConsole, 0, "", "", master.get());
  }
  attachStdio(plan, slave);
  closeDescriptors(plan, label.get());
  ::umask(0022);
  enterDirectory(plan);
  char path[PATH_MAX];
  findExecutable(plan, path);
  if (process.hasPersonality && ::personality(process.personality) < 0) fail(plan, "personality");

  sendMessage(plan.socket, ChildMessage::Kind::kReady, 0, "", "", -1);
  awaitOrder(plan, OrderMessage::Order::kStart, order);

  setHome(process, order);
  becomeUser(plan, order);
  if (process.init) forkBelowInit(plan);
  execute(plan, path, label.get());
}

}  // namespace tscompose
