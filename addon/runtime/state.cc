#include "runtime/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"

namespace tscompose::runtime {

namespace {

using json = nlohmann::ordered_json;

void checkId(const std::string& id) {
  bool valid =
      !id.empty() && id.size() <= 255 && id.front() != '.' &&
      id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.") == std::string::npos;
  if (!valid) throw InputError("INVALID", "container id '" + id + "' is not valid: letters, digits and _ + - . are");
}

}  // namespace

void Store::reserve(const std::string& id) const {
  checkId(id);
  makeDirectories(root_, 0711);
  if (::mkdir(directory(id).c_str(), 0700) == 0) return;
  if (errno == EEXIST) throw InputError("NAME_TAKEN", "container with id exists: " + id);
  throw SysError(errno, "mkdir", directory(id));
}

void Store::write(const Record& record) const {
  json value;
  value["version"] = 1;
  value["id"] = record.id;
  value["bundle"] = record.bundle;
  value["cgroupPath"] = record.cgroupPath;
  value["created"] = record.created;
  value["owner"] = record.owner;
  value["pid"] = record.init.pid;
  value["pidStartTicks"] = record.init.startTicks;
  value["bootId"] = record.bootId;
  replaceFile(directory(record.id) + "/state.json", value.dump() + "\n", 0600, Durability::kWhileUp);
}

void Store::writeSpec(const std::string& id, const std::string& text) const {
  replaceFile(directory(id) + "/config.json", text, 0600, Durability::kWhileUp);
}

Record Store::read(const std::string& id) const {
  checkId(id);
  Record record;
  record.id = id;
  auto text = readFileIfExists(directory(id) + "/state.json");
  if (!text) {
    struct stat info = {};
    if (::stat(directory(id).c_str(), &info) != 0)
      throw InputError("CONTAINER_NOT_FOUND", "container does not exist: " + id);
    return record;
  }
  auto value = json::parse(*text, nullptr, false);
  if (value.is_discarded()) return record;
  record.bundle = value.value("bundle", "");
  record.cgroupPath = value.value("cgroupPath", "");
  record.created = value.value("created", "");
  record.owner = value.value("owner", "");
  record.init.pid = value.value("pid", 0);
  record.init.startTicks = value.value("pidStartTicks", uint64_t{0});
  record.bootId = value.value("bootId", "");
  return record;
}

Spec Store::readSpec(const std::string& id) const { return parseSpec(readFile(directory(id) + "/config.json")); }

bool Store::hasSpec(const std::string& id) const {
  return ::access((directory(id) + "/config.json").c_str(), F_OK) == 0;
}

std::vector<std::string> Store::ids() const {
  std::vector<std::string> result;
  std::unique_ptr<DIR, int (*)(DIR*)> stream{::opendir(root_.c_str()), ::closedir};
  if (!stream) {
    if (errno == ENOENT) return result;
    throw SysError(errno, "opendir", root_);
  }
  while (dirent* entry = ::readdir(stream.get()))
    if (entry->d_name[0] != '.' && entry->d_type == DT_DIR) result.emplace_back(entry->d_name);
  std::sort(result.begin(), result.end());
  return result;
}

void Store::remove(const std::string& id) const { removeTree(directory(id)); }

UniqueFd Store::lock(const std::string& id) const {
  auto fd = openDirectory(directory(id));
  while (::flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) throw SysError(errno, "flock", directory(id));
  return fd;
}

std::optional<UniqueFd> findInit(const Record& record) {
  if (record.init.pid == 0 || record.bootId != readBootId()) return std::nullopt;
  auto pidfd = openPidfd(record.init);
  if (!pidfd) return std::nullopt;
  auto status = readProcessStatus(record.init.pid);
  if (!status || status->state == 'Z' || status->state == 'X') return std::nullopt;
  return pidfd;
}

std::string statusOf(const Store& store, const Record& record) {
  if (!findInit(record)) return "stopped";
  struct stat info = {};
  if (::stat(store.socketPath(record.id).c_str(), &info) == 0) return "created";
  return Cgroup::open(record.cgroupPath).frozen() ? "paused" : "running";
}

std::string formatRecord(const Store& store, const Record& record, bool forList) {
  json value;
  auto status = statusOf(store, record);
  value["ociVersion"] = "1.2.0";
  value["id"] = record.id;
  value["pid"] = status == "stopped" ? 0 : record.init.pid;
  value["status"] = status;
  value["bundle"] = record.bundle;
  if (store.hasSpec(record.id)) {
    auto spec = store.readSpec(record.id);
    auto root = spec.root.path.front() == '/' ? spec.root.path : record.bundle + "/" + spec.root.path;
    value["rootfs"] = root;
    if (!spec.annotations.empty()) value["annotations"] = spec.annotations;
  }
  value["created"] = record.created;
  value["owner"] = record.owner;
  return forList ? value.dump() : value.dump(2);
}

}  // namespace tscompose::runtime
