#include "core/netlink.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <thread>

#include "core/error.h"

namespace tscompose {

namespace {

constexpr size_t kReceiveBuffer = 64 * 1024;

constexpr size_t align(size_t length) { return (length + 3) & ~size_t{3}; }

std::string stepName(const NetlinkRequest& request) { return "netlink " + std::to_string(request.type()); }

/// Calls `each` with every message of a datagram.
template <typename Each>
void forEachMessage(std::span<const uint8_t> datagram, Each each) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return;
    each(header, datagram.subspan(sizeof header, header.nlmsg_len - sizeof header));
    datagram = datagram.subspan(std::min(align(header.nlmsg_len), datagram.size()));
  }
}

int errorOf(std::span<const uint8_t> payload) {
  int error = 0;
  if (payload.size() >= sizeof error) std::memcpy(&error, payload.data(), sizeof error);
  return -error;
}

}  // namespace

NetlinkRequest::NetlinkRequest(uint16_t type, uint16_t flags, std::string subject)
    : bytes_(sizeof(nlmsghdr)), subject_(std::move(subject)) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | flags;
  std::memcpy(bytes_.data(), &header, sizeof header);
}

uint16_t NetlinkRequest::type() const noexcept {
  nlmsghdr header;
  std::memcpy(&header, bytes_.data(), sizeof header);
  return header.nlmsg_type;
}

void NetlinkRequest::append(const void* data, size_t length) {
  const auto* first = static_cast<const uint8_t*>(data);
  bytes_.insert(bytes_.end(), first, first + length);
  bytes_.resize(align(bytes_.size()));
}

NetlinkRequest& NetlinkRequest::attribute(uint16_t type, const void* data, size_t length) {
  const nlattr header{static_cast<uint16_t>(sizeof(nlattr) + length), type};
  append(&header, sizeof header);
  append(data, length);
  return *this;
}

NetlinkRequest& NetlinkRequest::attribute(uint16_t type, std::string_view text) {
  return attribute(type, std::string(text).c_str(), text.size() + 1);
}

size_t NetlinkRequest::begin(uint16_t type) {
  const size_t position = bytes_.size();
  const nlattr header{0, type};
  append(&header, sizeof header);
  return position;
}

void NetlinkRequest::end(size_t position) {
  const auto length = static_cast<uint16_t>(bytes_.size() - position);
  std::memcpy(bytes_.data() + position, &length, sizeof length);
}

NetlinkRequest& NetlinkRequest::tolerate(int error) {
  tolerated_.push_back(error);
  return *this;
}

bool NetlinkRequest::tolerates(int error) const { return std::ranges::find(tolerated_, error) != tolerated_.end(); }

std::span<const uint8_t> NetlinkRequest::finish(uint32_t sequence) {
  nlmsghdr header;
  std::memcpy(&header, bytes_.data(), sizeof header);
  header.nlmsg_len = static_cast<uint32_t>(bytes_.size());
  header.nlmsg_seq = sequence;
  std::memcpy(bytes_.data(), &header, sizeof header);
  return bytes_;
}

NetlinkAttributes parseAttributes(std::span<const uint8_t> bytes, size_t count) {
  NetlinkAttributes attributes(count);
  while (bytes.size() >= sizeof(nlattr)) {
    nlattr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > bytes.size()) break;
    const size_t type = header.nla_type & NLA_TYPE_MASK;
    if (type < count) attributes[type] = bytes.subspan(sizeof header, header.nla_len - sizeof header);
    bytes = bytes.subspan(std::min(align(header.nla_len), bytes.size()));
  }
  return attributes;
}

std::string attributeText(std::span<const uint8_t> attribute) {
  const auto end = std::ranges::find(attribute, uint8_t{0});
  return {attribute.begin(), end};
}

uint32_t attributeU32(std::span<const uint8_t> attribute) {
  uint32_t value = 0;
  if (attribute.size() >= sizeof value) std::memcpy(&value, attribute.data(), sizeof value);
  return value;
}

