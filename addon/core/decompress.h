#pragma once

#include <functional>
#include <memory>
#include <span>

namespace tscompose {

/// Gives more input: at least one byte, or 0 at the end.
using ReadInput = std::function<size_t(std::span<char>)>;

/// Turns a stream into what was compressed: gzip, zstd or nothing, as its first bytes say.
class Decompressor {
 public:
  virtual ~Decompressor() = default;
  /// At least one byte, or 0 at the end. Throws InputError when the stream is damaged or ends in the middle.
  virtual size_t read(std::span<char> output) = 0;

  virtual bool isCompressed() const { return true; }

  static std::unique_ptr<Decompressor> open(ReadInput input);
};

}  // namespace tscompose
