#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/cgroup.h"
#include "core/fd.h"
#include "core/launch.h"
#include "monitor/event_loop.h"
#include "monitor/output_journal.h"
#include "monitor/streams.h"

namespace tscompose {

/// The ends of one process's stdio that we hold, and those it gets. With a terminal there is only the pty master, which
/// is input and output at once.
class ProcessStdio {
 public:
  using OutputHandler = std::function<void(Channel, std::string_view)>;

  /// `journal`: where output of pipes is read into, when none of it may be lost.
  ProcessStdio(EventLoop& loop, OutputHandler onOutput, OutputJournal* journal = nullptr)
      : loop_(loop), onOutput_(std::move(onOutput)), journal_(journal) {}
  ~ProcessStdio();
  ProcessStdio(const ProcessStdio&) = delete;
  ProcessStdio& operator=(const ProcessStdio&) = delete;

  /// Makes the pipes. Output pipes are given to the process open for reading and writing: when the monitor is killed
  /// its writes wait for the next one instead of failing with EPIPE. Throws SysError.
  void makePipes(bool withStdin);
  /// The process's ends; valid until closeTheirs().
  Stdio theirs() const;
  void closeTheirs();
  /// Uses a pty master instead of pipes.
  void useConsole(UniqueFd console);
  /// Takes the pipes with these inode numbers over from processes of `cgroup` (--adopt).
  void adopt(const Cgroup& cgroup, uint64_t stdinPipe, uint64_t stdoutPipe, uint64_t stderrPipe);
  /// Begins to read.
  void start();
  /// Queues input; what the process does not read yet waits here.
  void writeInput(std::string_view bytes);
  /// End of file for the process, after what is queued.
  void closeInput();
  size_t pendingInput() const noexcept { return input_.size(); }
  void onInputDrained(std::function<void()> handler) { onInputDrained_ = std::move(handler); }
  void resize(uint16_t rows, uint16_t columns);
  /// Stops reading output (back-pressure), or goes on.
  void holdReading(bool isHeld);
  /// Reads what is left, until the end or at most `patienceMs` when somebody else still holds the other end.
  void drain(int64_t patienceMs);
  void close();

  uint64_t stdinPipe() const { return inodeOf(in_.get()); }
  uint64_t stdoutPipe() const { return inodeOf(out_.get()); }
  uint64_t stderrPipe() const { return inodeOf(err_.get()); }
  bool hasInput() const noexcept { return in_ || console_; }

 private:
  enum class ReadResult { kMore, kEmpty, kEnd };
  static uint64_t inodeOf(int fd);
  ReadResult readOnce(UniqueFd& fd, Channel channel);
  void watch(UniqueFd& fd, Channel channel);
  void drop(UniqueFd& fd);
  void flushInput();
  void watchInput(bool isWanted);

  EventLoop& loop_;
  OutputHandler onOutput_;
  OutputJournal* journal_;
  std::function<void()> onInputDrained_;
  UniqueFd in_;
  UniqueFd out_;
  UniqueFd err_;
  UniqueFd console_;
  UniqueFd theirIn_;
  UniqueFd theirOut_;
  UniqueFd theirErr_;
  std::string input_;
  bool isInputEnding_ = false;
  bool isInputWatched_ = false;
  bool isHeld_ = false;
};

}  // namespace tscompose
