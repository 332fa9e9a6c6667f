#include "runtime/container_store.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/cgroup.h"
#include "core/error.h"
#include "core/file.h"

namespace tscompose::runtime {

namespace {

using nlohmann::json;

void checkId(const std::string& id) {
  const bool valid = !id.empty() && id.size() <= 1024 && id != "." && id != ".." &&
                     std::all_of(id.begin(), id.end(), [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '_' || c == '+' || c == '-' || c == '.';
                     });
  if (!valid) throw InputError("INVALID", "invalid container ID format: \"" + id + "\"");
}

}  // namespace

ContainerStore::ContainerStore(std::string root) : root_(std::move(root)) {}

std::string ContainerStore::directory(const std::string& id) const { return root_ + "/" + id; }
std::string ContainerStore::fifoPath(const std::string& id) const { return directory(id) + "/exec.fifo"; }
std::string ContainerStore::specPath(const std::string& id) const { return directory(id) + "/config.json"; }

void ContainerStore::reserve(const std::string& id) const {
  checkId(id);
  makeDirectories(root_, 0700);
  if (::mkdir(directory(id).c_str(), 0700) == 0) return;
  if (errno == EEXIST) throw InputError("NAME_TAKEN", "container with given ID already exists: " + id);
  throw SysError(errno, "mkdir", directory(id));
}

bool ContainerStore::reserved(const std::string& id) const { return ::access(directory(id).c_str(), F_OK) == 0; }

void ContainerStore::save(const ContainerEntry& entry) const {
  const json text{{"id", entry.id},
                  {"bundle", entry.bundle},
                  {"cgroupsPath", entry.cgroupsPath},
                  {"created", entry.created},
                  {"owner", entry.owner},
                  {"bootId", entry.bootId},
                  {"pid", entry.process.pid},
                  {"startTicks", entry.process.startTicks},
                  {"started", entry.started}};
  replaceFile(directory(entry.id) + "/state.json", text.dump(), 0600);
}

std::optional<ContainerEntry> ContainerStore::find(const std::string& id) const {
  checkId(id);
  const auto text = readFileIfExists(directory(id) + "/state.json");
  if (!text) return std::nullopt;
  const json value = json::parse(*text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  ContainerEntry entry;
  entry.id = value.value("id", id);
  entry.bundle = value.value("bundle", "");
  entry.cgroupsPath = value.value("cgroupsPath", "");
  entry.created = value.value("created", "");
  entry.owner = value.value("owner", "");
  entry.bootId = value.value("bootId", "");
  entry.process = {value.value("pid", 0), value.value("startTicks", uint64_t{0})};
  entry.started = value.value("started", false);
  return entry;
}

ContainerEntry ContainerStore::load(const std::string& id) const {
  if (auto entry = find(id)) return *std::move(entry);
  throw InputError("CONTAINER_NOT_FOUND", "container \"" + id + "\" does not exist");
}

std::vector<std::string> ContainerStore::ids() const {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries{::opendir(root_.c_str()), ::closedir};
  if (!entries) {
    if (errno == ENOENT) return names;
    throw SysError(errno, "opendir", root_);
  }
  while (const dirent* entry = ::readdir(entries.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void ContainerStore::remove(const std::string& id) const {
  checkId(id);
  removeTree(directory(id));
}

std::string statusOf(const ContainerEntry& entry) {
  if (entry.process.pid == 0 || entry.bootId != readBootId()) return "stopped";
  const auto status = readProcessStatus(entry.process.pid);
  if (!status || status->startTicks != entry.process.startTicks || status->state == 'Z' || status->state == 'X')
    return "stopped";
  if (!entry.started) return "created";
  return Cgroup::open(entry.cgroupsPath).frozen() ? "paused" : "running";
}

}  // namespace tscompose::runtime
