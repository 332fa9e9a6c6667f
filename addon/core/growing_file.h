#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>

#include "core/fd.h"

namespace tscompose {

/// Thrown where a wait or a long work was told to stop.
struct Cancelled {};

/// A file that somebody else is still writing, read from its beginning: a read waits until enough is there. What was
/// written lies in the page cache, so following it costs one copy, and one that was begun earlier is gone on with.
class GrowingFile {
 public:
  /// `total`: its size when it is whole; `available`: what is there now.
  GrowingFile(UniqueFd fd, uint64_t total, uint64_t available);

  /// That much is there now. Any thread.
  void advance(uint64_t available);
  /// All reads, those that wait too, throw Cancelled. Any thread.
  void cancel();
  bool isCancelled() const;
  void throwIfCancelled() const;

  /// The next bytes, at least one; 0: the end. One thread. Throws SysError, Cancelled; EIO when it is shorter than
  /// said.
  size_t read(std::span<char> buffer);
  uint64_t total() const noexcept { return total_; }

 private:
  /// The disk begins while the rest comes, so that a later wait for it is short.
  void startWriteback(uint64_t offset, uint64_t count);

  UniqueFd fd_;
  const uint64_t total_;
  uint64_t position_ = 0;
  uint64_t writtenBack_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t available_;
  bool isCancelled_ = false;
};

}  // namespace tscompose
