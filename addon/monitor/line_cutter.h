#pragma once

#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace tscompose {

enum class OutputStream { kStdout = 0, kStderr = 1 };

/// Cuts a container's output into lines, and a line longer than 16 KiB into pieces of which only the last ends in "\n",
/// as Docker does. No UTF-8 character is split.
class LineCutter {
 public:
  static constexpr size_t kMaxPiece = 16U << 10U;

  /// The line of a stream that has no end yet.
  std::string_view partial(OutputStream stream) const { return partial_[static_cast<size_t>(stream)]; }
  void restore(OutputStream stream, std::string_view partial) { partial_[static_cast<size_t>(stream)] = partial; }

  /// Calls `take(stream, piece)` for every piece that is whole by now.
  template <typename Take>
  void push(OutputStream stream, std::string_view bytes, const Take& take) {
    std::string& partial = partial_[static_cast<size_t>(stream)];
    while (!bytes.empty()) {
      const auto* newline = static_cast<const char*>(std::memchr(bytes.data(), '\n', bytes.size()));
      const size_t length = newline == nullptr ? bytes.size() : static_cast<size_t>(newline - bytes.data()) + 1;
      if (partial.empty() && newline != nullptr && length <= kMaxPiece) {
        take(stream, bytes.substr(0, length));
      } else {
        partial.append(bytes, 0, length);
        while (partial.size() > kMaxPiece) {
          const size_t cut = cutBefore(partial, kMaxPiece);
          take(stream, std::string_view(partial).substr(0, cut));
          partial.erase(0, cut);
        }
        if (newline != nullptr) {
          take(stream, std::string_view(partial));
          partial.clear();
        }
      }
      bytes.remove_prefix(length);
    }
  }

  /// What has no newline yet: nothing comes any more.
  template <typename Take>
  void finish(const Take& take) {
    for (const OutputStream stream : {OutputStream::kStdout, OutputStream::kStderr}) {
      std::string& partial = partial_[static_cast<size_t>(stream)];
      if (!partial.empty()) take(stream, std::string_view(partial));
      partial.clear();
    }
  }

 private:
  /// Where to cut `text` at or before `limit`.
  static size_t cutBefore(std::string_view text, size_t limit) {
    for (size_t back = 0; back < 4 && back < limit; back++) {
      const auto byte = static_cast<unsigned char>(text[limit - back]);
      if ((byte & 0xc0U) != 0x80U) return limit - back;
    }
    return limit;
  }

  std::array<std::string, 2> partial_;  ///< of each stream: the line that has no end yet
};

}  // namespace tscompose
