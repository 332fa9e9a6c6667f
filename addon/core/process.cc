#include "core/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "core/error.h"
#include "core/file.h"

namespace tscompose {

UniqueFd openPidfd(pid_t pid) {
  long fd = ::syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself (pidfd_open(2)) */
  if (fd < 0) throw SysError(errno, "pidfd_open", std::to_string(pid));
  return UniqueFd{static_cast<int>(fd)};
}

std::optional<UniqueFd> openPidfd(const ProcessIdentity& identity) {
  if (identity.pid <= 0) return std::nullopt;
  UniqueFd fd{static_cast<int>(::syscall(SYS_pidfd_open, identity.pid, 0))};
  if (!fd && (errno == ESRCH || errno == EINVAL)) return std::nullopt;
  if (!fd) throw SysError(errno, "pidfd_open", std::to_string(identity.pid));
  /* the start time is read after the pidfd is held: if it is right now, the pidfd is right for ever */
  auto status = readProcessStatus(identity.pid);
  if (!status || status->startTicks != identity.startTicks) return std::nullopt;
  return fd;
}

UniqueFd copyDescriptor(pid_t pid, int fd) {
  const UniqueFd process = openPidfd(pid);
  UniqueFd copy{static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), fd, 0))};  // close-on-exec by itself
  if (!copy) throw SysError(errno, "pidfd_getfd", std::to_string(pid));
  return copy;
}

bool sendSignal(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0) return true;
  if (errno == ESRCH) return false;
  throw SysError(errno, "pidfd_send_signal", ::strsignal(signal));
}

std::optional<ProcessStatus> readProcessStatus(pid_t pid) {
  std::optional<std::string> text;
  try {
    text = readFileIfExists("/proc/" + std::to_string(pid) + "/stat");
  } catch (const SysError& error) {
    if (error.error() == ESRCH) return std::nullopt;
    throw;
  }
  if (!text) return std::nullopt;
  /* the command name may hold anything, also ") 1": fields are counted from the last parenthesis (proc_pid_stat(5)) */
  auto position = text->rfind(')');
  if (position == std::string::npos || position + 2 >= text->size()) return std::nullopt;
  ProcessStatus status;
  status.state = (*text)[position + 2];
  position += 2;
  for (int field = 3; field < 22; ++field) {
    position = text->find(' ', position);
    if (position == std::string::npos) return std::nullopt;
    ++position;
  }
  std::from_chars(text->data() + position, text->data() + text->size(), status.startTicks);
  return status;
}

namespace {

/// Fields of /proc/self/stat (proc_pid_stat(5)), which count from 1.
constexpr int kStartCode = 26;
constexpr int kEndCode = 27;
constexpr int kStartStack = 28;
constexpr int kStartData = 45;
constexpr int kEndData = 46;
constexpr int kStartBrk = 47;
constexpr int kArgStart = 48;
constexpr int kArgEnd = 49;
constexpr int kEnvStart = 50;
constexpr int kEnvEnd = 51;

/// From the third on, behind the name, which may hold anything.
std::array<uint64_t, kEnvEnd + 1> ownStatistics() {
  std::array<uint64_t, kEnvEnd + 1> fields{};
  const std::string text = readFile("/proc/self/stat");
  size_t position = text.rfind(')') + 2;
  for (int field = 3; field <= kEnvEnd && position != 0; ++field) {
    std::from_chars(text.data() + position, text.data() + text.size(), fields[field]);
    position = text.find(' ', position) + 1;
  }
  return fields;
}

}  // namespace

ArgumentArea argumentArea() {
  const auto fields = ownStatistics();
  const uint64_t start = fields[kArgStart];
  const uint64_t end = fields[kArgEnd];
  if (start == 0 || end <= start) return {};
  return {reinterpret_cast<char*>(static_cast<uintptr_t>(start)), end - start};
}

