#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "core/spec.h"

namespace tscompose {

/// A compiled filter: what seccomp(2) loads.
struct SeccompProgram {
  std::vector<sock_filter> instructions;
  unsigned flags = 0;  ///< SECCOMP_FILTER_FLAG_*
};

/// Compiles linux.seccomp. Compiling Docker's default profile takes milliseconds, so with `cacheDirectory` (made 0700,
/// refused unless ours alone) the result is kept there; an entry holds the whole rule text it was made from and is used
/// only when that is equal byte for byte. Throws InputError INVALID or UNSUPPORTED.
SeccompProgram compileSeccomp(const Seccomp& seccomp, const std::string& cacheDirectory);

/// Words for `features`.
std::vector<std::string> seccompActions();
std::vector<std::string> seccompOperators();
std::vector<std::string> seccompArchitectures();

}  // namespace tscompose
