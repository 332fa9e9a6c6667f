// tscompose-logger: what the monitor leaves to a process of its own, which may block and needs more libraries.
//   connect NETWORK HOST PORT CA CERTIFICATE KEY known|any
//   compress PATH FD            FD is held open until it is done
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "logger/commands.h"

using namespace tscompose;

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  try {
    if (command == "compress" && argc == 4) {
      compressLog(argv[2]);
      return 0;
    }
    if (command == "connect" && argc == 9) {
      std::signal(SIGPIPE, SIG_IGN);
      return connectToServer({.network = argv[2],
                              .host = argv[3],
                              .port = argv[4],
                              .caCertificate = argv[5],
                              .certificate = argv[6],
                              .key = argv[7],
                              .trustsAnybody = std::string_view(argv[8]) == "any"});
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  std::fputs("usage: tscompose-logger connect|compress …\n", stderr);
  return 2;
}
