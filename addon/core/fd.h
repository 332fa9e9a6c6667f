#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tscompose {

/// Owns a file descriptor; closes it. Move-only: get() lends, release() gives away.
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

/// A close-on-exec pipe. Throws SysError.
Pipe makePipe();

struct SocketPair {
  UniqueFd first;
  UniqueFd second;
};

/// A close-on-exec AF_UNIX pair of `type` (SOCK_STREAM, SOCK_SEQPACKET). Throws SysError.
SocketPair makeSocketPair(int type);

/// Sends one fd over a unix socket (SCM_RIGHTS, unix(7)), with `text`, which is not empty. Throws SysError.
void sendFd(int socket, int fd, std::string_view text = {"", 1});

/// Receives one fd sent by sendFd, close-on-exec. Throws SysError; EPIPE when the peer is gone.
UniqueFd receiveFd(int socket);

struct FdMessage {
  UniqueFd fd;
  std::string text;
};

/// The same with what was sent along, over a socket that keeps messages apart (SOCK_SEQPACKET). Throws SysError;
/// EMSGSIZE beyond `limitBytes`.
FdMessage receiveFdMessage(int socket, size_t limitBytes);

}  // namespace tscompose