void setCommandLine(const std::vector<std::string>& words) {
  // The kernel reads it whenever somebody asks, as long as we live.
  static std::string area;
  area.clear();
  for (const std::string& word : words) area.append(word).push_back('\0');
  const auto begin = reinterpret_cast<uintptr_t>(area.data());
  const auto fields = ownStatistics();
  prctl_mm_map map{};
  map.start_code = fields[kStartCode];
  map.end_code = fields[kEndCode];
  map.start_data = fields[kStartData];
  map.end_data = fields[kEndData];
  map.start_brk = fields[kStartBrk];
  map.brk = reinterpret_cast<uintptr_t>(::sbrk(0));
  map.start_stack = fields[kStartStack];
  map.arg_start = begin;
  map.arg_end = begin + area.size();
  map.env_start = fields[kEnvStart];
  map.env_end = fields[kEnvEnd];
  map.exe_fd = static_cast<uint32_t>(-1);
  ::prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}

std::string readBootId() {
  auto text = readFile("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

int waitForChild(pid_t pid) {
  int status = 0;
  pid_t result;
  do result = ::waitpid(pid, &status, __WALL);
  while (result < 0 && errno == EINTR);
  if (result < 0) throw SysError(errno, "waitpid", std::to_string(pid));
  return status;
}

bool waitForExit(int pidfd, int timeoutMs) {
  pollfd entry{pidfd, POLLIN, 0};
  int count;
  do count = ::poll(&entry, 1, timeoutMs);
  while (count < 0 && errno == EINTR);
  if (count < 0) throw SysError(errno, "poll");
  return count > 0;
}

int exitCodeOf(int waitStatus) {
  return WIFSIGNALED(waitStatus) ? 128 + WTERMSIG(waitStatus) : WEXITSTATUS(waitStatus);
}

int parseSignal(const std::string& text) {
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) {
    if (number >= 0 && number <= SIGRTMAX) return number;
    throw InputError("INVALID", "unknown signal '" + text + "'");
  }
  std::string_view name{text};
  if (name.substr(0, 3) == "SIG") name.remove_prefix(3);
  for (int signal = 1; signal < 32; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  auto realtime = [&](std::string_view prefix, int base) -> std::optional<int> {
    if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
    auto rest = name.substr(prefix.size());
    int offset = 0;
    if (!rest.empty()) {
      if (rest.front() == '+') rest.remove_prefix(1);
      auto [last, wrong] = std::from_chars(rest.data(), rest.data() + rest.size(), offset);
      if (wrong != std::errc{} || last != rest.data() + rest.size()) return std::nullopt;
    }
    int signal = base + offset;
    if (signal < SIGRTMIN || signal > SIGRTMAX) return std::nullopt;
    return signal;
  };
  if (auto signal = realtime("RTMIN", SIGRTMIN)) return *signal;
  if (auto signal = realtime("RTMAX", SIGRTMAX)) return *signal;
  throw InputError("INVALID", "unknown signal '" + text + "'");
}

namespace {

bool isSealed(int executable) {
  struct statvfs info = {};
  if (::fstatvfs(executable, &info) == 0 && (info.f_flag & ST_RDONLY) != 0) return true;
  int seals = ::fcntl(executable, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_WRITE) != 0;
}

UniqueFd readOnlyMountOf(const char* path) {
  UniqueFd tree{::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
  if (!tree) return {};
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  attributes.propagation = MS_PRIVATE;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) return {};
  return tree;
}

UniqueFd sealedCopyOf(int executable) {
  UniqueFd copy{::memfd_create("tscompose", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!copy) throw SysError(errno, "memfd_create");
  for (;;) {
    ssize_t count = ::sendfile(copy.get(), executable, nullptr, 1U << 30U);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SysError(errno, "sendfile");
    if (count == 0) break;
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    throw SysError(errno, "fcntl", "F_ADD_SEALS");
  return copy;
}

}  // namespace

UniqueFd sealedExecutable(const std::string& path) {
  UniqueFd sealed = readOnlyMountOf(path.c_str());
  if (sealed) return sealed;
  const UniqueFd executable{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!executable) throw SysError(errno, "open", path);
  return sealedCopyOf(executable.get());
}

void sealExecutable(char* const argv[]) {
  const UniqueFd executable{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  if (!executable) throw SysError(errno, "open", "/proc/self/exe");
  if (isSealed(executable.get())) return;
  const UniqueFd sealed = sealedExecutable("/proc/self/exe");
  ::execveat(sealed.get(), "", argv, environ, AT_EMPTY_PATH);
  throw SysError(errno, "execveat", "/proc/self/exe");
}

}  // namespace tscompose
