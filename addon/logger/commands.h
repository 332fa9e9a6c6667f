#pragma once

#include <string>

namespace tscompose {

/// Where to connect to, and how.
struct ConnectOptions {
  std::string network;  ///< udp, tcp, tcp+tls
  std::string host;
  std::string port;
  std::string caCertificate;
  std::string certificate;
  std::string key;
  bool trustsAnybody = false;
};

/// Connects, and gives the connection to the monitor through descriptor 1; with TLS it stays, and encrypts what comes
/// there. What goes wrong is written there. Gives the exit code.
int connectToServer(const ConnectOptions& options);

/// PATH → PATH.gz, whose comment is PATH's inode number and time of birth: so a reader knows the file again (an inode
/// number alone is given to the next file). Throws SysError.
void compressLog(const std::string& path);

}  // namespace tscompose
