#pragma once

#include <sys/mount.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/fd.h"

/// Assembling a container's root inside its mount namespace. The plan is made by the parent (mounts.h); assembleRoot
/// and enterRoot run between clone and exec: no allocation, no exception. Every target is resolved by openat2 inside
/// the root and mounted on by file descriptor, so no symlink of the image is ever followed outside (CVE-2021-30465).
namespace tscompose {

/// Why and where the child gave up. The pointers are into the plan or static text.
struct Fault {
  const char* step = nullptr;
  const char* subject = "";
  int error = 0;
  explicit operator bool() const noexcept { return step != nullptr; }
};

struct MountStep {
  enum class Kind {
    kTree,        ///< `tree` is a detached mount made by the parent
    kFilesystem,  ///< a new instance of `type`, made by the child in its own namespaces
  };
  Kind kind = Kind::kFilesystem;
  std::string destination;
  bool isDirectory = true;
  bool plainTarget = false;  ///< refuse a target that is, or is reached through, a symlink (proc and sysfs)
  UniqueFd tree;
  std::string type;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< fsconfig(2); an empty value is a flag
  mount_attr attributes{};                                      ///< of a new file system's mount
  mount_attr recursive{};
  bool inheritMode = false;  ///< tmpfs without mode=: as the directory it covers
  bool copyUp = false;       ///< tmpfs starts with the content of the directory it covers
};

struct DeviceNode {
  std::string path;
  mode_t mode = 0;  ///< with S_IFCHR, S_IFBLK or S_IFIFO
  dev_t number = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

struct RootPlan {
  std::string path;  ///< root.path, for messages, and where the tree is attached unless overRoot
  UniqueFd tree;     ///< detached mount that becomes the root
  bool readOnly = false;
  bool pivot = true;
  /// Attach over "/" rather than at `path`. Not without pivot_root, which needs it at a place of its own, and not for
  /// createContainer hooks: who joins the namespace (setns(2)) would find the container's root already.
  bool overRoot = true;
  uint64_t callerPropagation = MS_SLAVE;  ///< what the copies of the caller's mounts become
  uint64_t rootPropagation = 0;           ///< of the new root at last, 0: leave
  bool rootPropagationRecursive = false;
  std::vector<MountStep> mounts;
  std::vector<DeviceNode> devices;
  bool setUpDev = true;
  std::vector<std::string> maskedPaths;
  std::vector<std::string> readonlyPaths;
};

/// Attaches the root and everything below. Fault on failure.
Fault assembleRoot(const RootPlan& plan) noexcept;
/// Makes it "/" and drops the caller's mounts.
Fault enterRoot(const RootPlan& plan) noexcept;
/// Opens a new pty of the devpts instance below `root` (an fd, or AT_FDCWD for the process's own root); the slave goes
/// to `slave`. The result is the master, or -1 with `fault` set.
int openTerminal(int root, uint16_t rows, uint16_t columns, int& slave, Fault& fault) noexcept;
/// Shows the terminal as /dev/console of the root.
Fault mountConsole(const RootPlan& plan, int slave) noexcept;

}  // namespace tscompose
