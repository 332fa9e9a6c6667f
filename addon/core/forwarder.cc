#include "core/forwarder.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/fd.h"
#include "core/netlink.h"

namespace tscompose {

namespace {

constexpr uint32_t kQueueLength = 16384;

NetlinkRequest queueRequest(uint16_t type, uint16_t queue) {
  NetlinkRequest request(static_cast<uint16_t>(NFNL_SUBSYS_QUEUE << 8U | type), 0, "queue " + std::to_string(queue));
  nfgenmsg header{};
  header.nfgen_family = AF_UNSPEC;
  header.version = NFNETLINK_V0;
  header.res_id = htons(queue);
  request.header(header);
  return request;
}

void configure(NetlinkSocket& socket, uint16_t queue) {
  std::vector<NetlinkRequest> requests;
  nfqnl_msg_config_cmd bind{};
  bind.command = NFQNL_CFG_CMD_BIND;
  requests.push_back(queueRequest(NFQNL_MSG_CONFIG, queue));
  requests.back().attribute(NFQA_CFG_CMD, &bind, sizeof bind);
  // Only numbers are needed, never a packet's content; and no packet is to be cut into its segments for us.
  nfqnl_msg_config_params parameters{};
  parameters.copy_mode = NFQNL_COPY_META;
  requests.push_back(queueRequest(NFQNL_MSG_CONFIG, queue));
  requests.back().attribute(NFQA_CFG_PARAMS, &parameters, sizeof parameters);
  requests.back().attribute(NFQA_CFG_QUEUE_MAXLEN, htonl(kQueueLength));
  const uint32_t flags = htonl(NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO);
  requests.back().attribute(NFQA_CFG_FLAGS, flags).attribute(NFQA_CFG_MASK, flags);
  socket.run(requests);
}

/// The last packet's number in a datagram.
std::optional<uint32_t> lastPacket(std::span<const uint8_t> datagram) {
  std::optional<uint32_t> last;
  while (datagram.size() >= sizeof(nlmsghdr) + sizeof(nfgenmsg)) {
    nlmsghdr header;
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < sizeof header + sizeof(nfgenmsg) || header.nlmsg_len > datagram.size()) break;
    if (header.nlmsg_type == (NFNL_SUBSYS_QUEUE << 8U | NFQNL_MSG_PACKET)) {
      constexpr size_t kOffset = sizeof(nlmsghdr) + sizeof(nfgenmsg);
      const auto attributes =
          parseAttributes(datagram.subspan(kOffset, header.nlmsg_len - kOffset), NFQA_PACKET_HDR + 1);
      if (attributes[NFQA_PACKET_HDR].size() >= sizeof(uint32_t)) last = attributeU32(attributes[NFQA_PACKET_HDR]);
    }
    datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  }
  return last;
}

/// Lets every packet up to that number pass; `id` stays in network order.
void pass(int socket, uint16_t queue, uint32_t id) {
  auto request = queueRequest(NFQNL_MSG_VERDICT_BATCH, queue);
  nfqnl_msg_verdict_hdr verdict{};
  verdict.verdict = htonl(NF_STOP);
  verdict.id = id;
  request.attribute(NFQA_VERDICT_HDR, &verdict, sizeof verdict);
  const auto message = request.finish(0);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  while (::sendto(socket, message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0 &&
         errno == EINTR) {
  }
}

bool isReadable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

void serve(uint16_t queue, const std::string& lockPath, int stop) {
  const UniqueFd lock{::open(lockPath.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!lock) throw SysError(errno, "open", lockPath);
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw SysError(errno, "flock", lockPath);
  }
  if (isReadable(stop)) return;
  NetlinkSocket socket(NETLINK_NETFILTER);
  const int size = 4 << 20;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  configure(socket, queue);
  std::vector<uint8_t> buffer(64 * 1024);
  std::array<pollfd, 2> entries{{{socket.fd(), POLLIN, 0}, {stop, POLLIN, 0}}};
  for (;;) {
    if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) throw SysError(errno, "poll", "queue");
    if (entries[1].revents != 0) return;
    std::optional<uint32_t> last;
    for (int i = 0; i < 64; ++i) {
      const ssize_t length = ::recv(socket.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (length <= 0) break;  // ENOBUFS too: those packets have passed (fail-open), the next ones will be told
      if (const auto id = lastPacket({buffer.data(), static_cast<size_t>(length)})) last = id;
    }
    if (last) pass(socket.fd(), queue, *last);
  }
}

}  // namespace

Forwarder::Forwarder(uint16_t queue, std::string lockPath) : stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (stop_ < 0) throw SysError(errno, "eventfd");
  // The thread owns a copy: it may outlive this object while it waits for the lock.
  UniqueFd stop{::fcntl(stop_, F_DUPFD_CLOEXEC, 0)};
  if (!stop) throw SysError(errno, "fcntl");
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for Node's threads
  std::thread([queue, lockPath = std::move(lockPath), fd = std::move(stop)] {
    try {
      serve(queue, lockPath, fd.get());
    } catch (const SysError&) {
      // Without the queue its rules let packets pass to the next chain (bypass): no worse than without a forwarder.
    }
  }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Forwarder::stop() noexcept {
  if (isStopped_) return;
  isStopped_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_, &one, sizeof one);
  ::close(stop_);
}

}  // namespace tscompose
