#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/launch.h"
#include "runtime/commands.h"
#include "runtime/options.h"

namespace tscompose::runtime {

namespace {

void print(const std::string& text) { writeFully(STDOUT_FILENO, text, "stdout"); }

}  // namespace

int stateCommand(const Global& global, const Words& arguments) {
  auto options = Options::parse(arguments, {}, false);
  auto record = global.store.read(options.operand(0, "container id"));
  print(formatRecord(global.store, record, false) + "\n");
  return 0;
}

int listCommand(const Global& global, const Words& arguments) {
  auto options = Options::parse(arguments, {{"format", 'f', true}, {"quiet", 'q', false}}, false);
  auto format = options.find("format").value_or("table");
  if (format != "table" && format != "json") throw InputError("USAGE", "format is table or json");
  std::vector<Record> records;
  for (const auto& id : global.store.ids()) records.push_back(global.store.read(id));
  if (options.has("quiet")) {
    for (const auto& record : records) print(record.id + "\n");
  } else if (format == "json") {
    std::string text = "[";
    for (const auto& record : records) {
      if (text.size() > 1) text += ",";
      text += formatRecord(global.store, record, true);
    }
    print(text + "]\n");
  } else {
    auto pad = [](std::string text, size_t width) {
      return text.append(text.size() < width ? width - text.size() : 1, ' ');
    };
    size_t width = 12;
    for (const auto& record : records) width = std::max(width, record.id.size() + 2);
    print(pad("ID", width) + pad("PID", 10) + pad("STATUS", 10) + pad("BUNDLE", 40) + pad("CREATED", 32) + "OWNER\n");
    for (const auto& record : records) {
      auto status = statusOf(global.store, record);
      auto pid = status == "stopped" ? std::string{"0"} : std::to_string(record.init.pid);
      print(pad(record.id, width) + pad(pid, 10) + pad(status, 10) + pad(record.bundle, 40) + pad(record.created, 32) +
            record.owner + "\n");
    }
  }
  return 0;
}

int killCommand(const Global& global, const Words& arguments) {
  auto options = Options::parse(arguments, {{"all", 'a', false}}, false);
  auto record = global.store.read(options.operand(0, "container id"));
  int signal = parseSignal(options.operands().size() > 1 ? options.operands()[1] : "SIGTERM");
  auto cgroup = Cgroup::open(record.cgroupPath);
  auto init = findInit(record);
  if (options.has("all")) {
    if (signal == SIGKILL) {
      cgroup.kill();
      return 0;
    }
    for (pid_t pid : cgroup.processes()) {
      try {
        sendSignal(openPidfd(pid).get(), signal);
      } catch (const SysError& error) {
        if (error.error() != ESRCH) throw;
      }
    }
    return 0;
  }
  if (!init) throw InputError("NOT_RUNNING", "container not running");
  sendSignal(init->get(), signal);
  /* a frozen process dies only once it is thawed (cgroups(7)); without a pid namespace of its own its children outlive
     it */
  if (signal == SIGKILL && global.store.hasSpec(record.id)) {
    auto spec = global.store.readSpec(record.id);
    const auto* pids = spec.findNamespace("pid");
    if (pids == nullptr || !pids->path.empty()) cgroup.kill();
    if (cgroup.exists() && cgroup.frozen()) cgroup.thaw();
  }
  return 0;
}

void destroy(const Global& global, const Record& record) {
  if (auto init = findInit(record)) {
    sendSignal(init->get(), SIGKILL);
    auto cgroup = Cgroup::open(record.cgroupPath);
    if (cgroup.exists() && cgroup.frozen()) cgroup.thaw();
    if (!waitForExit(init->get(), 10'000)) throw SysError(ETIMEDOUT, "kill", record.id);
  }
  if (!record.cgroupPath.empty()) {
    auto cgroup = Cgroup::open(record.cgroupPath);
    if (cgroup.exists()) {
      cgroup.kill();
      cgroup.remove();
    }
  }
  if (global.store.hasSpec(record.id))
    for (const auto& warning : runPoststopHooks(global.store.readSpec(record.id), record.id, record.bundle))
      global.warn(warning);
  global.store.remove(record.id);
}

int deleteCommand(const Global& global, const Words& arguments) {
  auto options = Options::parse(arguments, {{"force", 'f', false}}, false);
  bool force = options.has("force");
  const auto& id = options.operand(0, "container id");
  Record record;
  try {
    record = global.store.read(id);
  } catch (const InputError& error) {
    if (force && error.code() == "CONTAINER_NOT_FOUND") return 0;
    throw;
  }
  auto lock = global.store.lock(id);
  auto status = statusOf(global.store, record);
  /* like runc: what was only created may go without force */
  if (status != "stopped" && status != "created" && !force)
    throw InputError("INVALID", "cannot delete container " + id + " that is not stopped: " + status);
  destroy(global, record);
  return 0;
}

int psCommand(const Global& global, const Words& arguments) {
  auto options = Options::parse(arguments, {{"format", 'f', true}}, true);
  auto record = global.store.read(options.operand(0, "container id"));
  auto format = options.find("format").value_or("table");
  auto pids = Cgroup::open(record.cgroupPath).processes();
  if (format == "json") {
    print(nlohmann::json(pids).dump() + "\n");
    return 0;
  }
  if (format != "table") throw InputError("USAGE", "format is table or json");
  print("PID\tCMD\n");
  for (pid_t pid : pids) {
    std::string command;
    try {
      command = readFile("/proc/" + std::to_string(pid) + "/cmdline");
    } catch (const SysError&) {
      continue; /* gone since it was listed */
    }
    for (auto& letter : command)
      if (letter == '\0') letter = ' ';
    print(std::to_string(pid) + "\t" + command + "\n");
  }
  return 0;
}

int pauseCommand(const Global& global, const Words& arguments) {
  auto options = Options::parse(arguments, {}, false);
  auto record = global.store.read(options.operand(0, "container id"));
  auto status = statusOf(global.store, record);
  if (status != "running" && status != "created")
    throw InputError("NOT_RUNNING", "container not running or created: " + status);
  Cgroup::open(record.cgroupPath).freeze();
  return 0;
}

int resumeCommand(const Global& global, const Words& arguments) {
  auto options = Options::parse(arguments, {}, false);
  auto record = global.store.read(options.operand(0, "container id"));
  if (statusOf(global.store, record) != "paused") throw InputError("INVALID", "container not paused");
  Cgroup::open(record.cgroupPath).thaw();
  return 0;
}

int updateCommand(const Global& global, const Words& arguments) {
  static const std::vector<OptionRule> kRules{
      {"resources", 'r', true},   {"memory", 0, true},         {"memory-reservation", 0, true},
      {"memory-swap", 0, true},   {"cpu-period", 0, true},     {"cpu-quota", 0, true},
      {"cpu-burst", 0, true},     {"cpu-share", 0, true},      {"cpuset-cpus", 0, true},
      {"cpuset-mems", 0, true},   {"pids-limit", 0, true},     {"blkio-weight", 0, true},
      {"cpu-rt-period", 0, true}, {"cpu-rt-runtime", 0, true}, {"cpu-idle", 0, true}};
  auto options = Options::parse(arguments, kRules, false);
  auto record = global.store.read(options.operand(0, "container id"));
  if (!findInit(record)) throw InputError("NOT_RUNNING", "container not running");
  Resources resources;
  if (auto path = options.find("resources")) {
    std::string text = *path == "-" ? readAll(STDIN_FILENO, "stdin") : readFile(*path);
    resources = parseResources(text);
  }
  auto number = [&](const char* name) -> std::optional<int64_t> {
    auto text = options.find(name);
    if (!text) return std::nullopt;
    char* end = nullptr;
    int64_t value = std::strtoll(text->c_str(), &end, 10);
    if (text->empty() || *end != '\0') throw InputError("USAGE", std::string{"--"} + name + ": expected a number");
    return value;
  };
  if (auto value = number("memory")) resources.memory.limit = value;
  if (auto value = number("memory-reservation")) resources.memory.reservation = value;
  if (auto value = number("memory-swap")) resources.memory.swap = value;
  if (auto value = number("cpu-period")) resources.cpu.period = static_cast<uint64_t>(*value);
  if (auto value = number("cpu-quota")) resources.cpu.quota = value;
  if (auto value = number("cpu-burst")) resources.cpu.burst = static_cast<uint64_t>(*value);
  if (auto value = number("cpu-share")) resources.cpu.shares = static_cast<uint64_t>(*value);
  if (auto value = number("cpu-rt-period")) resources.cpu.realtimePeriod = static_cast<uint64_t>(*value);
  if (auto value = number("cpu-rt-runtime")) resources.cpu.realtimeRuntime = value;
  if (auto value = number("cpu-idle")) resources.cpu.idle = value;
  if (auto value = number("pids-limit")) resources.pidsLimit = value;
  if (auto value = number("blkio-weight")) resources.blockIo.weight = static_cast<uint16_t>(*value);
  if (auto value = options.find("cpuset-cpus")) resources.cpu.cpus = *value;
  if (auto value = options.find("cpuset-mems")) resources.cpu.mems = *value;
  Cgroup::open(record.cgroupPath).apply(resources);
  return 0;
}

}  // namespace tscompose::runtime
