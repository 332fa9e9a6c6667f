#include "core/nft_batch.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "core/error.h"

namespace tscompose {

Batch::Batch(uint32_t generation) {
  boundary(NFNL_MSG_BATCH_BEGIN);
  const nlattr header{.nla_len = sizeof(nlattr) + sizeof generation, .nla_type = NFNL_BATCH_GENID};
  const uint32_t value = htonl(generation);
  const size_t start = bytes_.size();
  bytes_.resize(start + header.nla_len);
  std::memcpy(bytes_.data() + start, &header, sizeof header);
  std::memcpy(bytes_.data() + start + sizeof header, &value, sizeof value);
  const auto length = static_cast<uint32_t>(bytes_.size());
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

void Batch::commit(int socket) {
  boundary(NFNL_MSG_BATCH_END);
  // One skb holds the whole transaction, and one queue all acknowledgements.
  const int size = static_cast<int>(std::max<size_t>(bytes_.size() * 2, 1U << 20U));
  ::setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  const int acknowledgements = static_cast<int>(std::max<size_t>(subjects_.size() * 1024, 1U << 20U));
  ::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &acknowledgements, sizeof acknowledgements);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(socket, bytes_.data(), bytes_.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0) {
    throw SysError(errno, "sendto", "nfnetlink");
  }
  readAnswers(socket);
}

/// The kernel has carried it out, and queued its answers, before sendto returns.
void Batch::readAnswers(int socket) const {
  std::vector<uint8_t> buffer(64 * 1024);
  for (;;) {
    const ssize_t received = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (received < 0) throw SysError(errno, "recv", "nfnetlink");
    check({buffer.data(), static_cast<size_t>(received)});
  }
}

uint32_t Batch::next(const std::string& subject) {
  subjects_.push_back(subject);
  return static_cast<uint32_t>(subjects_.size());
}

void Batch::boundary(uint16_t type) {
  const size_t start = bytes_.size();
  const size_t length = sizeof(nlmsghdr) + sizeof(nfgenmsg);
  bytes_.resize(start + length);
  nlmsghdr header{};
  header.nlmsg_len = static_cast<uint32_t>(length);
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST;
  header.nlmsg_seq = next("transaction");
  nfgenmsg message{};
  message.nfgen_family = AF_UNSPEC;
  message.version = NFNETLINK_V0;
  message.res_id = htons(NFNL_SUBSYS_NFTABLES);
  std::memcpy(bytes_.data() + start, &header, sizeof header);
  std::memcpy(bytes_.data() + start + sizeof header, &message, sizeof message);
}

void Batch::check(std::span<const uint8_t> datagram) const {
  while (datagram.size() >= sizeof(nlmsghdr) + sizeof(int)) {
    nlmsghdr header;
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return;
    int error = 0;
    std::memcpy(&error, datagram.data() + sizeof header, sizeof error);
    if (header.nlmsg_type == NLMSG_ERROR && error != 0) {
      const size_t index = header.nlmsg_seq - 1;
      throw SysError(-error, "nftables", index < subjects_.size() ? subjects_[index] : "transaction");
    }
    datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  }
}

}  // namespace tscompose
