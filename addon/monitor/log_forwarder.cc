#include "monitor/log_forwarder.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/daemon.h"
#include "core/error.h"
#include "monitor/clock.h"

namespace tscompose {

namespace {

constexpr int64_t kConnectMs = 15000;
constexpr int64_t kMinDelayMs = 500;
constexpr int64_t kMaxDelayMs = 30000;
/// Messages of one system call.
constexpr size_t kBatch = 64;
/// Where a machine's own server may listen, as the C library and Docker look for it.
constexpr std::array<const char*, 3> kLocalSockets{"/dev/log", "/var/run/syslog", "/var/run/log"};

UniqueFd connectUnix(const std::string& path, int type) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) throw SysError(ENAMETOOLONG, "connect", path);
  path.copy(address.sun_path, path.size());
  UniqueFd fd{::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) throw SysError(errno, "socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    throw SysError(errno, "connect", path);
  return fd;
}

int typeOf(int fd) {
  int type = 0;
  socklen_t length = sizeof(type);
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 ? type : SOCK_STREAM;
}

/// The first of the machine's own that listens.
UniqueFd connectLocal() {
  for (const char* path : kLocalSockets) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
      try {
        return connectUnix(path, type);
      } catch (const SysError&) {
        continue;
      }
    }
  }
  throw SysError(ENOENT, "connect", "/dev/log");
}

}  // namespace

LogForwarder::LogForwarder(EventLoop& loop, LogSettings settings)
    : loop_(loop), settings_(std::move(settings)), retry_(loop, [this] { begin(); }) {}

LogForwarder::~LogForwarder() {
  if (socket_) loop_.remove(socket_.get());
  if (helper_) loop_.remove(helper_.get());
}

void LogForwarder::connectNow() {
  begin();
  while (helper_) {
    pollfd poll{helper_.get(), POLLIN, 0};
    if (::poll(&poll, 1, static_cast<int>(kConnectMs)) <= 0) lost("it does not answer");
    if (helper_) helperSpoke();
  }
  if (!socket_) throw InputError("LOG_SERVER", "cannot log to " + where() + ": " + failure_);
}

void LogForwarder::connectLater() { retry_.arm(0); }

/// Unix sockets connect at once. Whatever needs the network is left to a helper: names, time and TLS.
void LogForwarder::begin() {
  try {
    if (settings_.journal) {
      connected(connectUnix(settings_.journal->socket, SOCK_DGRAM));
      return;
    }
    const SyslogSettings& syslog = *settings_.syslog;
    if (syslog.network == "local") {
      connected(connectLocal());
    } else if (syslog.network == "unix" || syslog.network == "unixgram") {
      connected(connectUnix(syslog.address, syslog.network == "unix" ? SOCK_STREAM : SOCK_DGRAM));
    } else {
      SocketPair pair = makeSocketPair(SOCK_STREAM);
      DaemonOptions options;
      options.file = settings_.helper;
      options.arguments = {"connect",
                           syslog.network,
                           syslog.address,
                           syslog.port,
                           syslog.caCertificate,
                           syslog.certificate,
                           syslog.key,
                           syslog.trustsAnybody ? "any" : "known"};
      options.output = pair.second.get();
      const UniqueFd ready = spawnDetached(options);
      helper_ = std::move(pair.first);
      ::fcntl(helper_.get(), F_SETFL, O_NONBLOCK);
      loop_.add(helper_.get(), EPOLLIN, [this](uint32_t) { helperSpoke(); });
    }
  } catch (const SysError& error) {
    lost(std::strerror(error.error()));
  }
}

/// "F" and a descriptor, which is the connection; "T": the helper itself is, and encrypts; else why there is none.
void LogForwarder::helperSpoke() {
  std::array<char, 1024> text{};
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t count = ::recvmsg(helper_.get(), &message, MSG_CMSG_CLOEXEC);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  UniqueFd given;
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    given.reset(fd);
  }
  const std::string said = count > 0 ? std::string(text.data(), static_cast<size_t>(count)) : "";
  loop_.remove(helper_.get());
  UniqueFd helper = std::move(helper_);
  if (given)
    connected(std::move(given));
  else if (said == "T")
    connected(std::move(helper));
  else
    lost(said.empty() ? "the connection could not be made" : said);
}

void LogForwarder::connected(UniqueFd fd) {
  socket_ = std::move(fd);
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
  isStream_ = typeOf(socket_.get()) == SOCK_STREAM;
  delayMs_ = 0;
  sent_ = 0;
  loop_.add(socket_.get(), EPOLLIN, [this](uint32_t events) {
    std::array<char, 256> ignored;
    const ssize_t count = ::recv(socket_.get(), ignored.data(), ignored.size(), MSG_DONTWAIT);
    // A datagram that nobody took is an error of the next call: it is lost, and no reason to leave.
    const bool isOver = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED);
    if (isStream() ? isOver || (events & EPOLLHUP) != 0 : (events & EPOLLHUP) != 0)
      lost("it closed the connection");
    else
      flush();
  });
  flush();
}

