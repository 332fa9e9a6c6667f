#include "monitor/monitor_spec.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace tscompose {

namespace {

using nlohmann::json;

/// Parses `text` and turns every complaint of the library into one error of ours.
template <typename Read>
auto parse(std::string_view text, const char* subject, const Read& read) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& error) {
    throw InputError("INVALID", std::string(subject) + ": " + error.what());
  }
}

std::string textOf(const json& node, const char* key) {
  const auto found = node.find(key);
  return found == node.end() || found->is_null() ? "" : found->get<std::string>();
}

template <typename Number>
Number numberOf(const json& node, const char* key, Number fallback = 0) {
  const auto found = node.find(key);
  return found == node.end() || found->is_null() ? fallback : found->get<Number>();
}

template <typename Value>
std::optional<Value> optionalOf(const json& node, const char* key) {
  const auto found = node.find(key);
  if (found == node.end() || found->is_null()) return std::nullopt;
  return found->get<Value>();
}

bool has(const json& node, const char* key) {
  const auto found = node.find(key);
  return found != node.end() && !found->is_null();
}

HealthSettings parseHealth(const json& node) {
  HealthSettings health;
  health.args = node.at("args").get<std::vector<std::string>>();
  health.intervalMs = node.at("intervalMs").get<int64_t>();
  health.timeoutMs = node.at("timeoutMs").get<int64_t>();
  health.retries = node.at("retries").get<uint32_t>();
  health.startPeriodMs = numberOf<int64_t>(node, "startPeriodMs");
  health.startIntervalMs = numberOf<int64_t>(node, "startIntervalMs", 5000);
  if (health.args.empty()) throw InputError("INVALID", "monitor.json: health.args is empty");
  return health;
}

LogSettings parseLog(const json& node) {
  LogSettings log;
  if (textOf(node, "driver") != "none") log.path = textOf(node, "path");
  log.maxSizeBytes = numberOf<uint64_t>(node, "maxSizeBytes");
  log.maxFiles = std::max<uint32_t>(1, numberOf<uint32_t>(node, "maxFiles", 1));
  log.isCompressed = node.value("compress", false);
  if (has(node, "attributes")) log.attributes = node.at("attributes").dump();
  log.isBlocking = node.value("mode", "blocking") == "blocking";
  log.maxBufferBytes = numberOf<uint64_t>(node, "maxBufferBytes", 1U << 20U);
  log.helper = textOf(node, "helper");
  if (has(node, "syslog")) {
    const json& server = node.at("syslog");
    log.syslog = SyslogSettings{.network = server.at("network").get<std::string>(),
                                .address = textOf(server, "address"),
                                .port = textOf(server, "port"),
                                .facility = numberOf<uint32_t>(server, "facility", 3),
                                .format = textOf(server, "format"),
                                .tag = textOf(server, "tag"),
                                .hostname = textOf(server, "hostname"),
                                .caCertificate = textOf(server, "caCertificate"),
                                .certificate = textOf(server, "certificate"),
                                .key = textOf(server, "key"),
                                .trustsAnybody = server.value("trustsAnybody", false)};
  }
  if (has(node, "journal")) {
    const json& journal = node.at("journal");
    log.journal = JournalSettings{.socket = journal.at("socket").get<std::string>(), .fields = {}};
    for (const auto& [name, value] : journal.at("fields").items())
      log.journal->fields.emplace_back(name, value.get<std::string>());
  }
  return log;
}

SavedHealth parseSavedHealth(const json& node) {
  SavedHealth health;
  health.status = node.at("status").get<std::string>();
  health.failingStreak = node.at("failingStreak").get<uint32_t>();
  for (const json& entry : node.at("log"))
    health.log.push_back({entry.at("start").get<std::string>(), entry.at("end").get<std::string>(),
                          entry.at("exitCode").get<int>(), entry.at("output").get<std::string>()});
  return health;
}

AdoptionFacts parseAdoptionFacts(const json& node) {
  AdoptionFacts facts;
  facts.startedMs = numberOf<int64_t>(node, "startedMs");
  facts.lastDelayMs = numberOf<int64_t>(node, "lastDelayMs");
  facts.attempts = numberOf<uint32_t>(node, "attempts");
  facts.restartAtMs = optionalOf<int64_t>(node, "restartAtMs");
  facts.killAtMs = optionalOf<int64_t>(node, "killAtMs");
  facts.isStopping = node.value("isStopping", false);
  facts.isStoppedByHand = node.value("isStoppedByHand", false);
  facts.isRestartRequested = node.value("isRestartRequested", false);
  return facts;
}

}  // namespace

