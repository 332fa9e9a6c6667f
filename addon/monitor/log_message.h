#pragma once

#include <time.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "monitor/line_cutter.h"
#include "monitor/log_settings.h"

namespace tscompose {

/// Whether `piece` is a whole line or which part of one it is.
struct PieceOfLine {
  std::string id;  ///< of the line; empty: the piece is the line
  uint32_t ordinal = 0;
  bool isLast = false;
};

/// One syslog message as the format and the transport have it: with its length before it (RFC 5425), with a newline
/// behind it, or bare where it is a datagram. Times are local, as programs of the machine write them.
std::string formatSyslog(const SyslogSettings& settings, OutputStream stream, const timespec& time,
                         std::string_view text);

/// One entry of the journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).
std::string formatJournalEntry(const JournalSettings& settings, OutputStream stream, const timespec& time,
                               std::string_view text, const PieceOfLine& piece);

/// Tells the pieces of each stream's lines apart.
class PieceCounter {
 public:
  PieceOfLine next(OutputStream stream, bool endsLine);

 private:
  std::array<PieceOfLine, 2> current_;
};

}  // namespace tscompose