NetlinkSocket::NetlinkSocket(int protocol)
    : protocol_(protocol), fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
  if (!fd_) throw SysError(errno, "socket", "netlink");
  // Without the echo of the request an error stays small, however long the request (netlink(7), NETLINK_CAP_ACK).
  const int on = 1;
  ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
}

NetlinkSocket::~NetlinkSocket() {
  if (protocol_ == NETLINK_NETFILTER && fd_) closeInBackground(std::move(fd_));
}

void closeInBackground(UniqueFd socket) {
  try {
    std::thread([fd = std::move(socket)] {}).detach();
  } catch (const std::system_error&) {
    // No thread to be had: it is closed here and now.
  }
}

void NetlinkSocket::join(uint32_t group) {
  // Multicast passes over a socket without an address: its number, 0, looks like the sender's own.
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw SysError(errno, "bind", "netlink");
  }
  if (::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
    throw SysError(errno, "setsockopt", "NETLINK_ADD_MEMBERSHIP");
  }
}

void NetlinkSocket::send(std::span<const uint8_t> bytes) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent;
  do {
    sent =
        ::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) throw SysError(errno, "sendto", "netlink");
}

size_t NetlinkSocket::receive(std::vector<uint8_t>& buffer) {
  buffer.resize(kReceiveBuffer);
  ssize_t received;
  do {
    received = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  } while (received < 0 && errno == EINTR);
  if (received < 0) throw SysError(errno, "recv", "netlink");
  return static_cast<size_t>(received);
}

void NetlinkSocket::run(std::span<NetlinkRequest> requests) {
  if (requests.empty()) return;
  const uint32_t first = sequence_ + 1;
  std::vector<uint8_t> bytes;
  for (NetlinkRequest& request : requests) {
    const auto message = request.finish(++sequence_);
    const size_t start = bytes.size();
    bytes.insert(bytes.end(), message.begin(), message.end());
    reinterpret_cast<nlmsghdr*>(bytes.data() + start)->nlmsg_flags |= NLM_F_ACK;
  }
  send(bytes);
  size_t waiting = requests.size();
  std::optional<SysError> refusal;
  std::vector<uint8_t> buffer;
  while (waiting > 0) {
    const size_t length = receive(buffer);
    forEachMessage({buffer.data(), length}, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
      if (header.nlmsg_type != NLMSG_ERROR || header.nlmsg_seq < first || header.nlmsg_seq > sequence_) return;
      --waiting;
      const NetlinkRequest& request = requests[header.nlmsg_seq - first];
      const int error = errorOf(payload);
      if (error == 0 || request.tolerates(error) || refusal) return;
      refusal.emplace(error, stepName(request), request.subject());
    });
  }
  if (refusal) throw *refusal;
}

bool NetlinkSocket::query(NetlinkRequest request, const Receiver& receiver) {
  const auto message = request.finish(++sequence_);
  const bool isDump = (reinterpret_cast<const nlmsghdr*>(message.data())->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  send(message);
  std::vector<uint8_t> buffer;
  std::optional<int> failure;
  bool isDone = false;
  bool isWhole = true;
  while (!isDone) {
    const size_t length = receive(buffer);
    forEachMessage({buffer.data(), length}, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
      if (header.nlmsg_seq != sequence_) return;
      if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) isWhole = false;
      if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
        if (const int error = errorOf(payload); error != 0) failure = error;
        isDone = true;
        return;
      }
      receiver(header, payload);
      if (!isDump) isDone = true;
    });
  }
  if (failure && !request.tolerates(*failure)) throw SysError(*failure, stepName(request), request.subject());
  return isWhole;
}

void NetlinkSocket::dump(const NetlinkRequest& request, const Receiver& receiver) {
  // Each lasts less than a millisecond: so many changes in a row are no coincidence.
  constexpr int kAttempts = 1000;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::vector<std::pair<nlmsghdr, std::vector<uint8_t>>> messages;
    const bool isWhole = query(request, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
      messages.emplace_back(header, std::vector<uint8_t>(payload.begin(), payload.end()));
    });
    if (!isWhole) continue;
    for (const auto& [header, payload] : messages) receiver(header, payload);
    return;
  }
  throw SysError(EINTR, stepName(request), request.subject());
}

}  // namespace tscompose
