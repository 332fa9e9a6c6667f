#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"
#include "logger/commands.h"
#include "monitor/log_forwarder.h"
#include "monitor/log_message.h"
#include "monitor/log_writer.h"
#include "monitor/monitor_spec.h"
#include "test/unit/test.h"

using namespace tscompose;

namespace {

struct Place {
  Place() {
    char name[] = "/tmp/tscompose-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Place() { std::filesystem::remove_all(path); }
  std::string path;
};

/// Times are local: the tests are in one zone.
struct Zone {
  explicit Zone(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~Zone() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

/// A server on a unix socket.
class Server {
 public:
  Server(const std::string& path, int type) : fd_(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    CHECK(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    if (type == SOCK_STREAM) CHECK(::listen(fd_.get(), 1) == 0);
  }
  void accept() { connection_.reset(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  void hangUp() { connection_.reset(); }
  /// What is there to be read; empty when nothing is.
  std::string read() const {
    std::string buffer(1U << 20U, '\0');
    const int from = connection_ ? connection_.get() : fd_.get();
    const ssize_t count = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    buffer.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
    return buffer;
  }

 private:
  UniqueFd fd_;
  UniqueFd connection_;
};

SyslogSettings syslogTo(const std::string& network, const std::string& address) {
  return {.network = network, .address = address, .tag = "t"};
}

const timespec kMoment{1709210096, 123456789};

std::string withoutPid(std::string text) {
  const std::string pid = std::to_string(::getpid());
  const size_t at = text.find(pid);
  return at == std::string::npos ? text : text.replace(at, pid.size(), "PID");
}

void runFor(EventLoop& loop, int64_t ms) {
  Timer end(loop, [&] { loop.stop(); });
  end.arm(ms);
  loop.run();
}

}  // namespace

TEST("syslog: every format has its header, facility and severity") {
  const Zone zone("UTC-2");
  SyslogSettings settings = syslogTo("unixgram", "/x");
  settings.hostname = "h";
  const auto format = [&](const char* name, OutputStream stream) {
    settings.format = name;
    return withoutPid(formatSyslog(settings, stream, kMoment, "hello"));
  };
  CHECK_EQUAL(format("", OutputStream::kStdout), "<30>Feb 29 14:34:56 t[PID]: hello");
  CHECK_EQUAL(format("rfc3164", OutputStream::kStderr), "<27>Feb 29 14:34:56 h t[PID]: hello");
  CHECK_EQUAL(format("rfc5424", OutputStream::kStdout), "<30>1 2024-02-29T14:34:56+02:00 h t PID t - hello");
  settings.facility = 16;
  CHECK_EQUAL(format("rfc5424micro", OutputStream::kStdout),
              "<134>1 2024-02-29T14:34:56.123456+02:00 h t PID t - hello");
}

TEST("syslog: a stream's messages end in a newline, and have their length with TLS and RFC 5424") {
  const Zone zone("UTC0");
  SyslogSettings settings = syslogTo("tcp", "h");
  CHECK_EQUAL(withoutPid(formatSyslog(settings, OutputStream::kStdout, kMoment, "x")),
              "<30>Feb 29 12:34:56 t[PID]: x\n");
  settings.network = "tcp+tls";
  settings.format = "rfc5424";
  settings.hostname = "h";
  const std::string text = formatSyslog(settings, OutputStream::kStdout, kMoment, "x");
  const size_t space = text.find(' ');
  CHECK_EQUAL(std::stoul(text.substr(0, space)), text.size() - space - 1);
}

TEST("journal: fields, priorities, and values that hold a newline") {
  JournalSettings settings{.socket = "", .fields = {{"CONTAINER_NAME", "web"}, {"LABEL", "a\nb"}}};
  const std::string entry = formatJournalEntry(settings, OutputStream::kStderr, kMoment, "hello", {});
  CHECK_EQUAL(entry, std::string("MESSAGE=hello\nPRIORITY=3\nSYSLOG_TIMESTAMP=2024-02-29T12:34:56.123456789Z\n"
                                 "CONTAINER_NAME=web\nLABEL\n") +
                         std::string("\x03\0\0\0\0\0\0\0", 8) + "a\nb\n");
}

TEST("journal: the pieces of a long line belong together") {
  PieceCounter counter;
  CHECK(counter.next(OutputStream::kStdout, true).id.empty());
  const PieceOfLine first = counter.next(OutputStream::kStdout, false);
  CHECK(counter.next(OutputStream::kStderr, true).id.empty());
  const PieceOfLine second = counter.next(OutputStream::kStdout, true);
  CHECK(!first.id.empty() && first.id == second.id);
  CHECK_EQUAL(first.ordinal, 1U);
  CHECK_EQUAL(second.ordinal, 2U);
  CHECK(!first.isLast && second.isLast);
  const std::string entry = formatJournalEntry({}, OutputStream::kStdout, kMoment, "x", first);
  CHECK(entry.find("CONTAINER_PARTIAL_MESSAGE=true\n") != std::string::npos);
  const std::string last = formatJournalEntry({}, OutputStream::kStdout, kMoment, "x", second);
  CHECK(last.find("CONTAINER_PARTIAL_MESSAGE") == std::string::npos);
  CHECK(last.find("CONTAINER_PARTIAL_LAST=true\n") != std::string::npos);
}

TEST("forwarder: every line is a datagram, and the file has them too") {
  const Place place;
  const Server server(place.path + "/s", SOCK_DGRAM);
  EventLoop loop;
  const LogSettings settings{.path = place.path + "/log", .syslog = syslogTo("unixgram", place.path + "/s")};
  LogForwarder forwarder(loop, settings);
  forwarder.connectNow();
  LogWriter log(settings, &forwarder);
  log.append(OutputStream::kStdout, "one\n\ntw");
  log.append(OutputStream::kStdout, "o\nend");
  log.finish();
  CHECK(server.read().ends_with("]: one"));
  CHECK(server.read().ends_with("]: two"));
  CHECK(server.read().ends_with("]: end"));
  CHECK_EQUAL(server.read(), "");
  CHECK_EQUAL(std::filesystem::exists(place.path + "/log"), true);
}

TEST("forwarder: a server that is not there is said at once, and looked for later") {
  const Place place;
  EventLoop loop;
  const LogSettings settings{.syslog = syslogTo("unix", place.path + "/s")};
  LogForwarder forwarder(loop, settings);
  const InputError error = CHECK_THROWS(InputError, forwarder.connectNow());
  CHECK_EQUAL(std::string(error.what()),
              "cannot log to the syslog server unix://" + place.path + "/s: No such file or directory");
  forwarder.push(OutputStream::kStdout, kMoment, "early\n", false);
  Server server(place.path + "/s", SOCK_STREAM);
  runFor(loop, 700);
  server.accept();
  CHECK(server.read().ends_with("]: early\n"));
}

TEST("forwarder: one who hangs up is connected to again, and nothing is sent twice") {
  const Place place;
  Server server(place.path + "/s", SOCK_STREAM);
  EventLoop loop;
  const LogSettings settings{.syslog = syslogTo("unix", place.path + "/s")};
  LogForwarder forwarder(loop, settings);
  forwarder.connectNow();
  server.accept();
  forwarder.push(OutputStream::kStdout, kMoment, "first\n", false);
  forwarder.flush();
  CHECK(server.read().ends_with("]: first\n"));
  server.hangUp();
  runFor(loop, 50);
  forwarder.push(OutputStream::kStdout, kMoment, "second\n", false);
  forwarder.flush();
  runFor(loop, 700);
  server.accept();
  const std::string seen = server.read();
  CHECK(seen.ends_with("]: second\n") && seen.find("first") == std::string::npos);
}

TEST("forwarder: a slow server makes the container wait, or loses what it said") {
  const Place place;
  for (const bool isBlocking : {true, false}) {
    const std::string path = place.path + (isBlocking ? "/b" : "/n");
    Server server(path, SOCK_STREAM);
    EventLoop loop;
    const LogSettings settings{.syslog = syslogTo("unix", path), .isBlocking = isBlocking, .maxBufferBytes = 100000};
    LogForwarder forwarder(loop, settings);
    std::string pressure;
    forwarder.onPressure([&](bool isFull) { pressure += isFull ? "full " : "free "; });
    forwarder.connectNow();
    server.accept();
    size_t pushed = 0;
    for (; pushed < 2000 && !forwarder.isFull(); pushed++) {
      forwarder.push(OutputStream::kStdout, kMoment, std::string(1000, 'x') + "\n", false);
      forwarder.flush();
    }
    CHECK_EQUAL(pressure, isBlocking ? "full " : "");
    std::string seen;
    for (int turn = 0; turn < 200; turn++) {
      seen += server.read();
      runFor(loop, 1);
    }
    forwarder.push(OutputStream::kStdout, kMoment, "last\n", false);
    forwarder.flush();
    seen += server.read();
    const auto lines = static_cast<size_t>(std::count(seen.begin(), seen.end(), '\n'));
    CHECK(seen.ends_with("]: last\n"));
    if (isBlocking) {
      CHECK_EQUAL(pressure, "full free ");
      CHECK_EQUAL(lines, pushed + 1);
    } else {
      CHECK(lines < pushed);
      CHECK(seen.find("messages are missing here") != std::string::npos);
    }
  }
}

TEST("log: attributes stand in every line") {
  const Place place;
  LogWriter log({.path = place.path + "/log", .attributes = R"({"tag":"x"})"});
  log.append(OutputStream::kStdout, "a\n");
  const std::string text = readFile(place.path + "/log");
  CHECK(text.starts_with(R"({"log":"a\n","stream":"stdout","attrs":{"tag":"x"},"time":")"));
}

TEST("log: whoever reads the only file keeps what was in it") {
  const Place place;
  const std::string path = place.path + "/log";
  LogWriter log({.path = path, .maxSizeBytes = 100});
  log.append(OutputStream::kStdout, "1\n");
  std::ifstream reader(path);
  log.append(OutputStream::kStdout, "2\n3\n");
  std::string line;
  CHECK(std::getline(reader, line) && line.starts_with(R"({"log":"1\n")"));
  CHECK(readFile(path).starts_with(R"({"log":"3\n")"));
}

TEST("log: a rotation that was killed half way is finished") {
  const Place place;
  const std::string path = place.path + "/log";
  for (const char* name : {"/log", "/log.1", "/log.3.gz", "/log.4"}) std::ofstream(place.path + name) << name;
  LogWriter log({.path = path, .maxSizeBytes = 100, .maxFiles = 10});
  log.mend();
  log.mend();
  CHECK_EQUAL(readFile(path), "");
  CHECK_EQUAL(readFile(path + ".1"), "/log");
  CHECK_EQUAL(readFile(path + ".2"), "/log.1");
  CHECK_EQUAL(readFile(path + ".3.gz"), "/log.3.gz");
  CHECK_EQUAL(readFile(path + ".4"), "/log.4");
  CHECK(!std::filesystem::exists(path + ".5"));
}

/// Until somebody waits for the lock of a file (proc_locks(5)).
void untilAwaited(const UniqueFd& file) {
  struct stat status {};
  CHECK(::fstat(file.get(), &status) == 0);
  const std::string inode = ":" + std::to_string(status.st_ino) + " ";
  for (;;) {
    std::istringstream locks(readFile("/proc/locks"));
    for (std::string line; std::getline(locks, line);) {
      if (line.find("-> FLOCK") != std::string::npos && line.find(inode) != std::string::npos) return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST("logger: a file that was given another name meanwhile stays as it is, and so does the one that has its name") {
  const Place place;
  const std::string path = place.path + "/log.1";
  std::ofstream(path) << "old";
  UniqueFd names{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  CHECK(::flock(names.get(), LOCK_EX) == 0);
  std::thread helper([&] { compressLog(path); });
  untilAwaited(names);
  std::filesystem::rename(path, place.path + "/log.2");
  std::ofstream(path) << "other";
  names.reset();
  helper.join();
  CHECK_EQUAL(readFile(place.path + "/log.2"), "old");
  CHECK(std::filesystem::exists(path) && !std::filesystem::exists(path + ".gz"));
}

TEST("log: a rotation waits for who compresses the youngest file, whoever began that") {
  const Place place;
  const std::string path = place.path + "/log";
  std::ofstream(path + ".1") << "young";
  UniqueFd helper{::open((path + ".1").c_str(), O_RDONLY | O_CLOEXEC)};
  CHECK(::flock(helper.get(), LOCK_EX) == 0);
  LogWriter log({.path = path, .maxSizeBytes = 100, .maxFiles = 10, .isCompressed = true, .helper = "/bin/true"});
  log.append(OutputStream::kStdout, "1\n");
  std::atomic<bool> isRotated = false;
  std::thread writer([&] {
    log.append(OutputStream::kStdout, "2\n");
    isRotated = true;
  });
  untilAwaited(helper);
  CHECK(!isRotated);
  helper.reset();
  writer.join();
  CHECK_EQUAL(readFile(path + ".2"), "young");
}

TEST("logger: a compressed log says which file it was") {
  const Place place;
  const std::string path = place.path + "/log.1";
  std::string text;
  for (int i = 0; i < 20000; i++) text += "line " + std::to_string(i) + "\n";
  std::ofstream(path) << text;
  struct stat status {};
  CHECK(::stat(path.c_str(), &status) == 0);
  compressLog(path);
  CHECK(!std::filesystem::exists(path) && !std::filesystem::exists(path + ".gz.tmp"));
  const std::string packed = readFile(path + ".gz");
  CHECK(packed.find(std::to_string(status.st_ino) + '-') == 10);
  gzFile file = ::gzopen((path + ".gz").c_str(), "rb");
  std::string read(text.size() + 10, '\0');
  const int count = ::gzread(file, read.data(), static_cast<unsigned>(read.size()));
  ::gzclose(file);
  CHECK(count == static_cast<int>(text.size()) && read.substr(0, text.size()) == text);
}

TEST("monitor: what monitor.json says of a log") {
  const LogSettings log = parseMonitorSpec(R"({"version":1,"id":"i","name":"n","bundle":"b","runDir":"r",
    "log":{"path":"p","maxSizeBytes":5,"maxFiles":2,"compress":true,"attributes":{"a":"b"},"mode":"non-blocking",
      "maxBufferBytes":7,"helper":"h","syslog":{"network":"udp","address":"1.2.3.4","port":"514","facility":5,"tag":"t"},
      "journal":{"socket":"s","fields":{"A":"b"}}},
    "restart":{"policy":"no"},"stop":{"signal":"SIGTERM","timeoutMs":1}})")
                              .log;
  CHECK(log.isCompressed && !log.isBlocking && log.maxBufferBytes == 7);
  CHECK_EQUAL(log.attributes, R"({"a":"b"})");
  CHECK_EQUAL(log.syslog->address + log.syslog->port, "1.2.3.4514");
  CHECK_EQUAL(log.journal->fields.at(0).second, "b");
}

namespace {

/// The text of all lines of a log, in one piece.
std::string textOf(const std::string& path) {
  std::string result;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::string text = line.substr(8, line.find("\",\"stream\"") - 8);
    result += text.ends_with("\\n") ? text.substr(0, text.size() - 2) + "\n" : text;
  }
  return result;
}

/// A monitor in miniature: what it read is in the journal, as far as it came.
struct Reader {
  explicit Reader(const std::string& directory, uint64_t maxSizeBytes = 0)
      : journal(directory + "/output"),
        log({.path = directory + "/log", .maxSizeBytes = maxSizeBytes, .maxFiles = 100}, nullptr, &journal) {}
  OutputJournal journal;
  LogWriter log;
};

void put(const Pipe& pipe, std::string_view text) { writeFully(pipe.write.get(), text, "pipe"); }

}  // namespace

TEST("journal of output: what was read and not written is written by the next monitor") {
  const Place place;
  const Pipe pipe = makePipe();
  {
    Reader first(place.path);
    put(pipe, "a\nb\nunfini");
    const auto chunk = first.journal.read(pipe.read.get(), OutputStream::kStdout);
    CHECK(chunk && *chunk == "a\nb\nunfini");
    first.log.append(OutputStream::kStdout, *chunk);
    put(pipe, "shed\nc\n");
    CHECK(first.journal.read(pipe.read.get(), OutputStream::kStdout)->size() == 7);
    // Killed here: read, not written.
  }
  Reader second(place.path);
  second.log.recover();
  CHECK_EQUAL(textOf(place.path + "/log"), "a\nb\nunfinished\nc\n");
  second.log.recover();
  CHECK_EQUAL(textOf(place.path + "/log"), "a\nb\nunfinished\nc\n");
}

TEST("journal of output: what was half written is not there twice") {
  const Place place;
  const Pipe pipe = makePipe();
  {
    Reader first(place.path);
    put(pipe, "a\n");
    first.log.append(OutputStream::kStdout, *first.journal.read(pipe.read.get(), OutputStream::kStdout));
    put(pipe, "b\nc\n");
    CHECK(first.journal.read(pipe.read.get(), OutputStream::kStdout));
    std::ofstream(place.path + "/log", std::ios::app) << R"({"log":"b\n","stream":"stdout","time":"x"})"
                                                      << "\n{\"lo";
  }
  Reader second(place.path);
  second.log.recover();
  CHECK_EQUAL(textOf(place.path + "/log"), "a\nb\nc\n");
}

TEST("journal of output: a rotation in the middle of what was read") {
  const Place place;
  const Pipe pipe = makePipe();
  const std::string lines = "1\n2\n3\n4\n5\n6\n";
  {
    Reader first(place.path, 200);
    put(pipe, lines);
    const std::string_view chunk = *first.journal.read(pipe.read.get(), OutputStream::kStdout);
    // The state after the last rotation within append: what follows it is not settled.
    first.log.append(OutputStream::kStdout, chunk.substr(0, 8));
    CHECK(std::filesystem::exists(place.path + "/log.1"));
    put(pipe, "7\n");
    CHECK(first.journal.read(pipe.read.get(), OutputStream::kStdout));
  }
  {
    Reader second(place.path, 200);
    second.log.recover();
    const std::string all = textOf(place.path + "/log.2") + textOf(place.path + "/log.1") + textOf(place.path + "/log");
    CHECK_EQUAL(all, "1\n2\n3\n4\n7\n");
  }
}

TEST("journal of output: killed between the rename of a rotation and the next file") {
  const Place place;
  const Pipe pipe = makePipe();
  {
    Reader first(place.path, 1000);
    put(pipe, "1\n");
    first.log.append(OutputStream::kStdout, *first.journal.read(pipe.read.get(), OutputStream::kStdout));
    put(pipe, "2\n3\n");
    CHECK(first.journal.read(pipe.read.get(), OutputStream::kStdout));
    std::ofstream(place.path + "/log", std::ios::app) << R"({"log":"2\n","stream":"stdout","time":"x"})"
                                                      << "\n";
    std::filesystem::rename(place.path + "/log", place.path + "/log.1");
  }
  Reader second(place.path, 1000);
  second.log.recover();
  CHECK_EQUAL(textOf(place.path + "/log.1") + textOf(place.path + "/log"), "1\n2\n3\n");
}

TEST("journal of output: a rotation is the border of what is written again") {
  const Place place;
  const Pipe pipe = makePipe();
  {
    Reader first(place.path);
    put(pipe, "1\n2\n3\n");
    const std::string_view chunk = *first.journal.read(pipe.read.get(), OutputStream::kStdout);
    std::ofstream(place.path + "/log") << R"({"log":"2\n","stream":"stdout","time":"x"})"
                                       << "\n";
    struct stat status {};
    CHECK(::stat((place.path + "/log").c_str(), &status) == 0);
    first.journal.settleBefore(chunk.substr(2), {0, status.st_ino, {}});
  }
  Reader second(place.path);
  second.log.recover();
  CHECK_EQUAL(textOf(place.path + "/log"), "2\n3\n");
}

TEST("journal of output: an empty pipe, its end, and a read that did not take place") {
  const Place place;
  Pipe pipe = makePipe();
  Reader reader(place.path);
  CHECK_EQUAL(*reader.journal.read(pipe.read.get(), OutputStream::kStderr), "");
  CHECK(reader.journal.leftover().chunk.empty());
  put(pipe, "x\n");
  CHECK_EQUAL(*reader.journal.read(pipe.read.get(), OutputStream::kStderr), "x\n");
  CHECK_EQUAL(reader.journal.leftover().chunk, "x\n");
  CHECK(reader.journal.leftover().stream == OutputStream::kStderr);
  reader.journal.clear();
  CHECK(reader.journal.leftover().chunk.empty());
  pipe.write.reset();
  CHECK(!reader.journal.read(pipe.read.get(), OutputStream::kStderr));
}
