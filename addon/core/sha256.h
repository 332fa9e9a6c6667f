#pragma once

#include <nettle/sha2.h>

#include <cstddef>
#include <string>

namespace tscompose {

/// A running SHA-256.
class Sha256 {
 public:
  Sha256() noexcept { ::sha256_init(&context_); }
  void update(const void* data, size_t size) noexcept {
    ::sha256_update(&context_, size, static_cast<const uint8_t*>(data));
  }
  /// `sha256:` and 64 digits, of everything until now; starts anew.
  std::string digest();

 private:
  sha256_ctx context_;
};

}  // namespace tscompose
