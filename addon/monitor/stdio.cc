#include "monitor/stdio.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "core/error.h"
#include "monitor/clock.h"

namespace tscompose {

namespace {

constexpr size_t kReadBytes = 64U << 10U;
/// Reads of one descriptor before the others get their turn.
constexpr int kReadsInTurn = 8;

void makeNonBlocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) throw SysError(errno, "fcntl");
}

/// The same pipe, opened anew: its flags are not shared with whoever has the other descriptor.
UniqueFd reopen(const std::string& path, int flags) {
  UniqueFd fd{::open(path.c_str(), flags | O_CLOEXEC)};
  if (!fd) throw SysError(errno, "open", path);
  return fd;
}

std::string selfPath(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

/// Path of a descriptor of any process of the cgroup that is the pipe `inode`; empty when nobody holds it.
std::string findPipe(const std::vector<pid_t>& pids, uint64_t inode) {
  const std::string wanted = "pipe:[" + std::to_string(inode) + "]";
  for (const pid_t pid : pids) {
    const std::string directory = "/proc/" + std::to_string(pid) + "/fd";
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
    while (const dirent* entry = stream ? ::readdir(stream.get()) : nullptr) {
      std::array<char, 64> target{};
      const std::string path = directory + "/" + entry->d_name;
      const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
      if (length > 0 && std::string_view(target.data(), static_cast<size_t>(length)) == wanted) return path;
    }
  }
  return {};
}

}  // namespace

ProcessStdio::~ProcessStdio() { close(); }

void ProcessStdio::makePipes(bool withStdin) {
  Pipe out = makePipe();
  Pipe err = makePipe();
  theirOut_ = reopen(selfPath(out.write.get()), O_RDWR);
  theirErr_ = reopen(selfPath(err.write.get()), O_RDWR);
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  if (withStdin) {
    // Read only for the process: holding the writing end itself it would never see the end of its input.
    Pipe in = makePipe();
    theirIn_ = std::move(in.read);
    in_ = std::move(in.write);
  } else {
    theirIn_ = reopen("/dev/null", O_RDONLY);
  }
}

Stdio ProcessStdio::theirs() const {
  Stdio stdio{};
  stdio.in = theirIn_.get();
  stdio.out = theirOut_.get();
  stdio.err = theirErr_.get();
  return stdio;
}

void ProcessStdio::closeTheirs() {
  theirIn_.reset();
  theirOut_.reset();
  theirErr_.reset();
}

void ProcessStdio::useConsole(UniqueFd console) {
  closeTheirs();
  in_.reset();
  out_.reset();
  err_.reset();
  console_ = std::move(console);
}

void ProcessStdio::adopt(const Cgroup& cgroup, uint64_t stdinPipe, uint64_t stdoutPipe, uint64_t stderrPipe) {
  const std::vector<pid_t> pids = cgroup.processes();
  const auto take = [&](uint64_t inode, int flags) {
    if (inode == 0) return UniqueFd{};
    const std::string path = findPipe(pids, inode);
    if (path.empty()) return UniqueFd{};
    return UniqueFd{::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK)};
  };
  in_ = take(stdinPipe, O_WRONLY);
  out_ = take(stdoutPipe, O_RDONLY);
  err_ = take(stderrPipe, O_RDONLY);
}

void ProcessStdio::start() {
  for (UniqueFd* fd : {&in_, &out_, &err_, &console_})
    if (*fd) makeNonBlocking(fd->get());
  if (out_) watch(out_, Channel::kStdout);
  if (err_) watch(err_, Channel::kStderr);
  if (console_) watch(console_, Channel::kStdout);
}

void ProcessStdio::watch(UniqueFd& fd, Channel channel) {
  loop_.add(fd.get(), EPOLLIN, [this, &fd, channel](uint32_t events) {
    if ((events & EPOLLOUT) != 0) flushInput();
    if ((events & ~static_cast<uint32_t>(EPOLLOUT)) == 0) return;
    for (int turn = 0; turn < kReadsInTurn && fd && !isHeld_; turn++) {
      const ReadResult result = readOnce(fd, channel);
      if (result == ReadResult::kEnd) drop(fd);
      if (result != ReadResult::kMore) return;
    }
  });
}

