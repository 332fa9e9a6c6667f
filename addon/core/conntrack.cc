#include "core/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <span>

#include "core/error.h"
#include "core/netlink.h"

namespace tscompose {

namespace {

NetlinkRequest conntrackRequest(uint16_t type, uint16_t flags, uint8_t family) {
  NetlinkRequest request(static_cast<uint16_t>(NFNL_SUBSYS_CTNETLINK << 8U | type), flags, "connections");
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
  request.header(header);
  return request;
}

std::vector<uint8_t> addressBytes(const std::string& text) {
  const int family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  std::vector<uint8_t> bytes(family == AF_INET ? 4 : 16);
  if (::inet_pton(family, text.c_str(), bytes.data()) != 1) throw InputError("INVALID", "invalid address " + text);
  return bytes;
}

/// The source address of a tuple, of whichever family.
std::vector<uint8_t> sourceOf(std::span<const uint8_t> tuple) {
  const auto ip = parseAttributes(parseAttributes(tuple, CTA_TUPLE_IP + 1)[CTA_TUPLE_IP], CTA_IP_V6_SRC + 1);
  const auto bytes = ip[CTA_IP_V4_SRC].empty() ? ip[CTA_IP_V6_SRC] : ip[CTA_IP_V4_SRC];
  return {bytes.begin(), bytes.end()};
}

}  // namespace

void forgetAllConnections() {
  // Without a tuple: all of them (ctnetlink).
  NetlinkSocket socket(NETLINK_NETFILTER);
  socket.run(std::move(conntrackRequest(IPCTNL_MSG_CT_DELETE, 0, AF_UNSPEC).tolerate(ENOENT)));
}

void forgetConnections(const std::vector<std::string>& addresses) {
  if (addresses.empty()) return;
  std::set<std::vector<uint8_t>> targets;
  for (const std::string& address : addresses) targets.insert(addressBytes(address));
  NetlinkSocket socket(NETLINK_NETFILTER);
  std::vector<NetlinkRequest> removals;
  socket.query(conntrackRequest(IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC),
               [&](const nlmsghdr&, std::span<const uint8_t> payload) {
                 if (payload.size() < sizeof(nfgenmsg)) return;
                 const auto attributes = parseAttributes(payload.subspan(sizeof(nfgenmsg)), CTA_TUPLE_REPLY + 1);
                 // A translated connection is answered from another address than the one that was asked for.
                 if (!targets.contains(sourceOf(attributes[CTA_TUPLE_REPLY]))) return;
                 auto removal = conntrackRequest(IPCTNL_MSG_CT_DELETE, 0, payload[0]);
                 const auto tuple = attributes[CTA_TUPLE_ORIG];
                 removal.attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, tuple.data(), tuple.size()).tolerate(ENOENT);
                 removals.push_back(std::move(removal));
               });
  socket.run(removals);
}

}  // namespace tscompose
