#pragma once

#include <openssl/sha.h>

#include <cstddef>
#include <string>

namespace tscompose {

/// A running SHA-256. OpenSSL's plain functions: its assembler, without the machinery of its providers.
class Sha256 {
 public:
  Sha256() noexcept;
  void update(const void* data, size_t size) noexcept;
  /// `sha256:` and 64 digits, of everything until now; starts anew.
  std::string digest();

 private:
  SHA256_CTX context_;
};

}  // namespace tscompose
