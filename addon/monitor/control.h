#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/fd.h"
#include "monitor/event_loop.h"
#include "monitor/streams.h"

namespace tscompose {

/// One client of the control socket: lines at first, frames once it became a stream. Everything sent is buffered, so
/// that no client can block the monitor.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(EventLoop& loop, UniqueFd fd);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start(std::function<void(Connection&, std::string_view)> onLine);
  /// From here on what arrives are frames. `onFrame` may be empty: then they are ignored.
  void becomeStream(std::function<void(Channel, std::string_view)> onFrame);
  /// Called once, when the client has left or was closed.
  void onClose(std::function<void()> handler) { onClose_ = std::move(handler); }
  /// Called whenever everything was sent.
  void onDrain(std::function<void()> handler) { onDrain_ = std::move(handler); }

  void sendLine(std::string line);
  void sendFrame(Channel channel, std::string_view payload);
  /// Bytes that are frames already.
  void sendRaw(std::string_view bytes);
  size_t pendingBytes() const noexcept { return out_.size(); }
  /// Forgets what is not sent yet, except the rest of a frame that has begun, and says how much.
  size_t dropPending();
  /// Stops reading from the client (back-pressure), or goes on.
  void holdReading(bool isHeld);
  /// Ends it once everything is sent. A stream's client closes first: one that writes into a closed socket would throw
  /// away what it has not read yet, the exit code.
  void finish();
  void close();
  bool isClosed() const noexcept { return !fd_; }
  /// Sends what it can, waiting for the client at most until `deadlineMs` (monotonic).
  void flushUntil(int64_t deadlineMs);
  /// Waits for the client of a finished stream to close, at most until `deadlineMs`.
  void awaitClient(int64_t deadlineMs);

 private:
  void ready(uint32_t events);
  void receive();
  void flush();
  void endWriting();
  void updateInterest();

  EventLoop& loop_;
  UniqueFd fd_;
  std::string in_;
  std::string out_;
  size_t frameRest_ = 0;  ///< bytes of out_ that belong to a frame of which some were sent
  bool isStream_ = false;
  bool isFinishing_ = false;
  bool isHeld_ = false;
  FrameParser parser_;
  std::function<void(Connection&, std::string_view)> onLine_;
  std::function<void(Channel, std::string_view)> onFrame_;
  std::function<void()> onClose_;
  std::function<void()> onDrain_;
};

/// The control socket. Only the owner of the socket file's directory can connect (mode 0600).
class ControlServer {
 public:
  using LineHandler = std::function<void(Connection&, std::string_view)>;
  /// Binds and listens; replaces a socket that a dead monitor left. Throws SysError.
  ControlServer(EventLoop& loop, std::string path, LineHandler onLine);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Sends what is pending to every client, for at most `patienceMs`, and closes.
  void shutDown(int64_t patienceMs);

 private:
  void accept();

  EventLoop& loop_;
  std::string path_;
  LineHandler onLine_;
  UniqueFd listener_;
  std::vector<std::shared_ptr<Connection>> connections_;
};

}  // namespace tscompose
