#include "core/network.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "core/conntrack.h"
#include "core/error.h"
#include "core/netlink.h"
#include "core/netns.h"

namespace tscompose {

namespace {

struct Address {
  int family = 0;
  size_t length = 0;
  uint8_t prefix = 0;
  std::array<uint8_t, 16> bytes{};
};

Address parseAddress(const std::string& text) {
  Address address;
  const size_t slash = text.find('/');
  const std::string ip = text.substr(0, slash);
  address.family = ip.find(':') == std::string::npos ? AF_INET : AF_INET6;
  address.length = address.family == AF_INET ? 4 : 16;
  if (::inet_pton(address.family, ip.c_str(), address.bytes.data()) != 1) {
    throw InputError("INVALID", "invalid address " + text);
  }
  unsigned prefix = static_cast<unsigned>(address.length * 8);
  if (slash != std::string::npos) {
    const std::string digits = text.substr(slash + 1);
    if (digits.empty() || digits.size() > 3 || digits.find_first_not_of("0123456789") != std::string::npos ||
        static_cast<unsigned>(std::stoul(digits)) > prefix) {
      throw InputError("INVALID", "invalid prefix length " + text);
    }
    prefix = static_cast<unsigned>(std::stoul(digits));
  }
  address.prefix = static_cast<uint8_t>(prefix);
  return address;
}

std::array<uint8_t, 6> parseMac(const std::string& text) {
  std::array<uint8_t, 6> mac{};
  char rest = 0;
  if (std::sscanf(text.c_str(), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
                  &mac[5], &rest) != 6) {
    throw InputError("INVALID", "invalid MAC address " + text);
  }
  return mac;
}

void checkName(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ || name.find_first_of("/ \t\n:") != std::string::npos || name == "." ||
      name == "..") {
    throw InputError("INVALID", "invalid interface name \"" + name + "\"");
  }
}

std::string formatAddress(int family, std::span<const uint8_t> bytes, unsigned prefix) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return {};
  return std::string(text.data()) + "/" + std::to_string(prefix);
}

std::string formatMac(std::span<const uint8_t> bytes) {
  if (bytes.size() != 6) return {};
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
                bytes[4], bytes[5]);
  return text.data();
}

ifinfomsg linkHeader(uint32_t index, bool isUp) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(index);
  if (isUp) header.ifi_flags = header.ifi_change = IFF_UP;
  return header;
}

template <typename Header>
Header headerOf(std::span<const uint8_t> payload) {
  Header header{};
  if (payload.size() >= sizeof header) std::memcpy(&header, payload.data(), sizeof header);
  return header;
}

template <typename Header>
NetlinkAttributes attributesAfter(std::span<const uint8_t> payload, size_t count) {
  if (payload.size() < NLMSG_ALIGN(sizeof(Header))) return NetlinkAttributes(count);
  return parseAttributes(payload.subspan(NLMSG_ALIGN(sizeof(Header))), count);
}

LinkStatus linkStatus(std::span<const uint8_t> payload) {
  const auto header = headerOf<ifinfomsg>(payload);
  const auto attributes = attributesAfter<ifinfomsg>(payload, IFLA_LINK_NETNSID + 1);
  LinkStatus link;
  link.index = static_cast<uint32_t>(header.ifi_index);
  link.isUp = (header.ifi_flags & IFF_UP) != 0;
  link.name = attributeText(attributes[IFLA_IFNAME]);
  link.mtu = attributeU32(attributes[IFLA_MTU]);
  link.macAddress = formatMac(attributes[IFLA_ADDRESS]);
  link.master = attributeU32(attributes[IFLA_MASTER]);
  link.kind = attributeText(parseAttributes(attributes[IFLA_LINKINFO], IFLA_INFO_KIND + 1)[IFLA_INFO_KIND]);
  if (link.kind == "veth") link.peer = attributeU32(attributes[IFLA_LINK]);
  return link;
}

