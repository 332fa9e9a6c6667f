#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/cgroup.h"
#include "core/fd.h"
#include "core/process.h"
#include "core/spec.h"

namespace tscompose::runtime {

/// What is written down about a container: `<root>/<id>/state.json`, replaced atomically; beside it a copy of
/// config.json, since the bundle may have changed by the time of `start` or `exec`.
struct Record {
  std::string id;
  std::string bundle;
  std::string cgroupPath;
  std::string created;  ///< RFC 3339
  std::string owner;
  ProcessIdentity init;  ///< pid 0: `create` did not get that far
  std::string bootId;
};

/// The directory of all containers' state.
class Store {
 public:
  explicit Store(std::string root) : root_(std::move(root)) {}

  /// Makes `<root>/<id>`, refusing a taken or impossible name (InputError).
  void reserve(const std::string& id) const;
  void write(const Record& record) const;
  void writeSpec(const std::string& id, const std::string& json) const;
  /// Throws InputError CONTAINER_NOT_FOUND. A directory without a readable record (its `create` was killed) is found
  /// too, with an empty record but for the id.
  Record read(const std::string& id) const;
  Spec readSpec(const std::string& id) const;
  bool hasSpec(const std::string& id) const;
  std::vector<std::string> ids() const;
  void remove(const std::string& id) const;

  std::string directory(const std::string& id) const { return root_ + "/" + id; }
  std::string socketPath(const std::string& id) const { return directory(id) + "/start.sock"; }
  std::string cachePath() const { return root_ + "/.seccomp"; }
  /// Held while a container's state changes, so that two commands on one container take turns.
  UniqueFd lock(const std::string& id) const;

 private:
  std::string root_;
};

/// The container's process, empty when it is gone (also: a reboot, a reused pid).
std::optional<UniqueFd> findInit(const Record& record);
/// creating, created, running, paused or stopped, from what the kernel says now.
std::string statusOf(const Store& store, const Record& record);

/// `state` as the specification has it, or a row of `list`, which adds created and owner.
std::string formatRecord(const Store& store, const Record& record, bool forList);

}  // namespace tscompose::runtime
