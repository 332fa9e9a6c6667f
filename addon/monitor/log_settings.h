#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tscompose {

struct SyslogSettings {
  std::string network{};  ///< udp, tcp, tcp+tls, unix, unixgram; local: wherever the machine's own listens
  std::string address{};  ///< a host or a path
  std::string port{};
  uint32_t facility = 3;  ///< daemon
  std::string format{};   ///< rfc3164, rfc5424, rfc5424micro; empty: as a local client writes, without a host name
  std::string tag{};
  std::string hostname{};
  std::string caCertificate{};
  std::string certificate{};
  std::string key{};
  bool trustsAnybody = false;
};

struct JournalSettings {
  std::string socket{};
  std::vector<std::pair<std::string, std::string>> fields{};  ///< of every entry
};

/// Where a container's output goes: into files, to a server, or both.
struct LogSettings {
  std::string path{};         ///< empty: no file is kept
  uint64_t maxSizeBytes = 0;  ///< 0: never rotated
  uint32_t maxFiles = 1;      ///< the current one included
  bool isCompressed = false;  ///< the rotated ones
  std::string attributes{};   ///< a JSON object for every line of the file; empty: none
  std::optional<SyslogSettings> syslog{};
  std::optional<JournalSettings> journal{};
  bool isBlocking = true;  ///< whether the container waits for a server that is slow; else what does not fit is dropped
  uint64_t maxBufferBytes = 1U << 20U;
  std::string helper{};  ///< tscompose-logger, which connects and compresses
};

}  // namespace tscompose
