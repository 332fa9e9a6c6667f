#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/fd.h"

namespace tscompose {

/// What a fork is to become.
struct ForkRequest {
  std::vector<std::string> arguments;  ///< without the program's name
  UniqueFd ready;
};

/// Forks for whoever has the other end of `socket` (SOCK_SEQPACKET): a message is arguments, each ended by NUL, with
/// the write end of a pipe (sendFd of core/fd.h). To execute the monitor anew each time costs a millisecond of the C
/// library's start, more than all that it does before it launches.
///
/// Returns in each fork, which is our child until we end and then init's, and which has written an empty line to the
/// pipe: a pipe that ends without a byte tells that nothing was begun. A fork that fails is told there as a failed
/// start is. Empty in the server itself, once the other end is closed: what was still asked for then is nobody's wish
/// any more.
///
/// The caller has one thread and nothing open but its stdio and the socket: forks go on with what they find. Throws
/// SysError for a message that it cannot read.
std::optional<ForkRequest> serveForks(int socket);

}  // namespace tscompose
