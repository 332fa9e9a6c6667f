#include "core/decompress.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace tscompose {

namespace {

constexpr size_t kInputBytes = 256U << 10U;

/// Input that can be looked at before it is taken.
class Input {
 public:
  explicit Input(ReadInput read) : read_(std::move(read)), buffer_(kInputBytes) {}

  /// Tries to have `count` bytes, which only the end prevents.
  std::span<char> peek(size_t count) {
    while (end_ - begin_ < count && !isAtEnd_) {
      if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= std::exchange(begin_, 0);
      }
      const size_t got = read_({buffer_.data() + end_, buffer_.size() - end_});
      if (got == 0) isAtEnd_ = true;
      end_ += got;
    }
    return {buffer_.data() + begin_, end_ - begin_};
  }
  void take(size_t count) { begin_ += count; }

 private:
  ReadInput read_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool isAtEnd_ = false;
};

class Plain : public Decompressor {
 public:
  explicit Plain(Input input) : input_(std::move(input)) {}
  size_t read(std::span<char> output) override {
    const auto bytes = input_.peek(1);
    const size_t count = std::min(bytes.size(), output.size());
    if (count > 0) std::memcpy(output.data(), bytes.data(), count);
    input_.take(count);
    return count;
  }
  bool isCompressed() const override { return false; }

 private:
  Input input_;
};

bool startsWith(std::span<char> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

constexpr std::string_view kGzip = "\x1f\x8b";
constexpr std::string_view kZstd = "\x28\xb5\x2f\xfd";

/// Any number of members one after another (RFC 1952, 2.2), as eStargz makes them.
class Gzip : public Decompressor {
 public:
  explicit Gzip(Input input) : input_(std::move(input)), state_(std::make_unique<inflate_state>()) { begin(); }

  size_t read(std::span<char> output) override {
    for (;;) {
      if (state_->block_state == ISAL_BLOCK_FINISH) {
        const auto next = input_.peek(kGzip.size());
        if (next.empty()) return 0;
        if (!startsWith(next, kGzip)) throw InputError("INVALID", "garbage follows the gzip data");
        ::isal_inflate_reset(state_.get());
        begin();
      }
      // At the end of the input the decoder may still hold output.
      const auto bytes = input_.peek(1);
      state_->next_in = reinterpret_cast<uint8_t*>(bytes.data());
      state_->avail_in = static_cast<uint32_t>(bytes.size());
      state_->next_out = reinterpret_cast<uint8_t*>(output.data());
      state_->avail_out = static_cast<uint32_t>(output.size());
      const int result = ::isal_inflate(state_.get());
      if (result != ISAL_DECOMP_OK && result != ISAL_END_INPUT && result != ISAL_OUT_OVERFLOW) {
        throw InputError("INVALID", "the gzip data is damaged");
      }
      input_.take(bytes.size() - state_->avail_in);
      const size_t made = output.size() - state_->avail_out;
      if (made > 0) return made;
      if (bytes.empty() && state_->block_state != ISAL_BLOCK_FINISH) {
        throw InputError("INVALID", "the gzip data ends in the middle");
      }
    }
  }

 private:
  void begin() {
    if (!isBegun_) ::isal_inflate_init(state_.get());
    isBegun_ = true;
    state_->crc_flag = ISAL_GZIP;
  }

  Input input_;
  std::unique_ptr<inflate_state> state_;
  bool isBegun_ = false;
};

class Zstd : public Decompressor {
 public:
  explicit Zstd(Input input) : input_(std::move(input)), stream_(::ZSTD_createDStream()) {
    if (!stream_) throw std::bad_alloc();
  }

  size_t read(std::span<char> output) override {
    for (;;) {
      const auto bytes = input_.peek(1);
      ZSTD_outBuffer out{output.data(), output.size(), 0};
      ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
      if (bytes.empty() && hint_ == 0) return 0;
      const size_t result = ::ZSTD_decompressStream(stream_.get(), &out, &in);
      if (::ZSTD_isError(result) != 0U) {
        throw InputError("INVALID", std::string("the zstd data is damaged: ") + ::ZSTD_getErrorName(result));
      }
      hint_ = result;
      input_.take(in.pos);
      if (out.pos > 0) return out.pos;
      if (bytes.empty()) throw InputError("INVALID", "the zstd data ends in the middle");
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ::ZSTD_freeDStream(stream); }
  };
  Input input_;
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  /// 0: a frame has just ended.
  size_t hint_ = 0;
};

/// Frames that carry no data (zstd:chunked puts its table into one) may come first (RFC 8878, 3.1.2).
bool isZstd(std::span<char> bytes) {
  return startsWith(bytes, kZstd) || (bytes.size() >= 4 && (static_cast<unsigned char>(bytes[0]) & 0xf0U) == 0x50 &&
                                      startsWith(bytes.subspan(1), "\x2a\x4d\x18"));
}

}  // namespace

std::unique_ptr<Decompressor> Decompressor::open(ReadInput read) {
  Input input{std::move(read)};
  const auto first = input.peek(kZstd.size());
  if (startsWith(first, kGzip)) return std::make_unique<Gzip>(std::move(input));
  if (isZstd(first)) return std::make_unique<Zstd>(std::move(input));
  return std::make_unique<Plain>(std::move(input));
}

}  // namespace tscompose
