#include "monitor/log_message.h"

#include <sys/random.h>
#include <unistd.h>

#include "monitor/clock.h"

namespace tscompose {

namespace {

constexpr int kInformation = 6;
constexpr int kError = 3;

int severityOf(OutputStream stream) { return stream == OutputStream::kStderr ? kError : kInformation; }

/// `format` of strftime(3), in local time.
std::string localTime(const timespec& time, const char* format) {
  tm parts{};
  ::localtime_r(&time.tv_sec, &parts);
  std::array<char, 64> text{};
  return {text.data(), ::strftime(text.data(), text.size(), format, &parts)};
}

/// RFC 3339 with `fraction` after the seconds.
std::string localRfc3339(const timespec& time, const std::string& fraction) {
  std::string zone = localTime(time, "%z");
  zone = zone == "+0000" ? "Z" : zone.insert(3, ":");
  return localTime(time, "%Y-%m-%dT%H:%M:%S") + fraction + zone;
}

void appendField(std::string& entry, std::string_view name, std::string_view value) {
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry += '=';
  } else {
    entry += '\n';
    const uint64_t length = value.size();
    for (unsigned shift = 0; shift < 64; shift += 8) entry += static_cast<char>(length >> shift & 0xffU);
  }
  entry += value;
  entry += '\n';
}

}  // namespace

std::string formatSyslog(const SyslogSettings& settings, OutputStream stream, const timespec& time,
                         std::string_view text) {
  const std::string process = std::to_string(::getpid());
  std::string message = "<" + std::to_string(settings.facility * 8 + static_cast<uint32_t>(severityOf(stream))) + ">";
  if (settings.format == "rfc5424" || settings.format == "rfc5424micro") {
    std::string fraction;
    if (settings.format == "rfc5424micro") {
      const std::string digits = std::to_string(time.tv_nsec / 1000);
      fraction = "." + std::string(6 - digits.size(), '0') + digits;
    }
    message += "1 " + localRfc3339(time, fraction) + " " + settings.hostname + " " + settings.tag + " " + process +
               " " + settings.tag + " - ";
  } else {
    message += localTime(time, "%b %e %H:%M:%S") + " ";
    if (settings.format == "rfc3164") message += settings.hostname + " ";
    message += settings.tag + "[" + process + "]: ";
  }
  message += text;
  if (settings.network == "udp" || settings.network == "unixgram") return message;
  message += '\n';
  const bool isCounted = settings.network == "tcp+tls" && settings.format.starts_with("rfc5424");
  return isCounted ? std::to_string(message.size()) + " " + message : message;
}

std::string formatJournalEntry(const JournalSettings& settings, OutputStream stream, const timespec& time,
                               std::string_view text, const PieceOfLine& piece) {
  std::string entry;
  appendField(entry, "MESSAGE", text);
  appendField(entry, "PRIORITY", std::to_string(severityOf(stream)));
  appendField(entry, "SYSLOG_TIMESTAMP", formatTime(time));
  for (const auto& [name, value] : settings.fields) appendField(entry, name, value);
  if (piece.id.empty()) return entry;
  if (!piece.isLast) appendField(entry, "CONTAINER_PARTIAL_MESSAGE", "true");
  appendField(entry, "CONTAINER_PARTIAL_ID", piece.id);
  appendField(entry, "CONTAINER_PARTIAL_ORDINAL", std::to_string(piece.ordinal));
  appendField(entry, "CONTAINER_PARTIAL_LAST", piece.isLast ? "true" : "false");
  return entry;
}

PieceOfLine PieceCounter::next(OutputStream stream, bool endsLine) {
  PieceOfLine& current = current_[static_cast<size_t>(stream)];
  if (current.id.empty() && endsLine) return {};
  if (current.id.empty()) {
    std::array<unsigned char, 16> random{};
    // Only to tell lines apart: with fewer bytes it still does.
    if (::getrandom(random.data(), random.size(), 0) < 0) random.fill(0);
    for (const unsigned char byte : random) {
      constexpr const char* kDigits = "0123456789abcdef";
      current.id += {kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  current.ordinal++;
  current.isLast = endsLine;
  PieceOfLine piece = current;
  if (endsLine) current = {};
  return piece;
}

}  // namespace tscompose