/// The link of that name in the socket's namespace.
std::optional<LinkStatus> findLink(NetlinkSocket& socket, const std::string& name) {
  NetlinkRequest request(RTM_GETLINK, 0, name);
  request.header(linkHeader(0, false)).attribute(IFLA_IFNAME, name).tolerate(ENODEV);
  std::optional<LinkStatus> found;
  socket.query(std::move(request),
               [&](const nlmsghdr&, std::span<const uint8_t> payload) { found = linkStatus(payload); });
  return found;
}

uint32_t requireLink(NetlinkSocket& socket, const std::string& name) {
  const auto link = findLink(socket, name);
  if (!link) throw SysError(ENODEV, "netlink getlink", name);
  return link->index;
}

std::vector<LinkStatus> dumpLinks(NetlinkSocket& socket) {
  std::vector<LinkStatus> found;
  NetlinkRequest request(RTM_GETLINK, NLM_F_DUMP, "links");
  request.header(linkHeader(0, false));
  socket.dump(request, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
    if (header.nlmsg_type == RTM_NEWLINK) found.push_back(linkStatus(payload));
  });
  NetlinkRequest addresses(RTM_GETADDR, NLM_F_DUMP, "addresses");
  addresses.header(ifaddrmsg{});
  socket.dump(addresses, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
    if (header.nlmsg_type != RTM_NEWADDR) return;
    const auto info = headerOf<ifaddrmsg>(payload);
    const auto attributes = attributesAfter<ifaddrmsg>(payload, IFA_LOCAL + 1);
    // A point-to-point link's own address is IFA_LOCAL; IPv6 has IFA_ADDRESS only (rtnetlink(7)).
    const auto bytes = attributes[IFA_LOCAL].empty() ? attributes[IFA_ADDRESS] : attributes[IFA_LOCAL];
    if (bytes.empty()) return;
    const auto link = std::ranges::find(found, info.ifa_index, &LinkStatus::index);
    if (link != found.end()) link->addresses.push_back(formatAddress(info.ifa_family, bytes, info.ifa_prefixlen));
  });
  return found;
}

NetlinkRequest addressRequest(uint32_t index, const std::string& text) {
  const Address address = parseAddress(text);
  NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, text);
  ifaddrmsg header{};
  header.ifa_family = static_cast<uint8_t>(address.family);
  header.ifa_prefixlen = address.prefix;
  header.ifa_index = index;
  request.header(header);
  request.attribute(IFA_LOCAL, address.bytes.data(), address.length);
  request.attribute(IFA_ADDRESS, address.bytes.data(), address.length);
  if (address.family == AF_INET) {
    Address broadcast = address;
    for (unsigned bit = address.prefix; bit < 32; ++bit) {
      broadcast.bytes[bit / 8] = static_cast<uint8_t>(broadcast.bytes[bit / 8] | (0x80U >> (bit % 8)));
    }
    if (address.prefix < 31) request.attribute(IFA_BROADCAST, broadcast.bytes.data(), address.length);
  } else {
    // We chose the address: without this it is tentative, and cannot be bound, for a second (RFC 4862, 5.4).
    request.attribute(IFA_FLAGS, uint32_t{IFA_F_NODAD});
  }
  return request;
}

NetlinkRequest defaultRouteRequest(uint32_t index, const std::string& gateway) {
  const Address address = parseAddress(gateway);
  NetlinkRequest request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, "default via " + gateway);
  rtmsg header{};
  header.rtm_family = static_cast<uint8_t>(address.family);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  request.header(header);
  request.attribute(RTA_GATEWAY, address.bytes.data(), address.length);
  request.attribute(RTA_OIF, index);
  return request;
}

NetlinkRequest portRequest(uint32_t index, bool isIsolated) {
  NetlinkRequest request(RTM_SETLINK, 0, "bridge port");
  ifinfomsg header = linkHeader(index, false);
  header.ifi_family = AF_BRIDGE;
  request.header(header);
  const size_t port = request.begin(IFLA_PROTINFO | NLA_F_NESTED);
  request.attribute(IFLA_BRPORT_ISOLATED, static_cast<uint8_t>(isIsolated ? 1 : 0));
  // Hairpin: a container reaches itself through a published port also where the bridge, and not the router, applies
  // the destination NAT (net.bridge.bridge-nf-call-iptables).
  request.attribute(IFLA_BRPORT_MODE, uint8_t{1});
  request.end(port);
  return request;
}