void LogForwarder::lost(const std::string& reason) {
  failure_ = reason;
  if (helper_) loop_.remove(helper_.get());
  if (socket_) loop_.remove(socket_.get());
  helper_.reset();
  socket_.reset();
  sent_ = 0;
  setFull(false);
  delayMs_ = std::clamp(delayMs_ * 2, kMinDelayMs, kMaxDelayMs);
  retry_.arm(delayMs_);
}

void LogForwarder::push(OutputStream stream, const timespec& time, std::string_view line, bool isCut) {
  const PieceOfLine piece = pieces_.next(stream, !isCut);
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.empty()) return;  // as Docker has it: an empty line is no message
  const bool canWait = socket_ && settings_.isBlocking;
  if (!canWait && queuedBytes_ + line.size() > settings_.maxBufferBytes) {
    dropped_++;
    return;
  }
  if (dropped_ > 0) {
    const std::string notice = "tscompose: " + std::to_string(std::exchange(dropped_, 0)) +
                               " messages are missing here: they were not taken in time";
    enqueue(format(OutputStream::kStderr, time, notice, {}));
  }
  enqueue(format(stream, time, line, piece));
}

void LogForwarder::enqueue(std::string message) {
  queuedBytes_ += message.size();
  queue_.push_back(std::move(message));
}

void LogForwarder::flush() {
  if (!socket_) return;
  while (!queue_.empty() && sendSome()) continue;
  if (!socket_) return;
  watch();
  if (queuedBytes_ > settings_.maxBufferBytes && settings_.isBlocking)
    setFull(true);
  else if (queuedBytes_ < settings_.maxBufferBytes / 2)
    setFull(false);
}

/// Sends what one system call takes; false when nothing more is taken now.
bool LogForwarder::sendSome() {
  std::array<iovec, kBatch> parts;
  const size_t count = std::min(isStream() ? kBatch : 1, queue_.size());
  for (size_t i = 0; i < count; i++) {
    const size_t skip = i == 0 ? sent_ : 0;
    parts[i] = {queue_[i].data() + skip, queue_[i].size() - skip};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  const ssize_t taken = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (taken < 0) {
    if (errno == EINTR) return true;
    if (errno == EAGAIN) return false;
    // ENOBUFS: the device's queue is full, which no event tells when it is over.
    const bool isTheMessages = !isStream() && (errno == EMSGSIZE || errno == ENOBUFS);
    const bool wasAnEarlierOne =
        !isStream() && errno == ECONNREFUSED && settings_.syslog && settings_.syslog->network == "udp";
    if (wasAnEarlierOne) return true;
    if (!isTheMessages) {
      lost(std::strerror(errno));
      return false;
    }
    dropped_++;
    queuedBytes_ -= queue_.front().size();
    queue_.pop_front();
    return true;
  }
  size_t left = static_cast<size_t>(taken) + sent_;
  if (!isStream()) left = queue_.front().size();
  while (!queue_.empty() && left >= queue_.front().size()) {
    left -= queue_.front().size();
    queuedBytes_ -= queue_.front().size();
    queue_.pop_front();
  }
  sent_ = left;
  return true;
}

void LogForwarder::watch() {
  loop_.modify(socket_.get(), EPOLLIN | (queue_.empty() ? 0U : static_cast<uint32_t>(EPOLLOUT)));
}

void LogForwarder::setFull(bool isFull) {
  if (std::exchange(isFull_, isFull) != isFull && changed_) changed_(isFull);
}

void LogForwarder::deliver(int64_t patienceMs) {
  const int64_t deadline = monotonicMs() + patienceMs;
  flush();
  while (socket_ && !queue_.empty()) {
    pollfd poll{socket_.get(), POLLOUT, 0};
    const int64_t left = deadline - monotonicMs();
    if (left <= 0 || ::poll(&poll, 1, static_cast<int>(left)) <= 0) return;
    flush();
  }
}

std::string LogForwarder::format(OutputStream stream, const timespec& time, std::string_view text,
                                 const PieceOfLine& piece) const {
  if (settings_.journal) return formatJournalEntry(*settings_.journal, stream, time, text, piece);
  SyslogSettings syslog = *settings_.syslog;
  if (syslog.network == "local") syslog.network = isStream() ? "unix" : "unixgram";
  return formatSyslog(syslog, stream, time, text);
}

std::string LogForwarder::where() const {
  if (settings_.journal) return "the journal at " + settings_.journal->socket;
  const SyslogSettings& syslog = *settings_.syslog;
  if (syslog.network == "local") return "the syslog server of this machine";
  const std::string port = syslog.port.empty() ? "" : ":" + syslog.port;
  return "the syslog server " + syslog.network + "://" + syslog.address + port;
}

}  // namespace tscompose
