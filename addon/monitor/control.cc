#include "monitor/control.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "monitor/clock.h"

namespace tscompose {

namespace {
constexpr size_t kMaxLine = 4U << 20U;
constexpr size_t kReadBytes = 64U << 10U;
constexpr size_t kMaxClients = 256;
}  // namespace

Connection::Connection(EventLoop& loop, UniqueFd fd) : loop_(loop), fd_(std::move(fd)) {}

Connection::~Connection() {
  if (fd_) loop_.remove(fd_.get());
}

void Connection::start(std::function<void(Connection&, std::string_view)> onLine) {
  onLine_ = std::move(onLine);
  loop_.add(fd_.get(), EPOLLIN, [this](uint32_t events) { ready(events); });
}

void Connection::becomeStream(std::function<void(Channel, std::string_view)> onFrame) {
  isStream_ = true;
  onFrame_ = std::move(onFrame);
}

void Connection::ready(uint32_t events) {
  const std::shared_ptr<Connection> self = shared_from_this();
  if ((events & EPOLLOUT) != 0) flush();
  if (fd_ && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive();
}

void Connection::receive() {
  std::array<char, kReadBytes> buffer;
  const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    close();
    return;
  }
  if (isFinishing_) return;  // what comes too late is read, so that closing does not look like a reset to the client
  const std::string_view bytes(buffer.data(), static_cast<size_t>(count));
  if (!isStream_) {
    in_ += bytes;
    for (size_t end = in_.find('\n'); fd_ && !isStream_ && end != std::string::npos; end = in_.find('\n')) {
      const std::string line = in_.substr(0, end);
      in_.erase(0, end + 1);
      onLine_(*this, line);
    }
    if (in_.size() > kMaxLine) close();
    if (!isStream_ || !fd_ || in_.empty()) return;
  }
  const std::string early = std::exchange(in_, {});  // what followed the line that made it a stream
  const auto deliver = [this](Channel channel, std::string_view payload) {
    if (onFrame_ && fd_) onFrame_(channel, payload);
  };
  if (!parser_.push(early.empty() ? bytes : std::string_view(early), deliver)) close();
}

void Connection::sendLine(std::string line) {
  line += '\n';
  sendRaw(line);
}

void Connection::sendFrame(Channel channel, std::string_view payload) {
  if (!fd_) return;
  appendFrame(out_, channel, payload);
  flush();
}

void Connection::sendRaw(std::string_view bytes) {
  if (!fd_) return;
  out_ += bytes;
  flush();
}

void Connection::flush() {
  size_t sent = 0;
  while (sent < out_.size()) {
    const ssize_t count = ::send(fd_.get(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) {
      close();
      return;
    }
    if (count < 0) break;
    sent += static_cast<size_t>(count);
  }
  if (isStream_) {
    // Where the frame that was cut ends.
    size_t at = frameRest_;
    while (at < sent) {
      const auto byte = [&](size_t offset) {
        return static_cast<size_t>(static_cast<unsigned char>(out_[at + offset]));
      };
      at += 8 + (byte(4) << 24U | byte(5) << 16U | byte(6) << 8U | byte(7));
    }
    frameRest_ = at - sent;
  }
  out_.erase(0, sent);
  if (out_.empty() && out_.capacity() > kReadBytes) out_.shrink_to_fit();
  if (out_.empty() && isFinishing_) {
    endWriting();
    return;
  }
  updateInterest();
  if (out_.empty() && sent > 0 && onDrain_) onDrain_();
}

size_t Connection::dropPending() {
  const size_t dropped = out_.size() - std::min(frameRest_, out_.size());
  out_.resize(out_.size() - dropped);
  return dropped;
}

void Connection::holdReading(bool isHeld) {
  isHeld_ = isHeld;
  if (fd_) updateInterest();
}

void Connection::updateInterest() {
  const bool isReading = isFinishing_ ? out_.empty() : !isHeld_;
  uint32_t events = isReading ? static_cast<uint32_t>(EPOLLIN) : 0;
  if (!out_.empty()) events |= EPOLLOUT;
  loop_.modify(fd_.get(), events);
}

void Connection::finish() {
  if (!fd_) return;
  isFinishing_ = true;
  if (out_.empty())
    endWriting();
  else
    updateInterest();
}

void Connection::endWriting() {
  if (!isStream_) {
    close();
    return;
  }
  ::shutdown(fd_.get(), SHUT_WR);
  updateInterest();
}

void Connection::close() {
  if (!fd_) return;
  const std::shared_ptr<Connection> self = shared_from_this();
  loop_.remove(fd_.get());
  fd_.reset();
  out_.clear();
  onDrain_ = nullptr;
  if (const auto handler = std::exchange(onClose_, nullptr)) handler();
}

void Connection::flushUntil(int64_t deadlineMs) {
  while (fd_ && !out_.empty()) {
    const int64_t left = deadlineMs - monotonicMs();
    pollfd poll{fd_.get(), POLLOUT, 0};
    if (left <= 0 || ::poll(&poll, 1, static_cast<int>(left)) <= 0) return;
    flush();
  }
}

void Connection::awaitClient(int64_t deadlineMs) {
  while (fd_ && isStream_ && isFinishing_) {
    const int64_t left = deadlineMs - monotonicMs();
    pollfd poll{fd_.get(), POLLIN, 0};
    if (left <= 0 || ::poll(&poll, 1, static_cast<int>(left)) <= 0) return;
    receive();
  }
}

ControlServer::ControlServer(EventLoop& loop, std::string path, LineHandler onLine)
    : loop_(loop), path_(std::move(path)), onLine_(std::move(onLine)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path)) throw SysError(ENAMETOOLONG, "bind", path_);
  std::memcpy(address.sun_path, path_.data(), path_.size());
  listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener_) throw SysError(errno, "socket");
  ::unlink(path_.c_str());
  const mode_t before = ::umask(0177);
  const int bound = ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  ::umask(before);
  if (bound != 0) throw SysError(error, "bind", path_);
  if (::listen(listener_.get(), 64) != 0) throw SysError(errno, "listen", path_);
  loop_.add(listener_.get(), EPOLLIN, [this](uint32_t) { accept(); });
}

ControlServer::~ControlServer() {
  loop_.remove(listener_.get());
  ::unlink(path_.c_str());
}

void ControlServer::accept() {
  UniqueFd fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!fd) return;
  std::erase_if(connections_, [](const std::shared_ptr<Connection>& connection) { return connection->isClosed(); });
  if (connections_.size() >= kMaxClients) return;
  connections_.push_back(std::make_shared<Connection>(loop_, std::move(fd)));
  connections_.back()->start(onLine_);
}

void ControlServer::shutDown(int64_t patienceMs) {
  const int64_t deadline = monotonicMs() + patienceMs;
  for (const std::shared_ptr<Connection>& connection : connections_) connection->flushUntil(deadline);
  for (const std::shared_ptr<Connection>& connection : connections_) connection->awaitClient(deadline);
  for (const std::shared_ptr<Connection>& connection : connections_) connection->close();
  connections_.clear();
}

}  // namespace tscompose