/// A pair uses one queue. Made for one per processor, as is the default, each end waits for a grace period under the
/// kernel's lock of all network configuration until it has given up the others (veth_init_queues).
void addSingleQueue(NetlinkRequest& request) {
  request.attribute(IFLA_NUM_TX_QUEUES, uint32_t{1});
  request.attribute(IFLA_NUM_RX_QUEUES, uint32_t{1});
}

NetlinkRequest vethRequest(const PlugInterface& interface, uint32_t bridge, int netns) {
  NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, interface.hostInterface);
  request.header(linkHeader(0, true));
  request.attribute(IFLA_IFNAME, interface.hostInterface);
  request.attribute(IFLA_MTU, interface.mtu);
  request.attribute(IFLA_MASTER, bridge);
  addSingleQueue(request);
  const size_t info = request.begin(IFLA_LINKINFO);
  request.attribute(IFLA_INFO_KIND, std::string_view("veth"));
  const size_t data = request.begin(IFLA_INFO_DATA);
  const size_t peer = request.begin(VETH_INFO_PEER);
  // Not up yet: the kernel refuses that (ENOTCONN) until the two are a pair (veth_open).
  request.header(linkHeader(0, false));
  request.attribute(IFLA_IFNAME, interface.name);
  request.attribute(IFLA_MTU, interface.mtu);
  request.attribute(IFLA_NET_NS_FD, static_cast<uint32_t>(netns));
  addSingleQueue(request);
  const auto mac = parseMac(interface.macAddress);
  request.attribute(IFLA_ADDRESS, mac.data(), mac.size());
  request.end(peer);
  request.end(data);
  request.end(info);
  return request;
}

NetlinkRequest deleteRequest(const std::string& name) {
  NetlinkRequest request(RTM_DELLINK, 0, name);
  request.header(linkHeader(0, false)).attribute(IFLA_IFNAME, name).tolerate(ENODEV);
  return request;
}

/// Keys of IPv6 are missing in a kernel without it.
void writeNetworkSysctl(const std::string& key, const std::string& value) {
  try {
    writeSysctl(key, value);
  } catch (const SysError& error) {
    if (error.error() != ENOENT || !key.starts_with("net/ipv6/")) throw;
  }
}

bool hasIpv6(const PlugInterface& interface) {
  return std::ranges::any_of(interface.addresses,
                             [](const std::string& a) { return a.find(':') != std::string::npos; });
}

/// Connects one interface: `host` and `inside` are sockets of the two namespaces. Returns whether the pair is new.
bool connectPair(const PlugInterface& interface, NetlinkSocket& host, NetlinkSocket& inside, int netns) {
  checkName(interface.name);
  checkName(interface.hostInterface);
  const uint32_t bridge = requireLink(host, interface.bridge);
  if (const auto link = findLink(host, interface.hostInterface)) {
    const auto other = findLink(inside, interface.name);
    if (link->kind == "veth" && other && link->peer == other->index && other->peer == link->index) {
      NetlinkRequest repair(RTM_NEWLINK, 0, interface.hostInterface);
      repair.header(linkHeader(link->index, true)).attribute(IFLA_MASTER, bridge).attribute(IFLA_MTU, interface.mtu);
      host.run(std::move(repair));
      const auto mac = parseMac(interface.macAddress);
      NetlinkRequest repairInside(RTM_NEWLINK, 0, interface.name);
      repairInside.header(linkHeader(other->index, true))
          .attribute(IFLA_MTU, interface.mtu)
          .attribute(IFLA_ADDRESS, mac.data(), mac.size());
      inside.run(std::move(repairInside));
      return false;
    }
    host.run(deleteRequest(interface.hostInterface));
  }
  // What has the name inside lost its host end, or was never ours.
  if (findLink(inside, interface.name)) inside.run(deleteRequest(interface.name));
  host.run(vethRequest(interface, bridge, netns));
  return true;
}

