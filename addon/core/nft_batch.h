#pragma once

#include <libnftnl/common.h>
#include <linux/netlink.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tscompose {

/// One transaction of nftables under construction; remembers what each message is about.
class Batch {
 public:
  /// For the rules of that generation: with others in force the kernel refuses it with ERESTART.
  explicit Batch(uint32_t generation);

  /// `build` writes the payload of a message about `subject` behind its header.
  template <typename Build>
  void add(uint16_t type, uint8_t family, uint16_t flags, const std::string& subject, Build build) {
    const size_t start = bytes_.size();
    bytes_.resize(start + kMaxMessage);
    nlmsghdr* header = nftnl_nlmsg_build_hdr(reinterpret_cast<char*>(bytes_.data() + start), type, family,
                                             static_cast<uint16_t>(flags | NLM_F_ACK), next(subject));
    build(header);
    bytes_.resize(start + NLMSG_ALIGN(header->nlmsg_len));
  }

  /// Throws SysError with the subject that the kernel refused; then nothing of it was done.
  void commit(int socket);

 private:
  static constexpr size_t kMaxMessage = 32 * 1024;

  void readAnswers(int socket) const;
  uint32_t next(const std::string& subject);
  void boundary(uint16_t type);
  void check(std::span<const uint8_t> datagram) const;

  std::vector<uint8_t> bytes_;
  std::vector<std::string> subjects_;
};

}  // namespace tscompose
