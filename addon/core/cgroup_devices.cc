#include "core/cgroup_devices.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"

namespace tscompose {

namespace {

constexpr uint32_t kAllAccess = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

uint32_t accessBits(const std::string& access) {
  if (access.empty()) return kAllAccess;
  uint32_t bits = 0;
  for (const char letter : access) {
    if (letter == 'r') bits |= BPF_DEVCG_ACC_READ;
    if (letter == 'w') bits |= BPF_DEVCG_ACC_WRITE;
    if (letter == 'm') bits |= BPF_DEVCG_ACC_MKNOD;
  }
  return bits;
}

/// bpf(2); attributes are zeroed so that fields newer than ours mean "default".
int bpf(int command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

bpf_attr emptyAttributes() {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof(attributes));
  return attributes;
}

/// Emits the program: the context's fields in r2 (type), r3 (access), r4 (major), r5 (minor), one block a rule, r0 the
/// verdict (1 permits).
class Assembler {
 public:
  explicit Assembler(const DevicePolicy& policy) : verdict_(policy.allowsByDefault ? 0 : 1) {
    load(BPF_REG_2, offsetof(bpf_cgroup_dev_ctx, access_type));
    emit(BPF_ALU | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
    emit(BPF_ALU | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
    emit(BPF_ALU | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
    load(BPF_REG_4, offsetof(bpf_cgroup_dev_ctx, major));
    load(BPF_REG_5, offsetof(bpf_cgroup_dev_ctx, minor));
    for (const DevicePolicy::Exception& exception : policy.exceptions) block(exception);
    finish(1 - verdict_);
  }

  const std::vector<bpf_insn>& program() const noexcept { return program_; }

 private:
  void block(const DevicePolicy::Exception& exception) {
    std::vector<size_t> jumps;
    auto jump = [&](uint8_t operation, uint8_t registerNumber, int32_t value) {
      jumps.push_back(program_.size());
      emit(BPF_JMP32 | operation | BPF_K, registerNumber, 0, 0, value);
    };
    if (exception.type != 'a')
      jump(BPF_JNE, BPF_REG_2, exception.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    emit(BPF_ALU | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_3, 0, 0);
    if (verdict_ == 1) {
      // Permitted only when every requested access is in the rule.
      emit(BPF_ALU | BPF_AND | BPF_K, BPF_REG_6, 0, 0, static_cast<int32_t>(kAllAccess & ~exception.access));
      jump(BPF_JNE, BPF_REG_6, 0);
    } else {
      // Refused when any requested access is in the rule.
      emit(BPF_ALU | BPF_AND | BPF_K, BPF_REG_6, 0, 0, static_cast<int32_t>(exception.access));
      jump(BPF_JEQ, BPF_REG_6, 0);
    }
    if (exception.major) jump(BPF_JNE, BPF_REG_4, static_cast<int32_t>(*exception.major));
    if (exception.minor) jump(BPF_JNE, BPF_REG_5, static_cast<int32_t>(*exception.minor));
    finish(verdict_);
    for (const size_t at : jumps) program_[at].off = static_cast<int16_t>(program_.size() - at - 1);
  }

  void load(uint8_t registerNumber, size_t offset) {
    emit(BPF_LDX | BPF_W | BPF_MEM, registerNumber, BPF_REG_1, static_cast<int16_t>(offset), 0);
  }

  void finish(int32_t verdict) {
    emit(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict);
    emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  }

  void emit(uint8_t code, uint8_t destination, uint8_t source, int16_t offset, int32_t immediate) {
    bpf_insn instruction{};
    instruction.code = code;
    instruction.dst_reg = destination & 0xfU;
    instruction.src_reg = source & 0xfU;
    instruction.off = offset;
    instruction.imm = immediate;
    program_.push_back(instruction);
  }

  int32_t verdict_;
  std::vector<bpf_insn> program_;
};

UniqueFd loadProgram(const std::vector<bpf_insn>& program) {
  static const char license[] = "Apache-2.0";
  bpf_attr attributes = emptyAttributes();
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<uintptr_t>(program.data());
  attributes.insn_cnt = static_cast<uint32_t>(program.size());
  attributes.license = reinterpret_cast<uintptr_t>(license);
  UniqueFd fd{bpf(BPF_PROG_LOAD, attributes)};
  if (!fd) throw SysError(errno, "bpf", "BPF_PROG_LOAD of the device rules");
  return fd;
}

/// Programs attached to this very cgroup.
std::vector<UniqueFd> attachedPrograms(int directory) {
  std::array<uint32_t, 64> ids{};
  bpf_attr query = emptyAttributes();
  query.query.target_fd = static_cast<uint32_t>(directory);
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_cnt = ids.size();
  query.query.prog_ids = reinterpret_cast<uintptr_t>(ids.data());
  if (bpf(BPF_PROG_QUERY, query) != 0) throw SysError(errno, "bpf", "BPF_PROG_QUERY");
  std::vector<UniqueFd> programs;
  for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
    bpf_attr open = emptyAttributes();
    open.prog_id = ids[i];
    UniqueFd fd{bpf(BPF_PROG_GET_FD_BY_ID, open)};
    if (fd) programs.push_back(std::move(fd));
  }
  return programs;
}

}  // namespace

DevicePolicy resolveDevicePolicy(const std::vector<DeviceRule>& rules) {
  DevicePolicy policy;
  for (const DeviceRule& rule : rules) {
    const uint32_t access = accessBits(rule.access);
    if (rule.type == 'a') {
      policy = {rule.allow, {}};
      continue;
    }
    const auto same = [&](const DevicePolicy::Exception& exception) {
      return exception.type == rule.type && exception.major == rule.major && exception.minor == rule.minor;
    };
    const auto found = std::ranges::find_if(policy.exceptions, same);
    if (rule.allow != policy.allowsByDefault) {
      if (found == policy.exceptions.end())
        policy.exceptions.push_back({rule.type, rule.major, rule.minor, access});
      else
        found->access |= access;
    } else if (found != policy.exceptions.end()) {
      found->access &= ~access;
      if (found->access == 0) policy.exceptions.erase(found);
    }
  }
  return policy;
}

void attachDeviceProgram(const std::string& directory, const std::vector<DeviceRule>& rules) {
  const UniqueFd cgroup = openDirectory(directory);
  const UniqueFd program = loadProgram(Assembler(resolveDevicePolicy(rules)).program());
  const std::vector<UniqueFd> previous = attachedPrograms(cgroup.get());
  bpf_attr attach = emptyAttributes();
  attach.target_fd = static_cast<uint32_t>(cgroup.get());
  attach.attach_bpf_fd = static_cast<uint32_t>(program.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (previous.size() == 1) {
    attach.attach_flags |= BPF_F_REPLACE;
    attach.replace_bpf_fd = static_cast<uint32_t>(previous.front().get());
  }
  if (bpf(BPF_PROG_ATTACH, attach) != 0) throw SysError(errno, "bpf", "BPF_PROG_ATTACH to " + directory);
  if (previous.size() < 2) return;
  // Several programs must all agree, so the new one counts from now on; the old ones would only forbid more.
  for (const UniqueFd& old : previous) {
    bpf_attr detach = emptyAttributes();
    detach.target_fd = static_cast<uint32_t>(cgroup.get());
    detach.attach_bpf_fd = static_cast<uint32_t>(old.get());
    detach.attach_type = BPF_CGROUP_DEVICE;
    if (bpf(BPF_PROG_DETACH, detach) != 0 && errno != ENOENT) throw SysError(errno, "bpf", "BPF_PROG_DETACH");
  }
}

}  // namespace tscompose