void configure(const PlugOptions& options, NetlinkSocket& inside) {
  std::vector<NetlinkRequest> requests;
  NetlinkRequest loopback(RTM_NEWLINK, 0, "lo");
  loopback.header(linkHeader(1, true));  // loopback is the first link of every namespace
  requests.push_back(std::move(loopback));
  for (const PlugInterface& interface : options.interfaces) {
    const uint32_t index = requireLink(inside, interface.name);
    if (hasIpv6(interface)) writeSysctl("net/ipv6/conf/" + interface.name + "/disable_ipv6", "0");
    NetlinkRequest up(RTM_NEWLINK, 0, interface.name);
    up.header(linkHeader(index, true));
    requests.push_back(std::move(up));
    for (const std::string& address : interface.addresses) requests.push_back(addressRequest(index, address));
  }
  // Routes after all addresses: a next hop must be reachable when the route is made.
  for (const PlugInterface& interface : options.interfaces) {
    for (const std::string& gateway : interface.gateways) {
      requests.push_back(defaultRouteRequest(requireLink(inside, interface.name), gateway));
    }
  }
  inside.run(requests);
}

}  // namespace

std::vector<std::string> hostSubnets() {
  NetlinkSocket socket(NETLINK_ROUTE);
  std::set<std::string> found;
  NetlinkRequest request(RTM_GETROUTE, NLM_F_DUMP, "routes");
  request.header(rtmsg{});
  socket.dump(request, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
    if (header.nlmsg_type != RTM_NEWROUTE) return;
    const auto route = headerOf<rtmsg>(payload);
    if (route.rtm_table == RT_TABLE_LOCAL || route.rtm_type != RTN_UNICAST || route.rtm_dst_len == 0) return;
    const auto attributes = attributesAfter<rtmsg>(payload, RTA_DST + 1);
    if (attributes[RTA_DST].empty()) return;
    found.insert(formatAddress(route.rtm_family, attributes[RTA_DST], route.rtm_dst_len));
  });
  for (const LinkStatus& link : dumpLinks(socket)) found.insert(link.addresses.begin(), link.addresses.end());
  return {found.begin(), found.end()};
}

void ensureBridge(const BridgeOptions& options) {
  checkName(options.name);
  NetlinkSocket socket(NETLINK_ROUTE);
  const auto mac = parseMac(options.macAddress);
  auto link = findLink(socket, options.name);
  if (!link) {
    NetlinkRequest create(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, options.name);
    create.header(linkHeader(0, false)).attribute(IFLA_IFNAME, options.name).attribute(IFLA_MTU, options.mtu);
    create.attribute(IFLA_ADDRESS, mac.data(), mac.size());
    const size_t info = create.begin(IFLA_LINKINFO);
    create.attribute(IFLA_INFO_KIND, std::string_view("bridge"));
    const size_t data = create.begin(IFLA_INFO_DATA);
    // Snooping without a querier on the network only loses multicast.
    create.attribute(IFLA_BR_MCAST_SNOOPING, uint8_t{0});
    create.end(data);
    create.end(info);
    create.tolerate(EEXIST);  // another supervisor was faster
    socket.run(std::move(create));
    link = findLink(socket, options.name);
    if (!link) throw SysError(ENODEV, "netlink getlink", options.name);
  }
  if (link->kind != "bridge") {
    throw InputError("NAME_TAKEN", "interface " + options.name + " exists and is not a bridge");
  }
  // Before it is up: duplicate address detection begins then, and IPv6 may be off by default on this machine.
  for (const auto& [key, value] : options.sysctls) writeNetworkSysctl(key, value);
  std::vector<NetlinkRequest> requests;
  NetlinkRequest update(RTM_NEWLINK, 0, options.name);
  update.header(linkHeader(link->index, true)).attribute(IFLA_MTU, options.mtu);
  if (link->macAddress != formatMac(mac)) update.attribute(IFLA_ADDRESS, mac.data(), mac.size());
  requests.push_back(std::move(update));
  for (const std::string& address : options.addresses) requests.push_back(addressRequest(link->index, address));
  socket.run(requests);
}

