#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fd.h"

namespace tscompose {

/// One netlink message under construction (netlink(7)). `subject` names what it is about in an error.
class NetlinkRequest {
 public:
  NetlinkRequest(uint16_t type, uint16_t flags, std::string subject);

  /// Appends the family header (ifinfomsg, ifaddrmsg, …), or a nested one.
  template <typename Header>
  NetlinkRequest& header(const Header& value) {
    append(&value, sizeof value);
    return *this;
  }
  NetlinkRequest& attribute(uint16_t type, const void* data, size_t length);
  NetlinkRequest& attribute(uint16_t type, uint32_t value) { return attribute(type, &value, sizeof value); }
  NetlinkRequest& attribute(uint16_t type, uint8_t value) { return attribute(type, &value, sizeof value); }
  NetlinkRequest& attribute(uint16_t type, std::string_view text);
  /// Opens a nested attribute; end() closes the one that begin() returned.
  size_t begin(uint16_t type);
  void end(size_t position);
  /// An errno that counts as success (EEXIST when making, ENODEV when removing).
  NetlinkRequest& tolerate(int error);

  bool tolerates(int error) const;
  const std::string& subject() const noexcept { return subject_; }
  uint16_t type() const noexcept;
  std::span<const uint8_t> finish(uint32_t sequence);

 private:
  void append(const void* data, size_t length);

  std::vector<uint8_t> bytes_;
  std::string subject_;
  std::vector<int> tolerated_;
};

/// Attributes of one message, by type. Views into the message.
using NetlinkAttributes = std::vector<std::span<const uint8_t>>;

/// Parses the attributes in `bytes`; index n holds attribute n, empty when it is absent. Malformed rests are ignored.
NetlinkAttributes parseAttributes(std::span<const uint8_t> bytes, size_t count);

std::string attributeText(std::span<const uint8_t> attribute);
uint32_t attributeU32(std::span<const uint8_t> attribute);

/// A netlink socket in the calling thread's network namespace; it stays in that namespace wherever it is used.
class NetlinkSocket {
 public:
  explicit NetlinkSocket(int protocol);
  NetlinkSocket(const NetlinkSocket&) = delete;
  NetlinkSocket& operator=(const NetlinkSocket&) = delete;
  ~NetlinkSocket();

  /// Sends all requests at once and waits for every acknowledgement. Throws SysError for the first refusal that the
  /// request does not tolerate; the kernel has carried out the other ones.
  void run(std::span<NetlinkRequest> requests);
  void run(NetlinkRequest request) { run({&request, 1}); }
  using Receiver = std::function<void(const nlmsghdr&, std::span<const uint8_t>)>;
  /// Asks for a dump or for one object and hands over each message of the answer. Throws SysError, except for a
  /// tolerated errno, which ends the answer. False for a dump that a change interrupted: something may be missing.
  bool query(NetlinkRequest request, const Receiver& receiver);
  /// A dump that no change interrupted; nothing is handed over before all of it is there. Throws as `query` does, and
  /// SysError EINTR where it never stands still.
  void dump(const NetlinkRequest& request, const Receiver& receiver);
  /// Joins a multicast group.
  void join(uint32_t group);

  int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] UniqueFd release() noexcept { return std::move(fd_); }

 private:
  void send(std::span<const uint8_t> bytes);
  size_t receive(std::vector<uint8_t>& buffer);

  int protocol_;
  UniqueFd fd_;
  uint32_t sequence_ = 0;
};

/// Closes a NETLINK_NETFILTER socket on a thread of its own. Closing one waits until what earlier transactions replaced
/// is freed, an RCU grace period, ten times as long as a transaction (nft_rcv_nl_event, Linux 6.18); nobody needs that.
void closeInBackground(UniqueFd socket);

}  // namespace tscompose
