// The program's entry, before the C library's. sealExecutable (core/process.h) executes a program a second time; done
// here, the first time costs no start of the C library, which asks the processor for its caches instruction by
// instruction: on a virtual machine each answer is one of the hypervisor's, together a millisecond.
//
// Nothing of the C or C++ library may be used: neither has been started. What does not work out is left to main.

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

namespace {

constexpr const char* kSelf = "/proc/self/exe";
// statfs(2), f_flags.
constexpr long kReadOnly = 1;
// open_tree(2); the headers of old C libraries lack it.
constexpr unsigned kClone = 1;

long call(long number, long a, long b = 0, long c = 0, long d = 0, long e = 0) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
               : "rcx", "r11", "memory");
  return result;
}

long address(const void* pointer) { return reinterpret_cast<long>(pointer); }

bool equals(const char* text, const char* other) {
  while (*text != '\0' && *text == *other) ++text, ++other;
  return *text == *other;
}

}  // namespace

/// `stack` as the kernel leaves it: argc, argv, null, environment, null (proc(5), execve(2)).
extern "C" __attribute__((used, no_stack_protector)) void tscomposeEarlySeal(long* stack) {
  char** arguments = reinterpret_cast<char**>(stack + 1);
  bool entersContainer = false;
  for (long i = 1; i < *stack; ++i)
    entersContainer |= equals(arguments[i], "run") || equals(arguments[i], "create") || equals(arguments[i], "exec");
  if (!entersContainer) return;
  struct statfs info;
  if (call(SYS_statfs, address(kSelf), address(&info)) != 0 || (info.f_flags & kReadOnly) != 0) return;
  const long tree = call(SYS_open_tree, AT_FDCWD, address(kSelf), kClone | O_CLOEXEC);
  if (tree < 0) return;
  mount_attr attributes;
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  attributes.attr_clr = 0;
  attributes.propagation = 1 << 18;  // MS_PRIVATE
  attributes.userns_fd = 0;
  if (call(SYS_mount_setattr, tree, address(""), AT_EMPTY_PATH, address(&attributes), sizeof attributes) == 0)
    call(SYS_execveat, tree, address(""), address(arguments), address(arguments + *stack + 1), AT_EMPTY_PATH);
  call(SYS_close, tree);
}

// %rdx is the C library's (the ABI's "process initialization"); two pushes keep the stack aligned.
asm(R"(
  .text
  .globl tscomposeStart
  .type tscomposeStart, @function
tscomposeStart:
  xorl %ebp, %ebp
  pushq %rdx
  pushq %rdx
  leaq 16(%rsp), %rdi
  call tscomposeEarlySeal
  popq %rdx
  popq %rdx
  jmp _start
)");

#endif
