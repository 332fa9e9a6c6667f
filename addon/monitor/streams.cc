#include "monitor/streams.h"

#include <algorithm>
#include <array>
#include <vector>

namespace tscompose {

namespace {

constexpr size_t kHeader = 8;

uint32_t payloadLength(std::string_view header) {
  const auto byte = [&](size_t at) { return static_cast<uint32_t>(static_cast<unsigned char>(header[at])); };
  return byte(4) << 24U | byte(5) << 16U | byte(6) << 8U | byte(7);
}

}  // namespace

void appendFrame(std::string& out, Channel channel, std::string_view payload) {
  const auto length = static_cast<uint32_t>(payload.size());
  const std::array<char, kHeader> header{static_cast<char>(channel),
                                         0,
                                         0,
                                         0,
                                         static_cast<char>(length >> 24U),
                                         static_cast<char>(length >> 16U),
                                         static_cast<char>(length >> 8U),
                                         static_cast<char>(length)};
  out.append(header.data(), header.size());
  out += payload;
}

bool FrameParser::push(std::string_view bytes, const std::function<void(Channel, std::string_view)>& frame) {
  buffer_ += bytes;
  size_t at = 0;
  while (buffer_.size() - at >= kHeader) {
    const std::string_view rest = std::string_view(buffer_).substr(at);
    const size_t length = payloadLength(rest);
    if (rest[0] < 0 || rest[0] > 3 || length > kMaxFramePayload) return false;
    if (rest.size() < kHeader + length) break;
    frame(static_cast<Channel>(rest[0]), rest.substr(kHeader, length));
    at += kHeader + length;
  }
  buffer_.erase(0, at);
  return true;
}

void OutputHistory::append(Channel channel, std::string_view bytes) {
  if (bytes.size() > limitBytes_ / 2) bytes.remove_prefix(bytes.size() - limitBytes_ / 2);
  appendFrame(frames_, channel, bytes);
  // Cut to half rather than to the limit: so the text moves once in many reads.
  if (frames_.size() <= limitBytes_) return;
  size_t at = 0;
  while (frames_.size() - at > limitBytes_ / 2) at += kHeader + payloadLength(std::string_view(frames_).substr(at));
  frames_.erase(0, at);
}

void OutputHistory::replay(std::string& out, size_t bytes) const {
  std::vector<std::pair<Channel, std::string_view>> frames;
  size_t total = 0;
  for (size_t at = 0; at < frames_.size();) {
    const std::string_view rest = std::string_view(frames_).substr(at);
    const size_t length = payloadLength(rest);
    frames.emplace_back(static_cast<Channel>(rest[0]), rest.substr(kHeader, length));
    total += length;
    at += kHeader + length;
  }
  size_t skip = total > bytes ? total - bytes : 0;
  for (auto& [channel, payload] : frames) {
    const size_t cut = std::min(skip, payload.size());
    skip -= cut;
    payload.remove_prefix(cut);
    if (!payload.empty()) appendFrame(out, channel, payload);
  }
}

}  // namespace tscompose
