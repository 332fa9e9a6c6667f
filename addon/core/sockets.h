#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "core/fd.h"

namespace tscompose {

struct DnsSockets {
  UniqueFd udp;
  UniqueFd tcp;
};

/// Where a process has such sockets open.
struct KeptSockets {
  pid_t pid = 0;
  int udp = -1;
  int tcp = -1;
};

/// Opens an UDP socket and a listening TCP socket at 127.0.0.11 inside the namespace, at ports the kernel chooses, and
/// makes a rule there that redirects port 53 of that address to them; a former rule is replaced. The container may
/// bind port 53 itself. Where another process has kept the sockets of that namespace, these are taken: questions wait
/// in them. Throws SysError; InputError NETWORK_NOT_FOUND when the path is no namespace.
DnsSockets openDnsSockets(const std::string& netnsPath, const std::optional<KeptSockets>& kept = std::nullopt);

/// A netlink socket that hears of removed links.
UniqueFd openLinkEvents();

/// A netlink socket that hears of changed nftables.
UniqueFd openFirewallEvents();

}  // namespace tscompose
