/* these functions are marked as deprecated since 3.0 and are there for good (OPENSSL_API_COMPAT,
 * openssl_user_macros(7)) */
#define OPENSSL_API_COMPAT 0x10100000L
#include "core/sha256.h"

#include <array>

namespace tscompose {

Sha256::Sha256() noexcept { ::SHA256_Init(&context_); }

void Sha256::update(const void* data, size_t size) noexcept { ::SHA256_Update(&context_, data, size); }

std::string Sha256::digest() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> bytes{};
  ::SHA256_Final(bytes.data(), &context_);
  ::SHA256_Init(&context_);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "sha256:";
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

}  // namespace tscompose