MonitorSpec parseMonitorSpec(std::string_view text) {
  return parse(text, "monitor.json", [](const json& root) {
    if (root.at("version") != 1) throw InputError("INVALID", "monitor.json: unknown version");
    MonitorSpec spec;
    spec.id = root.at("id").get<std::string>();
    spec.name = root.at("name").get<std::string>();
    spec.bundle = root.at("bundle").get<std::string>();
    spec.runDir = root.at("runDir").get<std::string>();
    spec.log = parseLog(root.at("log"));
    const json& restart = root.at("restart");
    spec.restart = {.policy = restart.at("policy").get<std::string>(),
                    .maxRetries = numberOf<uint32_t>(restart, "maxRetries"),
                    .delayMs = numberOf<int64_t>(restart, "delayMs", 100),
                    .maxDelayMs = numberOf<int64_t>(restart, "maxDelayMs", 60000),
                    .windowMs = numberOf<int64_t>(restart, "windowMs", 10000),
                    .resetsAttempts = restart.value("resetsAttempts", false)};
    const json& stop = root.at("stop");
    spec.stop = {.signal = stop.at("signal").get<std::string>(), .timeoutMs = stop.at("timeoutMs").get<int64_t>()};
    spec.stdinOpen = root.value("stdinOpen", false);
    spec.terminal = root.value("terminal", false);
    if (has(root, "health")) spec.health = parseHealth(root.at("health"));
    if (has(root, "supervisor")) {
      const json& supervisor = root.at("supervisor");
      spec.supervisor = SupervisorCommand{supervisor.at("args").get<std::vector<std::string>>(),
                                          supervisor.at("lock").get<std::string>()};
      if (spec.supervisor->args.empty()) throw InputError("INVALID", "monitor.json: supervisor.args is empty");
    }
    return spec;
  });
}

Request parseRequest(std::string_view text) {
  return parse(text, "request", [](const json& root) {
    Request request;
    request.op = root.at("op").get<std::string>();
    request.signal = textOf(root, "signal");
    if (has(root, "timeoutMs")) request.timeoutMs = root.at("timeoutMs").get<int64_t>();
    request.manual = root.value("manual", false);
    request.supervisor = root.value("supervisor", false);
    request.stdin_ = root.value("stdin", false);
    request.privileged = root.value("privileged", false);
    request.detach = root.value("detach", false);
    request.replayBytes = numberOf<uint64_t>(root, "replayBytes");
    request.rows = numberOf<uint16_t>(root, "rows");
    request.columns = numberOf<uint16_t>(root, "columns");
    if (has(root, "keep")) {
      request.keepPid = root.at("keep").at("pid").get<pid_t>();
      request.keepFds = root.at("keep").at("fds").get<std::vector<int>>();
    }
    if (has(root, "process")) {
      const json& process = root.at("process");
      request.process = process.dump();
      if (has(process, "user")) request.userName = textOf(process.at("user"), "username");
    }
    if (has(root, "resources")) request.resources = root.at("resources").dump();
    return request;
  });
}

StreamControl parseStreamControl(std::string_view text) {
  return parse(text, "control frame", [](const json& root) {
    StreamControl control;
    if (has(root, "signal")) control.signal = root.at("signal").get<std::string>();
    if (has(root, "resize")) {
      control.rows = root.at("resize").at("rows").get<uint16_t>();
      control.columns = root.at("resize").at("columns").get<uint16_t>();
    }
    return control;
  });
}

SavedState parseSavedState(std::string_view text) {
  return parse(text, "state.json", [](const json& root) {
    SavedState state;
    state.status = root.at("status").get<std::string>();
    state.pid = root.at("pid").get<int>();
    state.pidStartTicks = root.at("pidStartTicks").get<uint64_t>();
    state.bootId = root.at("bootId").get<std::string>();
    state.startedAt = optionalOf<std::string>(root, "startedAt");
    state.finishedAt = optionalOf<std::string>(root, "finishedAt");
    state.exitCode = optionalOf<int>(root, "exitCode");
    state.signal = optionalOf<std::string>(root, "signal");
    state.oomKilled = root.value("oomKilled", false);
    state.restartCount = numberOf<uint32_t>(root, "restartCount");
    state.nextRestartAt = optionalOf<std::string>(root, "nextRestartAt");
    if (has(root, "health")) state.health = parseSavedHealth(root.at("health"));
    if (has(root, "adoption")) state.adoption = parseAdoptionFacts(root.at("adoption"));
    state.cgroup = textOf(root, "cgroup");
    if (has(root, "pipes")) {
      const json& pipes = root.at("pipes");
      state.stdinPipe = numberOf<uint64_t>(pipes, "stdin");
      state.stdoutPipe = numberOf<uint64_t>(pipes, "stdout");
      state.stderrPipe = numberOf<uint64_t>(pipes, "stderr");
    }
    return state;
  });
}

}  // namespace tscompose
