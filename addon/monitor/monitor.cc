#include "monitor/monitor.h"

#include <linux/ioctl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "monitor/clock.h"
#include "monitor/json.h"

namespace tscompose {

namespace {

/// An attached client that has this much unread is dropped.
constexpr size_t kAttachLimit = 1U << 20U;
/// An executed process whose client has this much unread waits.
constexpr size_t kExecHigh = 256U << 10U;
/// Input a client may send before the process read it.
constexpr size_t kInputHigh = 64U << 10U;
/// How long the last output is awaited when a process outside the container holds its pipes.
constexpr int64_t kDrainMs = 2000;
/// How long clients may take to receive the last words.
constexpr int64_t kGoodbyeMs = 1000;
/// How long a log server may take to accept the last messages.
constexpr int64_t kDeliverMs = 2000;
/// How long init may take to collect a process that we adopted.
constexpr int64_t kCollectMs = 10000;
/// A supervisor has two descriptors to keep.
constexpr size_t kMaxKept = 8;
/// Below the container's own.
constexpr const char* kProbeCgroup = "health";
/// What is recorded when the kernel cannot tell how a process ended.
constexpr int kUnknownExitCode = 255;

std::string refusalLine(const std::string& code, const std::string& message) {
  return JsonObject().add("ok", false).add("code", code).add("message", message).text();
}

std::string exitLine(int exitCode) { return JsonObject().add("ok", true).add("exitCode", exitCode).text(); }

/// PIDFD_GET_INFO (ioctl_pidfd(2)), since Linux 6.13; the exit code since 6.15, once the process was collected. Older
/// headers lack it.
struct PidfdInfo {
  uint64_t mask;
  uint64_t cgroupId;
  uint32_t ids[11];
  int32_t exitCode;
};
constexpr uint64_t kPidfdInfoExit = 1U << 3U;

/// Of a process that another collects, which its hang-up tells; empty when that takes too long or the kernel is too
/// old.
std::optional<int> exitStatusOfStranger(int pidfd) {
  PidfdInfo info{};
  info.mask = kPidfdInfoExit;
  if (::ioctl(pidfd, _IOWR(0xFF, 11, PidfdInfo), &info) != 0 || (info.mask & kPidfdInfoExit) == 0) return std::nullopt;
  return info.exitCode;
}

/// Receive and transmit columns of /proc/<pid>/net/dev (proc_pid_net(5)): no process has to enter the namespace.
std::string networkStatistics(pid_t pid) {
  std::istringstream lines(readFileIfExists("/proc/" + std::to_string(pid) + "/net/dev").value_or(""));
  std::string result = "[";
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name = line.substr(line.find_first_not_of(' '), std::string::npos);
    name.resize(name.find(':'));
    if (name == "lo") continue;
    std::istringstream numbers(line.substr(colon + 1));
    uint64_t values[16] = {};
    for (uint64_t& value : values) numbers >> value;
    result += (result.size() > 1 ? "," : "") + JsonObject()
                                                   .add("name", name)
                                                   .add("receivedBytes", values[0])
                                                   .add("receivedPackets", values[1])
                                                   .add("receiveErrors", values[2])
                                                   .add("receiveDropped", values[3])
                                                   .add("sentBytes", values[8])
                                                   .add("sentPackets", values[9])
                                                   .add("sendErrors", values[10])
                                                   .add("sendDropped", values[11])
                                                   .text();
  }
  return result + "]";
}

void remove(std::vector<std::shared_ptr<Connection>>& list, const Connection* connection) {
  std::erase_if(list, [&](const std::shared_ptr<Connection>& entry) { return entry.get() == connection; });
}

/// 64 hexadecimal digits, as Docker names executed processes.
std::string randomId() {
  unsigned char bytes[32];
  if (::getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) throw SysError(errno, "getrandom");
  std::string text;
  for (const unsigned char byte : bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    text += {kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return text;
}

std::string framedExit(int exitCode) {
  return JsonObject().raw("exit", JsonObject().add("exitCode", exitCode).text()).text();
}

}  // namespace

Monitor::Monitor(EventLoop& loop, MonitorSpec spec, Spec container)
    : loop_(loop),
      spec_(std::move(spec)),
      container_(std::move(container)),
      journal_(spec_.runDir + "/output"),
      forwarder_(spec_.log.syslog || spec_.log.journal ? std::make_unique<LogForwarder>(loop, spec_.log) : nullptr),
      log_(spec_.log, forwarder_.get(), &journal_),
      cgroup_(Cgroup::open(cgroupPathOf(container_, spec_.id))),
      stopTimer_(loop, [this] { cgroup_.kill(); }),
      restartTimer_(loop, [this] { startAgain(); }),
      probeTimer_(loop, [this] { startProbe(); }),
      collectTimer_(loop, [this] { onExit(); }) {
  record_.id = spec_.id;
  record_.bootId = readBootId();
  record_.monitorPid = ::getpid();
  if (const auto status = readProcessStatus(::getpid())) record_.monitorStartTicks = status->startTicks;
  record_.cgroup = cgroup_.path();
  if (spec_.health) health_.emplace(*spec_.health);
  if (forwarder_) {
    forwarder_->onPressure([this](bool isFull) {
      if (stdio_) stdio_->holdReading(isFull);
    });
  }
  if (spec_.supervisor) respawner_.emplace(loop, *spec_.supervisor);
  server_ = std::make_unique<ControlServer>(loop, spec_.runDir + "/monitor.sock",
                                            [this](Connection& c, std::string_view line) { answerLine(c, line); });
}

Monitor::~Monitor() {
  if (pidfd_) loop_.remove(pidfd_.get());
  if (oomWatch_) loop_.remove(oomWatch_.get());
}

pid_t Monitor::startFirst() {
  journal_.clear();
  log_.mend();
  if (forwarder_) forwarder_->connectNow();
  launch();
  return record_.pid;
}

/// Makes and starts the container. When it throws nothing of this run is left.
void Monitor::launch() {
  auto stdio = std::make_unique<ProcessStdio>(
      loop_, [this](Channel channel, std::string_view bytes) { onOutput(channel, bytes); }, &journal_);
  const bool isTerminal = container_.process && container_.process->terminal;
  stdio->makePipes(spec_.stdinOpen && !isTerminal);
  Created created = create(container_, spec_.id, spec_.bundle, stdio->theirs());
  if (isTerminal)
    stdio->useConsole(created.takeConsole());
  else
    stdio->closeTheirs();
  const Cgroup cgroup = created.cgroup();
  UniqueFd oomWatch = cgroup.watchOom();
  created.start();

  cgroup_ = cgroup;
  stdio_ = std::move(stdio);
  oomWatch_ = std::move(oomWatch);
  isAdopted_ = false;
  record_.pid = created.pid();
  pidfd_ = created.takePidfd();
  record_.startedAt = timeNow();
  record_.error.reset();
  record_.adoption.startedMs = monotonicMs();
  record_.adoption.restartAtMs.reset();
  record_.adoption.killAtMs.reset();
  record_.adoption.isRestartRequested = false;
  if (health_) health_->reset();
  watchRun();
  broadcast(JsonObject().add("event", "start").add("pid", record_.pid).add("at", *record_.startedAt).text());
}

/// What a new run and an adopted one have in common.
void Monitor::watchRun() {
  if (const auto status = readProcessStatus(record_.pid)) record_.pidStartTicks = status->startTicks;
  record_.status = "running";
  record_.finishedAt.reset();
  record_.exitCode.reset();
  record_.signal.reset();
  record_.nextRestartAt.reset();
  record_.oomKilled = false;
  record_.cgroup = cgroup_.path();
  stdio_->start();
  if (forwarder_ && forwarder_->isFull()) stdio_->holdReading(true);
  record_.stdinPipe = stdio_->stdinPipe();
  record_.stdoutPipe = stdio_->stdoutPipe();
  record_.stderrPipe = stdio_->stderrPipe();
  watchOom();
  loop_.add(pidfd_.get(), EPOLLIN, [this](uint32_t events) {
    if (!isAdopted_ || (events & EPOLLHUP) != 0) {
      onExit();
      return;
    }
    // Its exit code can be read once init has collected it, which the hang-up tells (always reported, epoll_ctl(2)).
    loop_.modify(pidfd_.get(), 0);
    collectTimer_.arm(kCollectMs);
  });
  if (health_) scheduleProbe();
  saveState();
}

pid_t Monitor::adopt() {
  // It runs whether or not the server can be reached now.
  if (forwarder_) forwarder_->connectLater();
  const SavedState saved = parseSavedState(readFile(spec_.runDir + "/state.json"));
  if (saved.status == "exited") throw InputError("NOT_RUNNING", "the container has already exited");
  if (saved.bootId != record_.bootId) throw InputError("NOT_RUNNING", "the container ran before the last boot");
  log_.recover();
  if (!saved.cgroup.empty()) cgroup_ = Cgroup::open(saved.cgroup);
  record_.restartCount = saved.restartCount;
  record_.startedAt = saved.startedAt;
  record_.adoption = saved.adoption;
  if (record_.adoption.startedMs == 0) record_.adoption.startedMs = monotonicMs();  // notes of an older version
  if (health_ && saved.health) health_->restore(saved.health->status, saved.health->failingStreak, saved.health->log);
  std::optional<UniqueFd> pidfd;
  if (saved.pid > 0) pidfd = openPidfd(ProcessIdentity{saved.pid, saved.pidStartTicks});
  stdio_ = std::make_unique<ProcessStdio>(
      loop_, [this](Channel channel, std::string_view bytes) { onOutput(channel, bytes); }, &journal_);
  if (!pidfd) {
    if (saved.status == "restarting")
      resume(saved);
    else
      ended(kUnknownExitCode, std::nullopt);  // while nobody watched
    return 0;
  }
  isAdopted_ = true;
  pidfd_ = std::move(*pidfd);
  record_.pid = saved.pid;
  stdio_->adopt(cgroup_, saved.stdinPipe, saved.stdoutPipe, saved.stderrPipe);
  oomWatch_ = cgroup_.watchOom();
  cgroup_.killUnified(kProbeCgroup);  // nobody waits for its answer any more
  watchRun();
  if (record_.adoption.killAtMs) stopTimer_.arm(std::max<int64_t>(*record_.adoption.killAtMs - monotonicMs(), 0));
  if (cgroup_.frozen()) {
    record_.status = "paused";
    saveState();
  }
  return saved.pid;
}

/// Nothing runs, and the monitor before us was to start it again. It may have been killed as it did.
void Monitor::resume(const SavedState& saved) {
  cgroup_.kill();
  cgroup_.remove();
  record_.status = saved.status;
  record_.finishedAt = saved.finishedAt;
  record_.exitCode = saved.exitCode;
  record_.signal = saved.signal;
  record_.oomKilled = saved.oomKilled;
  record_.nextRestartAt = saved.nextRestartAt;
  const int64_t now = monotonicMs();
  restartTimer_.arm(std::max<int64_t>(record_.adoption.restartAtMs.value_or(now) - now, 0));
  saveState();
}

void Monitor::watchOom() {
  if (!oomWatch_) return;
  loop_.add(oomWatch_.get(), EPOLLIN, [this](uint32_t) {
    char buffer[512];
    if (::read(oomWatch_.get(), buffer, sizeof(buffer)) <= 0) return;
    // v1 signals the removal of the cgroup too.
    if (cgroup_.exists()) broadcast(JsonObject().add("event", "oom").text());
  });
}

void Monitor::onOutput(Channel channel, std::string_view bytes) {
  log_.append(channel == Channel::kStderr ? OutputStream::kStderr : OutputStream::kStdout, bytes);
  if (const uint64_t lost = log_.takeReportedLoss(); lost > 0)
    broadcast(JsonObject().add("event", "log_dropped").add("bytes", lost).text());
  history_.append(channel, bytes);
  const std::vector<std::shared_ptr<Connection>> clients = attached_;
  for (const std::shared_ptr<Connection>& client : clients) {
    if (client->pendingBytes() + bytes.size() <= kAttachLimit) {
      client->sendFrame(channel, bytes);
      continue;
    }
    const size_t dropped = client->dropPending() + bytes.size();
    client->onClose(nullptr);
    remove(attached_, client.get());
    client->sendFrame(Channel::kControl, JsonObject().raw("dropped", JsonObject().add("bytes", dropped).text()).text());
    client->finish();
  }
}

void Monitor::onExit() {
  collectTimer_.disarm();
  loop_.remove(pidfd_.get());
  std::optional<int> status;
  if (isAdopted_)
    status = exitStatusOfStranger(pidfd_.get());
  else
    status = waitForChild(record_.pid);
  pidfd_.reset();
  std::optional<std::string> signal;
  if (status && WIFSIGNALED(*status)) signal = signalName(WTERMSIG(*status));
  ended(status ? exitCodeOf(*status) : kUnknownExitCode, signal);
}

void Monitor::ended(int exitCode, std::optional<std::string> signal) {
  const int64_t lasted = ranMs();
  record_.finishedAt = timeNow();
  stopTimer_.disarm();
  probeTimer_.disarm();
  if (oomWatch_) loop_.remove(oomWatch_.get());
  oomWatch_.reset();
  record_.oomKilled = cgroup_.oomKills() > 0;
  try {
    cgroup_.kill();  // what shares the host's pid namespace outlives its init
  } catch (const std::runtime_error& error) {
    record_.error = error.what();
  }
  if (probe_) probe_->onExit(nullptr);
  probe_.reset();
  while (!sessions_.empty()) sessions_.front()->endNow();
  stdio_->drain(kDrainMs);
  stdio_->close();
  log_.finish();
  try {
    cgroup_.remove();
  } catch (const std::runtime_error& error) {
    record_.error = error.what();
  }
  for (const std::string& warning : runPoststopHooks(container_, spec_.id, spec_.bundle)) record_.error = warning;

  record_.pid = 0;
  record_.pidStartTicks = 0;
  record_.exitCode = exitCode;
  record_.signal = std::move(signal);
  broadcast(JsonObject()
                .add("event", "die")
                .add("exitCode", exitCode)
                .add("signal", record_.signal)
                .add("oomKilled", record_.oomKilled)
                .add("ranMs", lasted)
                .add("at", *record_.finishedAt)
                .text());
  for (const std::shared_ptr<Connection>& client : std::exchange(attached_, {})) {
    client->onClose(nullptr);
    client->sendFrame(Channel::kControl, framedExit(exitCode));
    client->finish();
  }
  if (record_.adoption.isRestartRequested && !record_.adoption.isStopping) {
    startAgain();
    return;
  }
  if (spec_.restart.resetsAttempts && lasted >= spec_.restart.windowMs) record_.adoption.attempts = 0;
  const RestartHistory history{record_.adoption.attempts, record_.adoption.lastDelayMs,
                               record_.adoption.isStopping || record_.adoption.isStoppedByHand};
  if (const auto delay = decideRestart(spec_.restart, history, {exitCode, lasted}))
    scheduleRestart(*delay);
  else
    endForGood();
}

void Monitor::scheduleRestart(int64_t delayMs) {
  record_.adoption.lastDelayMs = delayMs;
  timespec next{};
  ::clock_gettime(CLOCK_REALTIME, &next);
  next.tv_sec += delayMs / 1000;
  next.tv_nsec += delayMs % 1000 * 1000000;
  if (next.tv_nsec >= 1000000000) {
    next.tv_nsec -= 1000000000;
    next.tv_sec++;
  }
  record_.status = "restarting";
  record_.nextRestartAt = formatTime(next);
  record_.adoption.restartAtMs = monotonicMs() + delayMs;
  saveState();
  broadcast(JsonObject().add("event", "restarting").add("delayMs", delayMs).text());
  restartTimer_.arm(delayMs);
}

void Monitor::startAgain() {
  restartTimer_.disarm();
  if (!record_.adoption.isRestartRequested) {
    record_.restartCount++;
    record_.adoption.attempts++;
  }
  history_.clear();
  std::string refusal;
  int exitCode = 128;
  try {
    launch();
  } catch (const LaunchError& error) {
    refusal = refusalLine(error.code(), error.what());
    record_.error = error.what();
    exitCode = error.exitCode();
  } catch (const InputError& error) {
    refusal = refusalLine(error.code(), error.what());
    record_.error = error.what();
  } catch (const SysError& error) {
    refusal = refusalLine("KERNEL", error.what());
    record_.error = error.what();
  }
  record_.adoption.isRestartRequested = false;
  for (const Waiter& waiter : std::exchange(restartWaiters_, {}))
    waiter->sendLine(refusal.empty() ? JsonObject().add("ok", true).add("pid", record_.pid).text() : refusal);
  if (refusal.empty()) return;
  record_.exitCode = exitCode;
  record_.finishedAt = timeNow();
  const RestartHistory history{record_.adoption.attempts, record_.adoption.lastDelayMs,
                               record_.adoption.isStopping || record_.adoption.isStoppedByHand};
  if (const auto delay = decideRestart(spec_.restart, history, {exitCode, 0}))
    scheduleRestart(*delay);
  else
    endForGood();
}

/// Nothing runs and nothing will: the loop ends.
void Monitor::endForGood() {
  if (isOver_) return;
  isOver_ = true;
  record_.status = "exited";
  record_.nextRestartAt.reset();
  loop_.stop();
}

/// The record is visible before anybody is told; it is made durable last, because nobody waits for that: after a crash
/// of the machine the container does not run, with or without the code of its last exit.
void Monitor::finish() {
  const std::string text = record_.json(health_ ? &*health_ : nullptr) + "\n";
  const std::string exitPath = spec_.bundle + "/exit.json";
  for (const std::string& path : {exitPath, spec_.runDir + "/state.json"}) {
    try {
      replaceQuickly(path, text);
    } catch (const SysError&) {
      // A full disk must not keep the waiting from hearing of the end.
    }
  }
  const int exitCode = record_.exitCode.value_or(kUnknownExitCode);
  broadcast(JsonObject().add("event", "gone").add("exitCode", exitCode).text());
  for (const Waiter& waiter : std::exchange(stopWaiters_, {})) waiter->sendLine(exitLine(exitCode));
  for (const Waiter& waiter : std::exchange(restartWaiters_, {}))
    waiter->sendLine(refusalLine("NOT_RUNNING", "the container was stopped meanwhile"));
  respawner_.reset();
  for (const auto& subscriber : std::exchange(subscribers_, {})) subscriber->onClose(nullptr);
  server_->shutDown(kGoodbyeMs);
  server_.reset();
  if (forwarder_) forwarder_->deliver(kDeliverMs);
  log_.sync();
  syncFile(exitPath);
}

void Monitor::signalInit(int signal) {
  if (signal != SIGKILL) {
    sendSignal(pidfd_.get(), signal);
    return;
  }
  cgroup_.kill();
  sendSignal(pidfd_.get(), SIGKILL);
}

void Monitor::beginStop(int signal, int64_t timeoutMs) {
  if (!isRunning()) return;
  if (signal != SIGKILL && record_.status == "paused") pause(false);
  signalInit(signal);
  // A negative time waits for ever.
  if (timeoutMs >= 0) {
    stopTimer_.arm(timeoutMs);
    record_.adoption.killAtMs = monotonicMs() + timeoutMs;
  }
  saveState();
}

void Monitor::stopFromSignal() {
  record_.adoption.isStopping = true;
  if (isRunning())
    beginStop(parseSignal(spec_.stop.signal), spec_.stop.timeoutMs);
  else
    endForGood();
}

int64_t Monitor::ranMs() const { return monotonicMs() - record_.adoption.startedMs; }

void Monitor::broadcast(const std::string& event) {
  const std::vector<std::shared_ptr<Connection>> all = subscribers_;
  for (const std::shared_ptr<Connection>& subscriber : all) {
    if (subscriber->pendingBytes() > kAttachLimit)
      subscriber->close();
    else
      subscriber->sendLine(event);
  }
}

void Monitor::saveState() {
  try {
    replaceQuickly(spec_.runDir + "/state.json", record_.json(health_ ? &*health_ : nullptr) + "\n");
  } catch (const SysError&) {
    // Whoever needs the truth asks the socket; the container does not stop for a full /run.
  }
}

// Health.

void Monitor::scheduleProbe() {
  if (isRunning()) probeTimer_.arm(health_->nextDelayMs(ranMs()));
}

void Monitor::startProbe() {
  if (!isRunning() || probe_ || record_.adoption.isStopping) return;
  if (record_.status == "paused") {
    scheduleProbe();
    return;
  }
  probeStart_ = timeNow();
  probeStartMs_ = ranMs();
  const auto output = std::make_shared<std::string>();
  try {
    Process process = *container_.process;
    process.args = health_->settings().args;
    process.terminal = false;
    ExecOptions options;
    options.user = container_.userName;
    options.groupNames = container_.groupNames;
    options.cgroupChild = kProbeCgroup;
    probe_ = std::make_unique<ExecSession>(
        loop_, ExecSession::Target{record_.pid, container_, cgroup_}, process, options, false,
        [output](Channel, std::string_view bytes) {
          output->append(bytes.substr(0, kProbeOutputBytes - std::min(kProbeOutputBytes, output->size())));
        });
    probe_->limit(health_->settings().timeoutMs);
    probe_->onExit([this, output](int exitCode) { probeEnded(exitCode, *output); });
  } catch (const std::runtime_error& error) {
    probeEnded(-1, error.what());
  }
}

void Monitor::probeEnded(int exitCode, std::string output) {
  if (probe_ && probe_->isTimedOut()) {
    exitCode = -1;
    output = "health check exceeded its timeout of " + std::to_string(health_->settings().timeoutMs) + " ms";
  }
  probe_.reset();
  const ProbeResult result{probeStart_, timeNow(), exitCode, std::move(output)};
  const std::string entry = result.json();
  const bool isNews = health_->record(result, probeStartMs_);
  // Before anybody is told: whoever hears of it reads the record.
  saveState();
  if (isNews) {
    broadcast(JsonObject()
                  .add("event", "health")
                  .add("status", health_->status())
                  .raw("log", entry)
                  .add("at", result.end)
                  .text());
  }
  scheduleProbe();
}

// The control socket.

void Monitor::answerLine(Connection& connection, std::string_view line) {
  try {
    answer(connection, parseRequest(line));
  } catch (const LaunchError& error) {
    connection.sendLine(JsonObject()
                            .add("ok", false)
                            .add("code", error.code())
                            .add("message", error.what())
                            .add("step", error.step())
                            .add("exitCode", error.exitCode())
                            .text());
  } catch (const InputError& error) {
    connection.sendLine(refusalLine(error.code(), error.what()));
  } catch (const SysError& error) {
    connection.sendLine(refusalLine("KERNEL", error.what()));
  }
}

void Monitor::answer(Connection& connection, const Request& request) {
  const std::string ok = JsonObject().add("ok", true).text();
  const std::string& op = request.op;
  if (op == "state") {
    connection.sendLine(JsonObject().add("ok", true).raw("state", record_.json(health_ ? &*health_ : nullptr)).text());
  } else if (op == "subscribe") {
    subscribe(connection, request);
  } else if (op == "keep") {
    keep(request);
    connection.sendLine(ok);
  } else if (op == "bye") {
    connection.onClose([this, client = &connection] { remove(subscribers_, client); });
    connection.sendLine(ok);
  } else if (op == "stop") {
    stop(connection, request);
  } else if (op == "kill") {
    killContainer(connection, request);
  } else if (op == "restart") {
    restart(connection, request);
  } else if (op == "pause" || op == "resume") {
    requireRunning();
    pause(op == "pause");
    connection.sendLine(ok);
  } else if (op == "resize") {
    requireRunning();
    stdio_->resize(request.rows, request.columns);
    connection.sendLine(ok);
  } else if (op == "update") {
    requireRunning();
    cgroup_.apply(parseResources(request.resources));
    connection.sendLine(ok);
  } else if (op == "wait") {
    stopWaiters_.push_back(connection.shared_from_this());
  } else if (op == "statistics") {
    requireRunning();
    connection.sendLine(JsonObject().add("ok", true).raw("statistics", statistics()).text());
  } else if (op == "attach") {
    attach(connection, request);
  } else if (op == "exec") {
    exec(connection, request);
  } else {
    throw InputError("USAGE", "unknown request " + op);
  }
}

void Monitor::requireRunning() const {
  if (!isRunning()) throw InputError("NOT_RUNNING", "the container is not running");
}

void Monitor::keep(const Request& request) {
  if (request.keepFds.size() > kMaxKept) throw InputError("USAGE", "too many descriptors to keep");
  std::vector<UniqueFd> copies;
  for (const int fd : request.keepFds) copies.push_back(copyDescriptor(request.keepPid, fd));
  kept_ = std::move(copies);
}

void Monitor::subscribe(Connection& connection, const Request& request) {
  try {
    if (request.keepPid > 0) keep(request);
  } catch (const SysError&) {
    // Where that is not allowed, names are unanswered while a supervisor is being replaced.
  }
  JsonObject answer;
  answer.add("ok", true).raw("state", record_.json(health_ ? &*health_ : nullptr));
  if (!kept_.empty()) {
    std::string fds;
    for (const UniqueFd& fd : kept_) fds += (fds.empty() ? "" : ",") + std::to_string(fd.get());
    answer.raw("kept", JsonObject().add("pid", int64_t{::getpid()}).raw("fds", "[" + fds + "]").text());
  }
  connection.sendLine(answer.text());
  subscribers_.push_back(connection.shared_from_this());
  const bool isSupervisor = request.supervisor && respawner_;
  if (isSupervisor) respawner_->supervisorCame();
  connection.onClose([this, client = &connection, isSupervisor] {
    remove(subscribers_, client);
    if (isSupervisor && respawner_) respawner_->supervisorLost();
  });
}

void Monitor::stop(Connection& connection, const Request& request) {
  const int signal = parseSignal(request.signal.empty() ? spec_.stop.signal : request.signal);
  record_.adoption.isStopping = true;
  stopWaiters_.push_back(connection.shared_from_this());
  restartTimer_.disarm();
  if (isRunning())
    beginStop(signal, request.timeoutMs.value_or(spec_.stop.timeoutMs));
  else
    endForGood();
}

void Monitor::killContainer(Connection& connection, const Request& request) {
  requireRunning();
  const int signal = parseSignal(request.signal.empty() ? "SIGKILL" : request.signal);
  const bool isFinal = signal == SIGKILL || signal == parseSignal(spec_.stop.signal);
  if (request.manual && isFinal) {
    record_.adoption.isStoppedByHand = true;
    saveState();
  }
  signalInit(signal);
  connection.sendLine(JsonObject().add("ok", true).text());
}

void Monitor::restart(Connection& connection, const Request& request) {
  if (record_.adoption.isStopping) throw InputError("NOT_RUNNING", "the container is being stopped");
  record_.adoption.isRestartRequested = true;
  record_.adoption.isStoppedByHand = false;
  record_.adoption.lastDelayMs = 0;
  record_.adoption.attempts = 0;
  restartWaiters_.push_back(connection.shared_from_this());
  if (isRunning())
    beginStop(parseSignal(spec_.stop.signal), request.timeoutMs.value_or(spec_.stop.timeoutMs));
  else
    startAgain();
}

void Monitor::pause(bool isPause) {
  if (isPause == (record_.status == "paused")) return;
  if (isPause)
    cgroup_.freeze();
  else
    cgroup_.thaw();
  record_.status = isPause ? "paused" : "running";
  saveState();
  broadcast(JsonObject().add("event", isPause ? "pause" : "unpause").text());
}

std::string Monitor::statistics() const {
  const CgroupStatistics s = cgroup_.statistics();
  return JsonObject()
      .add("at", timeNow())
      .add("memoryBytes", s.memoryBytes)
      .add("memoryLimitBytes", s.memoryLimitBytes)
      .add("memoryPeakBytes", s.memoryPeakBytes)
      .add("cpuNanoseconds", s.cpuNanoseconds)
      .add("cpuUserNanoseconds", s.cpuUserNanoseconds)
      .add("cpuSystemNanoseconds", s.cpuSystemNanoseconds)
      .add("cpuThrottledPeriods", s.cpuThrottledPeriods)
      .add("pids", s.pids)
      .add("pidsLimit", s.pidsLimit)
      .add("ioReadBytes", s.ioReadBytes)
      .add("ioWriteBytes", s.ioWriteBytes)
      .add("oomKills", s.oomKills)
      .raw("network", networkStatistics(record_.pid))
      .text();
}

void Monitor::attach(Connection& connection, const Request& request) {
  requireRunning();
  const std::shared_ptr<Connection> client = connection.shared_from_this();
  connection.sendLine(JsonObject().add("ok", true).text());
  connection.becomeStream(
      [this, client = &connection, takesInput = request.stdin_](Channel channel, std::string_view payload) {
        if (!isRunning()) return;
        try {
          if (channel == Channel::kControl) {
            const StreamControl control = parseStreamControl(payload);
            if (control.signal) signalInit(parseSignal(*control.signal));
            if (control.rows > 0) stdio_->resize(control.rows, control.columns);
          } else if (channel == Channel::kStdin && takesInput) {
            if (payload.empty())
              stdio_->closeInput();
            else
              stdio_->writeInput(payload);
            if (stdio_->pendingInput() > kInputHigh) {
              client->holdReading(true);
              stdio_->onInputDrained([client] { client->holdReading(false); });
            }
          }
        } catch (const InputError&) {
          client->close();
        }
      });
  connection.onClose([this, client = &connection] {
    remove(attached_, client);
    if (stdio_) stdio_->onInputDrained(nullptr);
  });
  attached_.push_back(client);
  std::string replay;
  history_.replay(replay, request.replayBytes);
  if (!replay.empty()) connection.sendRaw(replay);
}

void Monitor::exec(Connection& connection, const Request& request) {
  requireRunning();
  if (record_.status == "paused") throw InputError("NOT_RUNNING", "the container is paused");
  Process process = parseProcess(request.process);
  ExecOptions options;
  options.privileged = request.privileged;
  options.user = request.userName;
  options.groupNames = container_.groupNames;  // group_add is the container's, whoever runs in it (as in Docker)
  const std::shared_ptr<Connection> client = connection.shared_from_this();
  // Only the loop calls it, so output never precedes the answer line.
  const auto self = std::make_shared<ExecSession*>(nullptr);
  ExecSession::OutputHandler onOutput;
  if (!request.detach) {
    onOutput = [self](Channel channel, std::string_view bytes) {
      const std::shared_ptr<Connection> client = (*self)->client();
      if (!client) return;
      client->sendFrame(channel, bytes);
      if (client->pendingBytes() > kExecHigh) (*self)->stdio().holdReading(true);
    };
  }
  sessions_.push_back(std::make_unique<ExecSession>(loop_, ExecSession::Target{record_.pid, container_, cgroup_},
                                                    process, options, !request.detach, std::move(onOutput)));
  ExecSession* session = sessions_.back().get();
  *self = session;
  session->setClient(request.detach ? nullptr : client);
  const std::string execId = randomId();
  session->onExit([this, session, execId](int exitCode) {
    broadcast(JsonObject()
                  .add("event", "exec_die")
                  .add("execId", execId)
                  .add("exitCode", exitCode)
                  .add("at", timeNow())
                  .text());
    if (const std::shared_ptr<Connection> owner = session->client()) {
      owner->onClose(nullptr);
      owner->onDrain(nullptr);
      owner->sendFrame(Channel::kControl, framedExit(exitCode));
      owner->finish();
    }
    std::erase_if(sessions_, [&](const std::unique_ptr<ExecSession>& entry) { return entry.get() == session; });
  });
  broadcast(
      JsonObject().add("event", "exec").add("execId", execId).add("args", process.args).add("at", timeNow()).text());
  connection.sendLine(JsonObject().add("ok", true).add("pid", session->pid()).text());
  if (request.detach) return;
  if (process.consoleSize) session->stdio().resize(process.consoleSize->height, process.consoleSize->width);
  connection.onDrain([session] { session->stdio().holdReading(false); });
  // A client that leaves ends neither the process nor its output: it goes on unseen, as Docker does.
  connection.onClose([session] {
    session->setClient(nullptr);
    session->stdio().holdReading(false);
    session->stdio().closeInput();
  });
  connection.becomeStream([session, client = &connection](Channel channel, std::string_view payload) {
    if (!session->client()) return;
    try {
      if (channel == Channel::kControl) {
        const StreamControl control = parseStreamControl(payload);
        if (control.signal) session->signal(parseSignal(*control.signal));
        if (control.rows > 0) session->stdio().resize(control.rows, control.columns);
      } else if (channel == Channel::kStdin) {
        if (payload.empty())
          session->stdio().closeInput();
        else
          session->stdio().writeInput(payload);
        if (session->stdio().pendingInput() > kInputHigh) {
          client->holdReading(true);
          session->stdio().onInputDrained([client] { client->holdReading(false); });
        }
      }
    } catch (const InputError&) {
      client->close();
    }
  });
}

}  // namespace tscompose
