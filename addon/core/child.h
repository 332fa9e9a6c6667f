#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/capabilities.h"
#include "core/fd.h"
#include "core/process.h"
#include "core/rootfs.h"
#include "core/seccomp.h"

/// The child half of a container start: everything between clone and exec. Nothing here allocates, locks or throws;
/// what it needs was prepared by the parent (launch.cc) and is only read.
namespace tscompose {

/// Child to parent, one packet each. `step` and `subject` are text because the reader may be another process.
struct ChildMessage {
  enum class Kind : int32_t {
    kMounted,  ///< namespaces are there, the root is assembled but not yet entered
    kConsole,  ///< carries the pty master
    kReady,    ///< waits for start
    kFailed,   ///< gave up at `step` on `subject` with errno `value`
  };
  Kind kind = Kind::kFailed;
  int32_t value = 0;
  std::array<char, 24> step{};
  std::array<char, 512> subject{};
};

/// Parent to child.
struct OrderMessage {
  enum class Order : int32_t {
    kMapped,    ///< the id mappings of the new user namespace are written
    kContinue,  ///< hooks have run, the cgroup is joined: enter the root
    kStart,     ///< become the user's process; `uid` and the rest say whose
    kDetach,    ///< carries a listening socket on which further orders come
  };
  Order order = Order::kMapped;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t groupCount = 0;
  std::array<gid_t, 256> groups{};
  std::array<char, 512> home{};  ///< for HOME; empty: leave the environment alone
};

/// A C string array for execve that owns its strings.
class Arguments {
 public:
  explicit Arguments(const std::vector<std::string>& values) : values_(values) {
    for (auto& value : values_) pointers_.push_back(value.data());
    pointers_.push_back(nullptr);
  }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  char** data() noexcept { return pointers_.data(); }

 private:
  std::vector<std::string> values_;
  std::vector<char*> pointers_;
};

struct JoinedNamespace {
  UniqueFd fd;
  int flag = 0;  ///< CLONE_NEW*, or several when fd is a pidfd
  std::string path;
};

/// What the user's process is to be.
struct ExecPlan {
  ExecPlan(const std::vector<std::string>& args, const std::vector<std::string>& env)
      : arguments(args), environment(env) {}

  Arguments arguments;
  Arguments environment;
  std::string searchPath;  ///< PATH of the process's environment
  size_t homeIndex = 0;    ///< entry of `environment` reserved for HOME, when hasHomeSlot
  bool hasHomeSlot = false;
  std::string cwd;
  bool createCwd = false;
  bool terminal = false;
  uint16_t rows = 0;
  uint16_t columns = 0;
  std::array<int, 3> stdio{0, 1, 2};
  mode_t umask = 0022;
  CapabilityMasks capabilities;
  bool noNewPrivileges = false;
  bool hasSeccomp = false;
  SeccompProgram seccomp;
  std::string securityLabelFile;  ///< below /proc: "thread-self/attr/apparmor/exec"
  std::string securityLabel;
  unsigned long personality = 0;
  bool hasPersonality = false;
  unsigned preservedFds = 0;  ///< 3, 4, … stay open in the process
  bool init = false;
  ArgumentArea commandLine;  ///< with init: what `ps` shows of pid 1, which is ours and no business of the container's
};

struct ChildPlan {
  explicit ChildPlan(ExecPlan& exec) : process(exec) {}

  ExecPlan& process;
  int socket = -1;        ///< the child's end
  UniqueFd proc;          ///< the caller's /proc
  uint64_t newFlags = 0;  ///< CLONE_NEW* of the container's process
  /// Joining a user or pid namespace needs a helper in between: it joins, then makes the process as its sibling.
  bool viaHelper = false;
  pid_t* sibling = nullptr;  ///< memory shared with the caller, where the kernel writes the pid of that process
  std::vector<JoinedNamespace> joined;
  std::vector<UniqueFd> cgroups;  ///< of v1, to be entered by a write
  bool newUser = false;
  bool joinedUser = false;
  bool newCgroup = false;
  bool newTime = false;
  std::string timeOffsets;
  std::string hostname;
  std::string domainname;
  std::vector<std::pair<std::string, std::string>> sysctls;  ///< path below /proc, value
  bool hasRoot = false;                                      ///< false for exec: the root is the joined one's
  RootPlan root;
};

/// Runs in the cloned process and never returns.
[[noreturn]] void runChild(ChildPlan& plan) noexcept;

}  // namespace tscompose
