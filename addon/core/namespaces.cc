#include "core/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "core/error.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace tscompose {

namespace {

struct Kind {
  const char* type;
  const char* file;
  int flag;
};

constexpr std::array<Kind, 8> kKinds{{{"user", "user", CLONE_NEWUSER},
                                      {"mount", "mnt", CLONE_NEWNS},
                                      {"pid", "pid", CLONE_NEWPID},
                                      {"network", "net", CLONE_NEWNET},
                                      {"ipc", "ipc", CLONE_NEWIPC},
                                      {"uts", "uts", CLONE_NEWUTS},
                                      {"cgroup", "cgroup", CLONE_NEWCGROUP},
                                      {"time", "time", CLONE_NEWTIME}}};

const Kind& find(std::string_view type) {
  for (const auto& kind : kKinds)
    if (type == kind.type) return kind;
  throw InputError("INVALID", "unknown namespace '" + std::string{type} + "'");
}

}  // namespace

int namespaceFlag(std::string_view type) { return find(type).flag; }

const char* namespaceFile(std::string_view type) { return find(type).file; }

UniqueFd openNamespace(const Namespace& entry) {
  UniqueFd fd{::open(entry.path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) throw SysError(errno, "open", entry.path);
  int kind = ::ioctl(fd.get(), NS_GET_NSTYPE);
  if (kind < 0) throw InputError("INVALID", entry.path + " is not a namespace");
  if (kind != namespaceFlag(entry.type))
    throw InputError("INVALID", entry.path + " is not a " + entry.type + " namespace");
  return fd;
}

int differingNamespaces(pid_t pid) {
  int flags = 0;
  for (const auto& kind : kKinds) {
    struct stat own = {};
    struct stat other = {};
    auto path = "/proc/" + std::to_string(pid) + "/ns/" + kind.file;
    if (::stat((std::string{"/proc/self/ns/"} + kind.file).c_str(), &own) != 0) continue; /* not in this kernel */
    if (::stat(path.c_str(), &other) != 0) throw SysError(errno, "stat", path);
    if (own.st_ino != other.st_ino || own.st_dev != other.st_dev) flags |= kind.flag;
  }
  return flags;
}

std::vector<std::string> namespaceNames() {
  std::vector<std::string> names;
  for (const auto& kind : kKinds) names.emplace_back(kind.type);
  return names;
}

}  // namespace tscompose
