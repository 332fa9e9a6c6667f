#include "monitor/exit_record.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "core/error.h"
#include "core/file.h"
#include "monitor/json.h"

namespace tscompose {

std::string AdoptionFacts::json() const {
  return JsonObject()
      .add("startedMs", startedMs)
      .add("lastDelayMs", lastDelayMs)
      .add("attempts", attempts)
      .add("restartAtMs", restartAtMs)
      .add("killAtMs", killAtMs)
      .add("isStopping", isStopping)
      .add("isStoppedByHand", isStoppedByHand)
      .add("isRestartRequested", isRestartRequested)
      .text();
}

std::string ContainerRecord::json(const HealthTracker* health) const {
  JsonObject pipes;
  pipes.add("stdin", stdinPipe).add("stdout", stdoutPipe).add("stderr", stderrPipe);
  return JsonObject()
      .add("version", 1)
      .add("id", id)
      .add("status", status)
      .add("pid", pid)
      .add("pidStartTicks", pidStartTicks)
      .add("bootId", bootId)
      .add("monitorPid", monitorPid)
      .add("monitorStartTicks", monitorStartTicks)
      .add("startedAt", startedAt)
      .add("finishedAt", finishedAt)
      .add("exitCode", exitCode)
      .add("signal", signal)
      .add("oomKilled", oomKilled)
      .add("restartCount", restartCount)
      .add("nextRestartAt", nextRestartAt)
      .add("error", error)
      .raw("health", health != nullptr ? health->json() : "null")
      .raw("pipes", pipes.text())
      .add("cgroup", cgroup)
      .raw("adoption", adoption.json())
      .text();
}

void replaceQuickly(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  const UniqueFd fd{::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!fd) throw SysError(errno, "open", beside);
  writeFully(fd.get(), text, beside);
  if (::rename(beside.c_str(), path.c_str()) != 0) throw SysError(errno, "rename", path);
}

void syncFile(const std::string& path) {
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (fd) ::fsync(fd.get());
}

std::string signalName(int signal) {
  const char* name = ::sigabbrev_np(signal);
  if (name != nullptr) return std::string("SIG") + name;
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) return "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
  return std::to_string(signal);
}

}  // namespace tscompose
