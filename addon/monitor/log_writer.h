#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/fd.h"
#include "monitor/line_cutter.h"
#include "monitor/log_forwarder.h"
#include "monitor/log_settings.h"
#include "monitor/output_journal.h"

namespace tscompose {

/// Writes a container's output in Docker's json-file format, one object a line of output or a piece of a long one, and
/// hands the same to the forwarder if there is one. The file never blocks the container, and nothing throws once it is
/// open: what does not fit on the disk is counted, and said in the log when there is space again.
class LogWriter {
 public:
  /// Opens (or continues) the file. Throws SysError.
  explicit LogWriter(LogSettings settings, LogForwarder* forwarder = nullptr, OutputJournal* journal = nullptr);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  void append(OutputStream stream, std::string_view bytes);
  /// Goes on where a monitor that was killed left off.
  void recover();
  /// Makes whole what a monitor that was killed left of a rotation.
  void mend();
  /// Writes what has no newline yet: the process has ended.
  void finish();
  void sync();
  /// Bytes of output that were lost and, by now, reported in the log; zero unless that just happened.
  uint64_t takeReportedLoss();

 private:
  void take(OutputStream stream, std::string_view piece);
  void appendLine(OutputStream stream, std::string_view line);
  void formatLine(const char* stream, std::string_view line);
  void flush();
  void rotate(std::string_view next);
  std::string name(uint32_t number) const;
  bool isThere(uint32_t number) const;
  void compress();
  UniqueFd holdNames();
  bool reopen(int flags);
  void stampTime();
  OutputJournal::Settled settled() const;
  bool isFileKept() const noexcept { return !settings_.path.empty(); }

  LogSettings settings_;
  LogForwarder* forwarder_;
  OutputJournal* journal_;
  UniqueFd compression_;  ///< ends with the process that compresses the file before
  LineCutter cutter_;
  UniqueFd file_;
  uint64_t inode_ = 0;
  uint64_t sizeBytes_ = 0;    ///< of the file, whole lines only
  std::string buffer_;        ///< formatted, not written
  uint64_t bufferedRaw_ = 0;  ///< bytes of output in `buffer_`
  uint64_t lostBytes_ = 0;    ///< since the last report
  uint64_t reportedLoss_ = 0;
  bool isFinishing_ = false;
  timespec now_{};
  std::string time_;
};

}  // namespace tscompose