ProcessStdio::ReadResult ProcessStdio::readOnce(UniqueFd& fd, Channel channel) {
  if (journal_ != nullptr && &fd != &console_) {
    const auto stream = channel == Channel::kStderr ? OutputStream::kStderr : OutputStream::kStdout;
    const std::optional<std::string_view> bytes = journal_->read(fd.get(), stream);
    if (!bytes) return ReadResult::kEnd;
    if (bytes->empty()) return ReadResult::kEmpty;
    onOutput_(channel, *bytes);
    return ReadResult::kMore;
  }
  std::array<char, kReadBytes> buffer;
  ssize_t count;
  do count = ::read(fd.get(), buffer.data(), buffer.size());
  while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return ReadResult::kEmpty;
  if (count <= 0) return ReadResult::kEnd;  // a pty whose other end is closed says EIO
  onOutput_(channel, {buffer.data(), static_cast<size_t>(count)});
  return ReadResult::kMore;
}

void ProcessStdio::drop(UniqueFd& fd) {
  if (!fd) return;
  loop_.remove(fd.get());
  fd.reset();
}

void ProcessStdio::writeInput(std::string_view bytes) {
  if (!hasInput() || isInputEnding_) return;
  input_ += bytes;
  flushInput();
}

void ProcessStdio::closeInput() {
  if (!in_) return;  // a terminal has no end of input
  isInputEnding_ = true;
  flushInput();
}

void ProcessStdio::flushInput() {
  UniqueFd& fd = console_ ? console_ : in_;
  if (!fd) {
    input_.clear();
    return;
  }
  size_t written = 0;
  while (written < input_.size()) {
    const ssize_t count = ::write(fd.get(), input_.data() + written, input_.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) {
      written = input_.size();  // nobody reads any more
      isInputEnding_ = true;
    }
    if (count <= 0) break;
    written += static_cast<size_t>(count);
  }
  input_.erase(0, written);
  if (input_.empty() && isInputEnding_ && in_) {
    if (isInputWatched_) loop_.remove(in_.get());
    isInputWatched_ = false;
    in_.reset();
  } else {
    watchInput(!input_.empty());
  }
  if (input_.empty() && onInputDrained_) onInputDrained_();
}

void ProcessStdio::watchInput(bool isWanted) {
  if (console_) {
    loop_.modify(console_.get(),
                 (isHeld_ ? 0U : static_cast<uint32_t>(EPOLLIN)) | (isWanted ? static_cast<uint32_t>(EPOLLOUT) : 0U));
    return;
  }
  if (isWanted == isInputWatched_) return;
  isInputWatched_ = isWanted;
  if (isWanted)
    loop_.add(in_.get(), EPOLLOUT, [this](uint32_t) { flushInput(); });
  else
    loop_.remove(in_.get());
}

void ProcessStdio::resize(uint16_t rows, uint16_t columns) {
  if (!console_) return;
  winsize size{};
  size.ws_row = rows;
  size.ws_col = columns;
  ::ioctl(console_.get(), TIOCSWINSZ, &size);
}

void ProcessStdio::holdReading(bool isHeld) {
  if (isHeld == isHeld_) return;
  isHeld_ = isHeld;
  const uint32_t events = isHeld ? 0U : static_cast<uint32_t>(EPOLLIN);
  for (const UniqueFd* fd : {&out_, &err_})
    if (*fd) loop_.modify(fd->get(), events);
  if (console_) watchInput(!input_.empty());
}

void ProcessStdio::drain(int64_t patienceMs) {
  const int64_t deadline = monotonicMs() + patienceMs;
  const std::array<std::pair<UniqueFd*, Channel>, 3> sources{
      {{&out_, Channel::kStdout}, {&err_, Channel::kStderr}, {&console_, Channel::kStdout}}};
  for (const auto& [fd, channel] : sources) {
    while (*fd) {
      const ReadResult result = readOnce(*fd, channel);
      if (result == ReadResult::kEnd) drop(*fd);
      if (result != ReadResult::kEmpty) continue;
      pollfd poll{fd->get(), POLLIN, 0};
      const int64_t left = deadline - monotonicMs();
      if (left <= 0 || ::poll(&poll, 1, static_cast<int>(left)) <= 0) break;
    }
  }
}

void ProcessStdio::close() {
  if (isInputWatched_) loop_.remove(in_.get());
  isInputWatched_ = false;
  in_.reset();
  drop(out_);
  drop(err_);
  drop(console_);
  closeTheirs();
  input_.clear();
}

uint64_t ProcessStdio::inodeOf(int fd) {
  struct stat status {};
  return fd >= 0 && ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) ? status.st_ino : 0;
}

}  // namespace tscompose
