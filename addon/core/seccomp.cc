#include "core/seccomp.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"

namespace tscompose {

namespace {

template <typename T, size_t N>
using Words = std::array<std::pair<const char*, T>, N>;

constexpr Words<uint32_t, 17> kArchitectures{{{"SCMP_ARCH_X86", SCMP_ARCH_X86},
                                              {"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
                                              {"SCMP_ARCH_X32", SCMP_ARCH_X32},
                                              {"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
                                              {"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
                                              {"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
                                              {"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
                                              {"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
                                              {"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
                                              {"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
                                              {"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
                                              {"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
                                              {"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
                                              {"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
                                              {"SCMP_ARCH_S390", SCMP_ARCH_S390},
                                              {"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
                                              {"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64}}};

constexpr Words<scmp_compare, 7> kOperators{{{"SCMP_CMP_NE", SCMP_CMP_NE},
                                             {"SCMP_CMP_LT", SCMP_CMP_LT},
                                             {"SCMP_CMP_LE", SCMP_CMP_LE},
                                             {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                             {"SCMP_CMP_GE", SCMP_CMP_GE},
                                             {"SCMP_CMP_GT", SCMP_CMP_GT},
                                             {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}}};

constexpr std::array<const char*, 8> kActions{"SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
                                              "SCMP_ACT_TRAP",  "SCMP_ACT_ERRNO",        "SCMP_ACT_TRACE",
                                              "SCMP_ACT_ALLOW", "SCMP_ACT_LOG"};

/* System calls newer than the libseccomp we link; from 424 on every architecture uses one numbering. */
constexpr Words<int, 21> kNewerCalls{{{"futex_waitv", 449},       {"set_mempolicy_home_node", 450},
                                      {"cachestat", 451},         {"fchmodat2", 452},
                                      {"map_shadow_stack", 453},  {"futex_wake", 454},
                                      {"futex_wait", 455},        {"futex_requeue", 456},
                                      {"statmount", 457},         {"listmount", 458},
                                      {"lsm_get_self_attr", 459}, {"lsm_set_self_attr", 460},
                                      {"lsm_list_modules", 461},  {"mseal", 462},
                                      {"setxattrat", 463},        {"getxattrat", 464},
                                      {"listxattrat", 465},       {"removexattrat", 466},
                                      {"open_tree_attr", 467},    {"file_getattr", 468},
                                      {"file_setattr", 469}}};

template <typename T, size_t N>
std::optional<T> lookUp(const Words<T, N>& words, std::string_view name) {
  for (const auto& [word, value] : words)
    if (name == word) return value;
  return std::nullopt;
}

uint32_t actionOf(const std::string& name, std::optional<uint32_t> errnoRet) {
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") return SCMP_ACT_KILL_THREAD;
  if (name == "SCMP_ACT_KILL_PROCESS") return SCMP_ACT_KILL_PROCESS;
  if (name == "SCMP_ACT_TRAP") return SCMP_ACT_TRAP;
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(errnoRet.value_or(EPERM) & 0xffffU);
  if (name == "SCMP_ACT_TRACE") return SCMP_ACT_TRACE(errnoRet.value_or(EPERM) & 0xffffU);
  if (name == "SCMP_ACT_ALLOW") return SCMP_ACT_ALLOW;
  if (name == "SCMP_ACT_LOG") return SCMP_ACT_LOG;
  if (name == "SCMP_ACT_NOTIFY")
    throw InputError("UNSUPPORTED", "seccomp action SCMP_ACT_NOTIFY (a listener process) is not supported");
  throw InputError("INVALID", "unknown seccomp action '" + name + "'");
}

unsigned flagsOf(const std::vector<std::string>& names) {
  unsigned flags = 0;
  for (const auto& name : names) {
    if (name == "SECCOMP_FILTER_FLAG_LOG")
      flags |= SECCOMP_FILTER_FLAG_LOG;
    else if (name == "SECCOMP_FILTER_FLAG_SPEC_ALLOW")
      flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    else if (name != "SECCOMP_FILTER_FLAG_TSYNC") /* one thread: nothing to synchronize */
      throw InputError("UNSUPPORTED", "seccomp flag '" + name + "' is not supported");
  }
  return flags;
}

void check(int result, const std::string& what) {
  if (result < 0) throw InputError("INVALID", "seccomp: " + what + ": " + ::strerror(-result));
}

struct ReleaseContext {
  void operator()(void* context) const { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, ReleaseContext>;

/// What comes before libseccomp's program: calls it has no name for, and ENOSYS instead of the profile's EPERM for
/// calls newer than the profile, since programs fall back to an older call only on ENOSYS.
struct Preamble {
  std::vector<int> allowed;
  int newestNamed = 0;
};

void addRule(scmp_filter_ctx context, const SeccompRule& rule, uint32_t defaultAction, Preamble& preamble) {
  uint32_t action = actionOf(rule.action, rule.errnoRet);
  std::vector<scmp_arg_cmp> arguments;
  for (const auto& argument : rule.args) {
    auto comparison = lookUp(kOperators, argument.op);
    if (!comparison) throw InputError("INVALID", "unknown seccomp operator '" + argument.op + "'");
    arguments.push_back({argument.index, *comparison, argument.value, argument.valueTwo});
  }
  for (const auto& name : rule.names) {
    int number = ::seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) {
      /* a name nobody knows is of another architecture or kernel: it cannot be called here, so it needs no rule */
      auto newer = lookUp(kNewerCalls, name);
      if (!newer) continue;
      preamble.newestNamed = std::max(preamble.newestNamed, *newer);
      if (action == SCMP_ACT_ALLOW && arguments.empty()) preamble.allowed.push_back(*newer);
      continue;
    }
    preamble.newestNamed = std::max(preamble.newestNamed, number);
    if (action == defaultAction) continue; /* libseccomp refuses a rule that changes nothing */
    /* several conditions on one argument cannot be one libseccomp rule; they become one rule each, as elsewhere */
    std::array<unsigned, 6> uses{};
    for (const auto& argument : arguments) ++uses[argument.arg];
    bool repeated = std::any_of(uses.begin(), uses.end(), [](unsigned count) { return count > 1; });
    if (!repeated) {
      check(
          ::seccomp_rule_add_array(context, action, number, static_cast<unsigned>(arguments.size()), arguments.data()),
          name);
      continue;
    }
    for (const auto& argument : arguments) check(::seccomp_rule_add_array(context, action, number, 1, &argument), name);
  }
}

std::vector<sock_filter> exportProgram(scmp_filter_ctx context) {
  UniqueFd memory{::memfd_create("seccomp", MFD_CLOEXEC)};
  if (!memory) throw SysError(errno, "memfd_create");
  check(::seccomp_export_bpf(context, memory.get()), "export");
  if (::lseek(memory.get(), 0, SEEK_SET) < 0) throw SysError(errno, "lseek");
  auto bytes = readAll(memory.get(), "seccomp program");
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
  return program;
}

std::vector<sock_filter> assemblePreamble(const Preamble& preamble, bool refusesByErrno) {
  auto statement = [](uint16_t code, uint32_t value) { return sock_filter{code, 0, 0, value}; };
  auto jump = [](uint16_t code, uint32_t value, size_t onTrue, size_t onFalse) {
    return sock_filter{code, static_cast<uint8_t>(onTrue), static_cast<uint8_t>(onFalse), value};
  };
  if (preamble.allowed.empty() && !refusesByErrno) return {};
  constexpr uint32_t kX32Bit = 0x40000000; /* x32 numbers are ordinary ones with this bit: left to libseccomp */
  size_t rest = preamble.allowed.size();
  std::vector<sock_filter> code;
  code.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  /* behind this jump: one test per allowed call, the test for newer calls, and two returns */
  code.push_back(jump(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, rest + 3, 0));
  for (size_t index = 0; index < rest; ++index)
    code.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(preamble.allowed[index]), rest - index, 0));
  uint32_t newest = refusesByErrno ? static_cast<uint32_t>(preamble.newestNamed) : kX32Bit;
  code.push_back(jump(BPF_JMP | BPF_JGT | BPF_K, newest, 1, 2));
  code.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  code.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  return code;
}

std::vector<sock_filter> compile(const Seccomp& seccomp) {
  uint32_t defaultAction = actionOf(seccomp.defaultAction, seccomp.defaultErrnoRet);
  Context context{::seccomp_init(defaultAction)};
  if (!context) throw SysError(ENOMEM, "seccomp_init");
  check(::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_NNP, 0), "no_new_privs attribute");
  /* a binary tree: the kernel walks the program for every call number when it is installed, and for calls with
   * conditions */
  check(::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize attribute");
  for (const auto& name : seccomp.architectures) {
    auto architecture = lookUp(kArchitectures, name);
    if (!architecture) throw InputError("INVALID", "unknown seccomp architecture '" + name + "'");
    int result = ::seccomp_arch_add(context.get(), *architecture);
    if (result != -EEXIST) check(result, name);
  }
  Preamble preamble;
  for (const auto& rule : seccomp.syscalls) addRule(context.get(), rule, defaultAction, preamble);
  /* 448: the last number that the oldest libseccomp we build with knows, and what an older profile is taken to mean */
  preamble.newestNamed = std::max(preamble.newestNamed, 448);
  if (preamble.allowed.size() > 200) throw InputError("LIMIT", "seccomp: too many system calls");
  bool refusesByErrno = seccomp.defaultAction == "SCMP_ACT_ERRNO" && !seccomp.syscalls.empty();
  auto program = assemblePreamble(preamble, refusesByErrno);
  auto main = exportProgram(context.get());
  program.insert(program.end(), main.begin(), main.end());
  if (program.size() > BPF_MAXINSNS) throw InputError("LIMIT", "seccomp: the filter is longer than the kernel takes");
  return program;
}

std::string describeRules(const Seccomp& seccomp) {
  const auto* version = ::seccomp_version();
  std::string text = "tscompose-seccomp 2 " + std::to_string(version->major) + "." + std::to_string(version->minor) +
                     "." + std::to_string(version->micro) + " " + std::to_string(::seccomp_arch_native()) + "\n";
  auto number = [](std::optional<uint32_t> value) { return value ? std::to_string(*value) : std::string{"-"}; };
  text += seccomp.defaultAction + " " + number(seccomp.defaultErrnoRet) + "\n";
  for (const auto& name : seccomp.architectures) text += name + "\n";
  for (const auto& rule : seccomp.syscalls) {
    text += rule.action + " " + number(rule.errnoRet);
    for (const auto& argument : rule.args)
      text += " " + std::to_string(argument.index) + argument.op + std::to_string(argument.value) + "/" +
              std::to_string(argument.valueTwo);
    for (const auto& name : rule.names) text += "\t" + name;
    text += "\n";
  }
  return text;
}

std::string cacheName(const std::string& text) {
  uint64_t hash = 14695981039346656037ULL; /* FNV-1a: only spreads names, equality is checked on the text */
  for (unsigned char byte : text) hash = (hash ^ byte) * 1099511628211ULL;
  std::array<char, 17> name{};
  for (int digit = 0; digit < 16; ++digit) name[digit] = "0123456789abcdef"[(hash >> (60 - 4 * digit)) & 15U];
  return std::string{name.data(), 16} + ".bpf";
}

/// Opens the cache only when nobody else could have written there.
UniqueFd openCache(const std::string& directory) {
  if (directory.empty()) return {};
  try {
    makeDirectories(directory, 0700);
  } catch (const SysError&) {
    return {};
  }
  UniqueFd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat info = {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || info.st_uid != ::geteuid() || (info.st_mode & 0077U) != 0) return {};
  return fd;
}

}  // namespace

SeccompProgram compileSeccomp(const Seccomp& seccomp, const std::string& cacheDirectory) {
  SeccompProgram result;
  result.flags = flagsOf(seccomp.flags);
  if (!seccomp.listenerPath.empty()) throw InputError("UNSUPPORTED", "a seccomp listener is not supported");
  auto cache = openCache(cacheDirectory);
  if (!cache) {
    result.instructions = compile(seccomp);
    return result;
  }
  auto text = describeRules(seccomp);
  text.insert(0, std::to_string(text.size()) + "\n");
  auto name = cacheName(text);
  UniqueFd entry{::openat(cache.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (entry) {
    auto stored = readAll(entry.get(), name);
    if (stored.compare(0, text.size(), text) == 0 && stored.size() > text.size() &&
        (stored.size() - text.size()) % sizeof(sock_filter) == 0) {
      result.instructions.resize((stored.size() - text.size()) / sizeof(sock_filter));
      std::memcpy(result.instructions.data(), stored.data() + text.size(), stored.size() - text.size());
      return result;
    }
  }
  result.instructions = compile(seccomp);
  text.append(reinterpret_cast<const char*>(result.instructions.data()),
              result.instructions.size() * sizeof(sock_filter));
  try {
    replaceFile(cacheDirectory + "/" + name, text, 0600, Durability::kWhileUp);
  } catch (const SysError&) {
    /* a full disk costs the next start some milliseconds, not this one its container */
  }
  return result;
}

std::vector<std::string> seccompActions() { return {kActions.begin(), kActions.end()}; }

std::vector<std::string> seccompOperators() {
  std::vector<std::string> names;
  for (const auto& [name, value] : kOperators) names.emplace_back(name);
  return names;
}

std::vector<std::string> seccompArchitectures() {
  std::vector<std::string> names;
  for (const auto& [name, value] : kArchitectures) names.emplace_back(name);
  return names;
}

}  // namespace tscompose
