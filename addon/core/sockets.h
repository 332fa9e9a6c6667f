#pragma once

#include <cstdint>
#include <string>

#include "core/fd.h"

namespace tscompose {

struct DnsSockets {
  UniqueFd udp;
  UniqueFd tcp;
};

/// Opens an UDP socket and a listening TCP socket at 127.0.0.11 inside the namespace, at ports the kernel chooses, and
/// makes a rule there that redirects port 53 of that address to them; a former rule is replaced. The container may
/// bind port 53 itself. Throws SysError; InputError NETWORK_NOT_FOUND when the path is no namespace.
DnsSockets openDnsSockets(const std::string& netnsPath);

/// A netlink socket that hears of removed links.
UniqueFd openLinkEvents();

/// A netlink socket that hears of changed nftables.
UniqueFd openFirewallEvents();

}  // namespace tscompose
