#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/process.h"

namespace tscompose::runtime {

/// What is written down about a container between commands (`<root>/<id>/state.json`, replaced atomically).
struct ContainerEntry {
  std::string id;
  std::string bundle;
  std::string cgroupsPath;
  std::string created;  ///< RFC 3339
  std::string owner;    ///< user name or uid of who created it, for `list`
  std::string bootId;
  ProcessIdentity process;
  bool started = false;  ///< `start` let it exec
};

/// The containers below `--root`. A directory per container: its creation is what reserves an id.
class ContainerStore {
 public:
  explicit ContainerStore(std::string root);

  /// Makes the container's directory. Throws InputError NAME_TAKEN when there is one, INVALID for a bad id.
  void reserve(const std::string& id) const;
  void save(const ContainerEntry& entry) const;
  /// Throws InputError CONTAINER_NOT_FOUND.
  ContainerEntry load(const std::string& id) const;
  /// Empty for a directory whose `create` was killed before it wrote anything.
  std::optional<ContainerEntry> find(const std::string& id) const;
  std::vector<std::string> ids() const;
  void remove(const std::string& id) const;
  bool reserved(const std::string& id) const;

  std::string fifoPath(const std::string& id) const;
  /// The config.json as it was at `create`: later changes of the bundle do not matter.
  std::string specPath(const std::string& id) const;

 private:
  std::string directory(const std::string& id) const;

  std::string root_;
};

/// "created", "running", "paused" or "stopped" (runtime-spec, State), from what the kernel says now.
std::string statusOf(const ContainerEntry& entry);

}  // namespace tscompose::runtime
