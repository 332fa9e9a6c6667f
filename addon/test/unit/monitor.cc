#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "core/file.h"
#include "monitor/clock.h"
#include "monitor/event_loop.h"
#include "monitor/health.h"
#include "monitor/json.h"
#include "monitor/log_writer.h"
#include "monitor/monitor_spec.h"
#include "monitor/restart_policy.h"
#include "monitor/streams.h"
#include "test/unit/test.h"

using namespace tscompose;

namespace {

struct TemporaryDirectory {
  TemporaryDirectory() {
    char name[] = "/tmp/tscompose-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  std::string path;
};

std::string escaped(std::string_view text) {
  std::string out;
  appendEscaped(out, text);
  return out;
}

/// The log without its times: "stdout:text|…".
std::string summary(const std::string& path) {
  std::ifstream file(path);
  std::string result;
  for (std::string line; std::getline(file, line);) {
    const size_t end = line.find("\",\"stream\":\"");
    const std::string stream = line.substr(end + 12, 6);
    result += stream + ":" + line.substr(8, end - 8) + "|";
  }
  return result;
}

}  // namespace

TEST("json: control characters, quotes and backslashes are escaped wherever they stand in a word") {
  for (size_t pad = 0; pad < 17; pad++) {
    const std::string before(pad, 'x');
    CHECK_EQUAL(escaped(before + "a\"b\\c\nd\te\x01"), before + "a\\\"b\\\\c\\nd\\te\\u0001");
    CHECK_EQUAL(escaped(before + "grün€😀"), before + "grün€😀");
    CHECK_EQUAL(escaped(before + "\xff"), before + "\xef\xbf\xbd");
  }
}

TEST("json: bytes that are no UTF-8 are replaced, one by one") {
  const std::string bad = "\xef\xbf\xbd";
  CHECK_EQUAL(escaped("\xc3"), bad);
  CHECK_EQUAL(escaped("\xc0\xaf"), bad + bad);            // overlong
  CHECK_EQUAL(escaped("\xed\xa0\x80"), bad + bad + bad);  // a surrogate
  CHECK_EQUAL(escaped("\xf5\x80"), bad + bad);
  CHECK_EQUAL(escaped("a\xe2\x82z"), "a" + bad + bad + "z");
}

TEST("clock: a time is written as RFC 3339 with nanoseconds") {
  CHECK_EQUAL(formatTime({0, 1}), "1970-01-01T00:00:00.000000001Z");
  CHECK_EQUAL(formatTime({1709210096, 120000000}), "2024-02-29T12:34:56.120000000Z");
}

TEST("restart: no and a stop by hand stay down, always and unless-stopped come back") {
  RestartPolicy policy;
  CHECK(!decideRestart(policy, {}, {1, 0}));
  policy.policy = "always";
  CHECK_EQUAL(*decideRestart(policy, {}, {0, 0}), 100);
  CHECK(!decideRestart(policy, {0, 0, true}, {0, 0}));
  policy.policy = "unless-stopped";
  CHECK_EQUAL(*decideRestart(policy, {}, {0, 0}), 100);
}

TEST("restart: on-failure counts, and only failures") {
  RestartPolicy policy;
  policy.policy = "on-failure";
  CHECK(!decideRestart(policy, {}, {0, 0}));
  CHECK(decideRestart(policy, {1000, 0, false}, {1, 0}).has_value());
  policy.maxRetries = 2;
  CHECK(decideRestart(policy, {1, 100, false}, {1, 0}).has_value());
  CHECK(!decideRestart(policy, {2, 100, false}, {1, 0}));
  policy.policy = "always";
  CHECK(!decideRestart(policy, {2, 100, false}, {0, 0}));
}

TEST("restart: the delay doubles up to its maximum and a long run resets it") {
  RestartPolicy policy;
  policy.policy = "always";
  int64_t delay = 0;
  std::string delays;
  for (int i = 0; i < 12; i++) {
    delay = *decideRestart(policy, {0, delay, false}, {1, 10});
    delays += std::to_string(delay) + " ";
  }
  CHECK_EQUAL(delays, "100 200 400 800 1600 3200 6400 12800 25600 51200 60000 60000 ");
  CHECK_EQUAL(*decideRestart(policy, {0, delay, false}, {1, 10000}), 100);
}

TEST("health: a success is enough, a failure must repeat") {
  HealthTracker health({.args = {"x"}, .retries = 3});
  CHECK(!health.record({"", "", 1, ""}, 0));
  CHECK(!health.record({"", "", 1, ""}, 0));
  CHECK(health.record({"", "", 1, ""}, 0));
  CHECK_EQUAL(health.status(), "unhealthy");
  CHECK(health.record({"", "", 0, ""}, 0));
  CHECK_EQUAL(health.status(), "healthy");
  CHECK(!health.record({"", "", 1, ""}, 0));
  CHECK(!health.record({"", "", 0, ""}, 0));
}

TEST("health: failures do not count in the start period, until the first success") {
  HealthTracker health({.args = {"x"}, .intervalMs = 30, .retries = 1, .startPeriodMs = 1000, .startIntervalMs = 5});
  CHECK_EQUAL(health.nextDelayMs(0), 5);
  CHECK(!health.record({"", "", 1, ""}, 999));
  CHECK_EQUAL(health.status(), "starting");
  CHECK(health.record({"", "", 0, ""}, 500));
  CHECK_EQUAL(health.nextDelayMs(500), 30);
  CHECK(health.record({"", "", 1, ""}, 600));
  CHECK_EQUAL(health.status(), "unhealthy");
  health.reset();
  CHECK_EQUAL(health.nextDelayMs(1000), 30);
  CHECK(health.record({"", "", 1, ""}, 1000));
}

TEST("health: the last five results are kept") {
  HealthTracker health({.args = {"x"}});
  for (int i = 0; i < 8; i++) health.record({"s", "e", i, "o"}, 0);
  const std::string json = health.json();
  CHECK(json.find("\"exitCode\":2") == std::string::npos);
  CHECK(json.find("\"exitCode\":3") != std::string::npos && json.find("\"exitCode\":7") != std::string::npos);
}

TEST("log: lines, unfinished lines and both streams") {
  const TemporaryDirectory directory;
  const std::string path = directory.path + "/log";
  LogWriter log({.path = path});
  log.append(OutputStream::kStdout, "a\nb");
  log.append(OutputStream::kStderr, "e\n");
  log.append(OutputStream::kStdout, "c\n\nd");
  CHECK_EQUAL(summary(path), "stdout:a\\n|stderr:e\\n|stdout:bc\\n|stdout:\\n|");
  log.finish();
  CHECK_EQUAL(summary(path), "stdout:a\\n|stderr:e\\n|stdout:bc\\n|stdout:\\n|stdout:d|");
}

TEST("log: a long line is cut at 16 KiB and between characters") {
  const TemporaryDirectory directory;
  const std::string path = directory.path + "/log";
  LogWriter log({.path = path});
  const std::string line = std::string(16383, 'x') + "€" + std::string(10, 'y') + "\n";
  log.append(OutputStream::kStdout, line);
  CHECK_EQUAL(summary(path), "stdout:" + std::string(16383, 'x') + "|stdout:€yyyyyyyyyy\\n|");
}

TEST("log: rotates between lines and continues a file that is there") {
  const TemporaryDirectory directory;
  const std::string path = directory.path + "/log";
  const LogSettings settings{.path = path, .maxSizeBytes = 200, .maxFiles = 2};
  LogWriter(settings).append(OutputStream::kStdout, "1\n2\n");
  LogWriter(settings).append(OutputStream::kStdout, "3\n4\n5\n");
  CHECK_EQUAL(summary(path + ".1"), "stdout:3\\n|stdout:4\\n|");
  CHECK_EQUAL(summary(path), "stdout:5\\n|");
  CHECK(!std::filesystem::exists(path + ".2"));
}

TEST("log: one file is emptied when it is full") {
  const TemporaryDirectory directory;
  const std::string path = directory.path + "/log";
  LogWriter({.path = path, .maxSizeBytes = 100, .maxFiles = 1}).append(OutputStream::kStdout, "1\n2\n3\n");
  CHECK_EQUAL(summary(path), "stdout:3\\n|");
}

TEST("log: of many short lines, cut anywhere between two reads, none is lost or torn") {
  const TemporaryDirectory directory;
  const std::string path = directory.path + "/log";
  std::string text;
  std::string expected;
  for (int i = 0; i < 5000; i++) {
    text += "GET /items/" + std::to_string(i) + " 200\n";
    expected += "stdout:GET /items/" + std::to_string(i) + " 200\\n|";
  }
  LogWriter log({.path = path});
  for (size_t at = 0; at < text.size(); at += 997) log.append(OutputStream::kStdout, text.substr(at, 997));
  CHECK(summary(path) == expected);
}

TEST("streams: frames come out as they went in, and nonsense is refused") {
  std::string bytes;
  appendFrame(bytes, Channel::kStdout, "hello");
  appendFrame(bytes, Channel::kStdin, "");
  appendFrame(bytes, Channel::kControl, std::string(70000, 'c'));
  for (const size_t step : {1U, 7U, 100000U}) {
    FrameParser parser;
    std::string seen;
    for (size_t at = 0; at < bytes.size(); at += step) {
      CHECK(parser.push(std::string_view(bytes).substr(at, step), [&](Channel channel, std::string_view payload) {
        seen += std::to_string(static_cast<int>(channel)) + ":" + std::to_string(payload.size()) + " ";
      }));
    }
    CHECK_EQUAL(seen, "1:5 0:0 3:70000 ");
  }
  CHECK(!FrameParser().push("{\"op\":\"state\"}", [](Channel, std::string_view) {}));
}

TEST("streams: history replays the last bytes") {
  OutputHistory history(64U << 10U);
  history.append(Channel::kStdout, "abc");
  history.append(Channel::kStderr, "def");
  std::string out;
  history.replay(out, 4);
  std::string seen;
  FrameParser().push(out, [&](Channel channel, std::string_view payload) {
    seen += std::to_string(static_cast<int>(channel)) + std::string(payload) + " ";
  });
  CHECK_EQUAL(seen, "1c 2def ");
  for (int i = 0; i < 1000; i++) history.append(Channel::kStdout, std::string(1000, 'x'));
  out.clear();
  history.replay(out, 1U << 30U);
  CHECK(out.size() <= (64U << 10U) && out.size() > 30000U);
}

TEST("event loop: what was removed is not called, even when its event was fetched") {
  EventLoop loop;
  const Pipe first = makePipe();
  const Pipe second = makePipe();
  int calls = 0;
  const auto handler = [&](uint32_t) {
    calls++;
    loop.remove(first.read.get());
    loop.remove(second.read.get());
  };
  loop.add(first.read.get(), EPOLLIN, handler);
  loop.add(second.read.get(), EPOLLIN, handler);
  writeFully(first.write.get(), "x", "pipe");
  writeFully(second.write.get(), "x", "pipe");
  Timer end(loop, [&] { loop.stop(); });
  end.arm(20);
  loop.run();
  CHECK_EQUAL(calls, 1);
}

TEST("event loop: a timer that was disarmed stays silent, zero means at once") {
  EventLoop loop;
  std::string seen;
  Timer never(loop, [&] { seen += "never "; });
  Timer now(loop, [&] { seen += "now "; });
  Timer end(loop, [&] { loop.stop(); });
  never.arm(5);
  now.arm(0);
  end.arm(20);
  never.disarm();
  loop.run();
  CHECK_EQUAL(seen, "now ");
}

TEST("monitor: what another one must know to go on survives being written down") {
  ContainerRecord record;
  record.status = "restarting";
  record.exitCode = 3;
  record.finishedAt = "2026-01-01T00:00:00.000000000Z";
  record.adoption = {.startedMs = 5,
                     .lastDelayMs = 400,
                     .attempts = 2,
                     .restartAtMs = 6,
                     .killAtMs = std::nullopt,
                     .isStopping = true,
                     .isStoppedByHand = true,
                     .isRestartRequested = true};
  HealthTracker before({.args = {"true"}, .retries = 2});
  before.record({"a", "b", 1, "bro\"ken"}, 0);
  const SavedState saved = parseSavedState(record.json(&before));
  CHECK_EQUAL(saved.adoption.json(), record.adoption.json());
  CHECK_EQUAL(*saved.exitCode, 3);
  CHECK_EQUAL(*saved.finishedAt, *record.finishedAt);
  HealthTracker after({.args = {"true"}, .retries = 2});
  after.restore(saved.health->status, saved.health->failingStreak, saved.health->log);
  CHECK_EQUAL(after.json(), before.json());
  CHECK(after.record({"c", "d", 1, ""}, 0));
  CHECK_EQUAL(after.status(), "unhealthy");
}

TEST("monitor: the notes of an older one will do") {
  const SavedState saved = parseSavedState(R"({"status":"running","pid":1,"pidStartTicks":2,"bootId":"x"})");
  CHECK_EQUAL(saved.adoption.startedMs, 0);
  CHECK(!saved.adoption.killAtMs && !saved.health && !saved.startedAt);
}

TEST("monitor: what is wrong in monitor.json or a request is said") {
  CHECK_THROWS(InputError, parseMonitorSpec("{}"));
  CHECK_THROWS(InputError, parseMonitorSpec("nonsense"));
  CHECK_THROWS(InputError, parseRequest("[]"));
  CHECK_THROWS(InputError, parseRequest("{\"op\":5}"));
  const Request request = parseRequest(R"({"op":"stop","timeoutMs":5,"signal":"INT"})");
  CHECK_EQUAL(request.op + request.signal, "stopINT");
  CHECK_EQUAL(*request.timeoutMs, 5);
}
