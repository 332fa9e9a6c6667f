#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/fd.h"
#include "monitor/line_cutter.h"

namespace tscompose {

/// What was read of a container's output and is not in its log yet, in memory that outlives the monitor (a file of
/// /run, mapped): a monitor that is killed at any instruction loses none of it, and writes none of it twice. Output is
/// read straight into it.
class OutputJournal {
 public:
  static constexpr size_t kChunk = 64U << 10U;

  /// What the log was when its writer last said so.
  struct Settled {
    uint64_t logBytes = 0;
    uint64_t logInode = 0;
    std::array<std::string_view, 2> partials;  ///< of each stream: the line that has no end yet
  };
  struct Leftover {
    Settled settled;
    OutputStream stream = OutputStream::kStdout;
    std::string_view chunk;  ///< read, and not in the log; empty when the monitor had nothing at hand
  };

  /// Opens or makes it. Throws SysError.
  explicit OutputJournal(const std::string& path);
  ~OutputJournal();
  OutputJournal(const OutputJournal&) = delete;
  OutputJournal& operator=(const OutputJournal&) = delete;

  /// Reads what a pipe has: the bytes, which stay until the next read; none when there is nothing now; nothing at its
  /// end.
  std::optional<std::string_view> read(int pipe, OutputStream stream);
  /// All that was read is in the log, or a partial line.
  void settle(const Settled& settled);
  /// The log goes on in another file, which begins with `piece`.
  void settleBefore(std::string_view piece, const Settled& settled);
  /// What another monitor left.
  Leftover leftover() const;
  /// Forgets what may be in it: a new container.
  void clear();

 private:
  struct Area;

  uint32_t slot() const;
  void store(uint32_t state, uint32_t start, const Settled& settled);

  Area* area_ = nullptr;
};

}  // namespace tscompose