void removeLinks(const std::vector<std::string>& names) {
  if (names.empty()) return;
  NetlinkSocket socket(NETLINK_ROUTE);
  if (names.size() == 1) {
    checkName(names[0]);
    return socket.run(deleteRequest(names[0]));
  }
  // Each removal waits for a grace period of the kernel's; a whole group of links waits for one together.
  uint32_t group = 0;
  while (group == 0) {
    if (::getrandom(&group, sizeof group, 0) != sizeof group) throw SysError(errno, "getrandom");
    group &= 0x7fffffffU;
  }
  std::vector<NetlinkRequest> requests;
  for (const std::string& name : names) {
    checkName(name);
    NetlinkRequest mark(RTM_SETLINK, 0, name);
    mark.header(linkHeader(0, false)).attribute(IFLA_IFNAME, name).attribute(IFLA_GROUP, group).tolerate(ENODEV);
    requests.push_back(std::move(mark));
  }
  NetlinkRequest removal(RTM_DELLINK, 0, "group of links");
  removal.header(linkHeader(0, false)).attribute(IFLA_GROUP, group).tolerate(ENODEV);
  requests.push_back(std::move(removal));
  socket.run(requests);
}

void plug(const PlugOptions& options) {
  NetlinkSocket host(NETLINK_ROUTE);
  onOwnThread([&] {
    UniqueFd netns = openNamespace(options.netnsPath);
    const bool isNew = !netns;
    if (isNew) {
      netns = createNamespace(options.netnsPath);
    } else {
      enterNamespace(netns.get());
    }
    std::vector<std::string> made;
    try {
      NetlinkSocket inside(NETLINK_ROUTE);
      // Interfaces get IPv6 only when their network has it, as with Docker; each says so itself below.
      if (isNew) {
        writeNetworkSysctl("net/ipv6/conf/default/disable_ipv6", "1");
        // Duplicate address detection would take a second, and fail on a hairpin port that echoes its probes.
        writeNetworkSysctl("net/ipv6/conf/default/accept_dad", "0");
      }
      for (const PlugInterface& interface : options.interfaces) {
        if (connectPair(interface, host, inside, netns.get())) made.push_back(interface.hostInterface);
        host.run(portRequest(requireLink(host, interface.hostInterface), interface.isIsolated));
      }
      configure(options, inside);
      for (const auto& [key, value] : options.sysctls) writeSysctl(key, value);
    } catch (...) {
      for (const std::string& name : made) {
        try {
          host.run(deleteRequest(name));
        } catch (const SysError&) {
          // the first failure is the one to report
        }
      }
      if (isNew) {
        try {
          removeNamespace(options.netnsPath);
        } catch (const SysError&) {
          // likewise
        }
      }
      throw;
    }
  });
}

void unplug(const std::vector<std::string>& netnsPaths, const std::vector<std::string>& hostInterfaces,
            const std::vector<std::string>& addresses) {
  removeLinks(hostInterfaces);
  forgetConnections(addresses);
  for (const std::string& path : netnsPaths) removeNamespace(path);
}

std::vector<LinkStatus> links() {
  NetlinkSocket socket(NETLINK_ROUTE);
  return dumpLinks(socket);
}

std::vector<std::optional<std::vector<LinkStatus>>> namespaceLinks(const std::vector<std::string>& netnsPaths) {
  std::vector<std::optional<std::vector<LinkStatus>>> results(netnsPaths.size());
  onOwnThread([&] {
    for (size_t i = 0; i < netnsPaths.size(); ++i) {
      const UniqueFd netns = openNamespace(netnsPaths[i]);
      if (!netns) continue;
      enterNamespace(netns.get());
      NetlinkSocket socket(NETLINK_ROUTE);
      auto found = dumpLinks(socket);
      std::erase_if(found, [](const LinkStatus& link) { return link.name == "lo"; });
      results[i] = std::move(found);
    }
  });
  return results;
}

}  // namespace tscompose
