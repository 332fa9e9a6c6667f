#pragma once

#include <cstdint>
#include <string>

namespace tscompose {

/// Answers the packets of one netfilter queue with NF_STOP: the packet goes on, past the rest of the hook's chains.
/// That is how a packet which our own forward chain has judged passes firewalld's without a change to that (an accept
/// ends only its own chain; a drop in any chain ends everything).
///
/// Runs on a thread of its own until stop(). The queue belongs to one process at a time: whoever holds `lockPath`; the
/// others wait for it, so a killed owner is replaced at once.
class Forwarder {
 public:
  Forwarder(uint16_t queue, std::string lockPath);
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  ~Forwarder() { stop(); }
  /// Idempotent; does not wait.
  void stop() noexcept;

 private:
  int stop_;  ///< eventfd, owned by the thread
  bool isStopped_ = false;
};

}  // namespace tscompose
