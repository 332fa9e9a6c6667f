#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/fd.h"
#include "core/spec.h"

namespace tscompose {

/// CLONE_NEW* for a namespace word of the specification ("network" → CLONE_NEWNET).
int namespaceFlag(std::string_view type);
/// The file below /proc/<pid>/ns ("network" → "net").
const char* namespaceFile(std::string_view type);
/// Opens a namespace by path and checks its kind. Throws SysError, InputError.
UniqueFd openNamespace(const Namespace& entry);
/// CLONE_NEW* of every namespace in which process `pid` differs from the caller.
int differingNamespaces(pid_t pid);
std::vector<std::string> namespaceNames();

}  // namespace tscompose
