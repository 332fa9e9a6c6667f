#include "monitor/ready.h"

#include <unistd.h>

#include "monitor/json.h"

namespace tscompose {

namespace {

void report(int fd, const JsonObject& line) {
  const std::string text = line.text() + "\n";
  // Whoever started us may have given up waiting.
  if (::write(fd, text.data(), text.size()) < 0) return;
}

}  // namespace

void reportStarted(int fd, pid_t pid) { report(fd, JsonObject().add("ok", true).add("pid", pid)); }

void reportFailure(int fd, const std::string& code, const std::string& step, int error, const std::string& message,
                   int exitCode) {
  JsonObject line;
  line.add("ok", false).add("code", code).add("step", step).add("errno", error).add("message", message);
  report(fd, line.add("exitCode", exitCode));
}

void reportFailure(int fd, const SysError& error) {
  reportFailure(fd, "KERNEL", error.syscall(), error.error(), error.what());
}

}  // namespace tscompose
