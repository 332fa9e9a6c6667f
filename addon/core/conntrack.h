#pragma once

#include <string>
#include <vector>

namespace tscompose {

/// Forgets every connection of the calling thread's network namespace. Those that need no address translation go on.
void forgetAllConnections();

/// Forgets the connections that were translated to one of these addresses, so that the next packet of a flow that
/// never pauses (UDP) finds the port's new target.
void forgetConnections(const std::vector<std::string>& addresses);

}  // namespace tscompose
