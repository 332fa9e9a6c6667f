#pragma once

#include <functional>
#include <string>

#include "core/fd.h"

namespace tscompose {

/// Runs `work` on a short-lived thread of its own, so that no namespace switch ever outlives it or is seen by another
/// thread. Rethrows what it throws.
void onOwnThread(const std::function<void()>& work);

/// Moves the calling thread into the network namespace. Only for threads made by onOwnThread.
void enterNamespace(int netns);

/// Opens the namespace bind-mounted at `path`; empty when the path is missing or no network namespace.
UniqueFd openNamespace(const std::string& path);

/// Moves the calling thread (made by onOwnThread) into a new network namespace and mounts it at `path`, whose parent
/// directories are made. Throws SysError and leaves nothing behind then.
UniqueFd createNamespace(const std::string& path);

/// Removes the mount and the file; missing is success. The namespace lives on while somebody uses it.
void removeNamespace(const std::string& path);

/// Writes a file below /proc/sys ("net/ipv4/ip_forward"), as seen by the calling thread's namespace. Does nothing when
/// it has that value already.
void writeSysctl(const std::string& key, const std::string& value);

}  // namespace tscompose
