#include "core/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "core/conntrack.h"
#include "core/error.h"
#include "core/netlink.h"
#include "core/netns.h"
#include "core/nftables.h"
#include "core/process.h"

namespace tscompose {

namespace {

constexpr const char* kDnsAddress = "127.0.0.11";
constexpr uint16_t kDnsPort = 53;
constexpr int kNatOutputPriority = -100;  // before routing is decided anew: NF_IP_PRI_NAT_DST

struct Bound {
  UniqueFd fd;
  uint16_t port;
};

sockaddr_in addressOf(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw SysError(errno, "getsockname", kDnsAddress);
  }
  return address;
}

Bound bindDns(int type) {
  UniqueFd fd{::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) throw SysError(errno, "socket", kDnsAddress);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, kDnsAddress, &address.sin_addr);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw SysError(errno, "bind", kDnsAddress);
  }
  if (type == SOCK_STREAM && ::listen(fd.get(), 128) != 0) throw SysError(errno, "listen", kDnsAddress);
  const sockaddr_in bound = addressOf(fd.get());
  return {std::move(fd), ntohs(bound.sin_port)};
}

bool isOfNamespace(int socket, int netns) {
  const UniqueFd own{::ioctl(socket, SIOCGSKNS)};
  struct stat ownStatus {};
  struct stat status {};
  if (!own || ::fstat(own.get(), &ownStatus) != 0 || ::fstat(netns, &status) != 0) return false;
  return ownStatus.st_dev == status.st_dev && ownStatus.st_ino == status.st_ino;
}

/// A socket that another process has kept, if it is what it should be.
std::optional<Bound> keptDns(pid_t pid, int number, int type, int netns) {
  try {
    UniqueFd fd = copyDescriptor(pid, number);
    int itsType = 0;
    socklen_t length = sizeof itsType;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_TYPE, &itsType, &length) != 0 || itsType != type) return std::nullopt;
    const sockaddr_in address = addressOf(fd.get());
    in_addr expected{};
    ::inet_pton(AF_INET, kDnsAddress, &expected);
    const bool isOurs = address.sin_family == AF_INET && address.sin_addr.s_addr == expected.s_addr;
    if (!isOurs || !isOfNamespace(fd.get(), netns)) return std::nullopt;
    return Bound{std::move(fd), ntohs(address.sin_port)};
  } catch (const SysError&) {
    return std::nullopt;  // it has gone, or may not be asked: names are unanswered for a moment
  }
}

std::vector<uint8_t> portBytes(uint16_t port) {
  return {static_cast<uint8_t>(port >> 8U), static_cast<uint8_t>(port & 0xffU)};
}

std::vector<uint8_t> dnsAddressBytes() { return {127, 0, 0, 11}; }

NftExpression payload(uint32_t base, uint32_t offset, uint32_t length) {
  return {"payload",
          {{"dreg", uint64_t{NFT_REG_1}},
           {"base", uint64_t{base}},
           {"offset", uint64_t{offset}},
           {"len", uint64_t{length}}}};
}

NftExpression equals(std::vector<uint8_t> data) {
  return {"cmp", {{"sreg", uint64_t{NFT_REG_1}}, {"op", uint64_t{NFT_CMP_EQ}}, {"data", std::move(data)}}};
}

/// ip daddr 127.0.0.11 <protocol> dport 53 dnat to 127.0.0.11:<port>
std::vector<NftExpression> redirection(uint8_t protocol, uint16_t port) {
  return {
      payload(NFT_PAYLOAD_NETWORK_HEADER, 16, 4),
      equals(dnsAddressBytes()),
      {"meta", {{"key", uint64_t{NFT_META_L4PROTO}}, {"dreg", uint64_t{NFT_REG_1}}}},
      equals({protocol}),
      payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2),
      equals(portBytes(kDnsPort)),
      {"immediate", {{"dreg", uint64_t{NFT_REG_1}}, {"data", dnsAddressBytes()}}},
      {"immediate", {{"dreg", uint64_t{NFT_REG_2}}, {"data", portBytes(port)}}},
      {"nat",
       {{"type", uint64_t{NFT_NAT_DNAT}},
        {"family", uint64_t{NFPROTO_IPV4}},
        {"addr", uint64_t{NFT_REG_1}},
        {"proto", uint64_t{NFT_REG_2}}}},
  };
}

UniqueFd openEvents(int protocol, uint32_t group) {
  NetlinkSocket socket(protocol);
  // Bursts (a hundred links removed at once) are not to be lost; what is lost all the same is reported.
  const int size = 1 << 20;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  socket.join(group);
  UniqueFd fd = socket.release();
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return fd;
}

}  // namespace

DnsSockets openDnsSockets(const std::string& netnsPath, const std::optional<KeptSockets>& kept) {
  DnsSockets sockets;
  onOwnThread([&] {
    const UniqueFd netns = openNamespace(netnsPath);
    if (!netns) throw InputError("NETWORK_NOT_FOUND", netnsPath + " is no network namespace");
    enterNamespace(netns.get());
    std::optional<Bound> keptUdp = kept ? keptDns(kept->pid, kept->udp, SOCK_DGRAM, netns.get()) : std::nullopt;
    std::optional<Bound> keptTcp = kept ? keptDns(kept->pid, kept->tcp, SOCK_STREAM, netns.get()) : std::nullopt;
    const bool isKept = keptUdp && keptTcp;
    Bound udp = isKept ? std::move(*keptUdp) : bindDns(SOCK_DGRAM);
    Bound tcp = isKept ? std::move(*keptTcp) : bindDns(SOCK_STREAM);
    Nftables().replaceTables({NftTable{
        .family = "ip",
        .name = "tscompose",
        .digest = "",
        .sets = {},
        .chains = {NftChain{
            .name = "output",
            .hook = NftHook{.type = "nat", .name = "output", .priority = kNatOutputPriority, .devices = {}},
            .rules = {redirection(IPPROTO_UDP, udp.port), redirection(IPPROTO_TCP, tcp.port)}}},
    }});
    // An asker that keeps its socket would go on being led to a former supervisor's port.
    if (!isKept) forgetAllConnections();
    sockets = {std::move(udp.fd), std::move(tcp.fd)};
  });
  return sockets;
}

UniqueFd openLinkEvents() { return openEvents(NETLINK_ROUTE, RTNLGRP_LINK); }

UniqueFd openFirewallEvents() { return openEvents(NETLINK_NETFILTER, NFNLGRP_NFTABLES); }

}  // namespace tscompose
