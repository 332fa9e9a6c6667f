#include "core/sha256.h"

#include <array>

namespace tscompose {

std::string Sha256::digest() {
  std::array<uint8_t, SHA256_DIGEST_SIZE> bytes{};
  ::sha256_digest(&context_, bytes.size(), bytes.data());
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "sha256:";
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

}  // namespace tscompose
