#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/fd.h"

namespace tscompose {

enum class OutputStream { kStdout = 0, kStderr = 1 };

struct LogSettings {
  std::string driver = "json-file";  ///< "local" writes the same format; "none" writes nothing
  std::string path;
  uint64_t maxSizeBytes = 0;  ///< 0: never rotated
  uint32_t maxFiles = 1;      ///< the current one included
};

/// Writes a container's output in Docker's json-file format, one object a line of output. A line longer than 16 KiB is
/// cut into several objects, of which only the last ends in "\n". It never blocks the container and never throws once
/// open: what does not fit on the disk is counted, and said in the log when there is space again.
class LogWriter {
 public:
  /// Opens (or continues) the file. Throws SysError.
  explicit LogWriter(LogSettings settings);

  void append(OutputStream stream, std::string_view bytes);
  /// Writes what has no newline yet: the process has ended.
  void finish();
  void sync();
  /// Bytes of output that were lost and, by now, reported in the log; zero unless that just happened.
  uint64_t takeReportedLoss();

 private:
  void appendLine(OutputStream stream, std::string_view line);
  void formatLine(const char* stream, std::string_view line);
  void flush();
  void rotate();
  bool reopen(int flags);
  void stampTime();

  LogSettings settings_;
  UniqueFd file_;
  uint64_t sizeBytes_ = 0;    ///< of the file, whole lines only
  std::string buffer_;        ///< formatted, not written
  uint64_t bufferedRaw_ = 0;  ///< bytes of output in `buffer_`
  uint64_t lostBytes_ = 0;    ///< since the last report
  uint64_t reportedLoss_ = 0;
  std::array<std::string, 2> partial_;  ///< of each stream: the line that has no end yet
  bool isFinishing_ = false;
  std::string time_;
};

}  // namespace tscompose
