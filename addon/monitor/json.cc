#include "monitor/json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace tscompose {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

/// Whether any of eight bytes needs a look: a control character, a quote, a backslash or a byte of a longer character.
/// The classic tricks on words; a false positive only costs the slow path.
bool hasSpecial(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101U;
  constexpr uint64_t kHigh = 0x8080808080808080U;
  const auto hasZero = [](uint64_t value) { return (value - kOnes) & ~value & kHigh; };
  const uint64_t control = (word - kOnes * 0x20) & ~word & kHigh;
  return ((word & kHigh) | control | hasZero(word ^ (kOnes * '"')) | hasZero(word ^ (kOnes * '\\'))) != 0;
}

/// Length of the UTF-8 character that `text` begins with; 0 when it is none (RFC 3629: no overlong forms, no
/// surrogates).
size_t characterLength(std::string_view text) {
  const auto byte = [&](size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  const auto follows = [&](size_t at) { return (byte(at) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void appendControl(std::string& out, unsigned char byte) {
  switch (byte) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    default:
      break;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[byte >> 4U];
  out += kDigits[byte & 15U];
}

}  // namespace

void appendEscaped(std::string& out, std::string_view text) {
  size_t plain = 0;  // begin of the run not yet copied
  size_t at = 0;
  while (at < text.size()) {
    uint64_t word = 0;
    while (at + 8 <= text.size()) {
      std::memcpy(&word, text.data() + at, 8);
      if (hasSpecial(word)) break;
      at += 8;
    }
    // Within the word that stopped us, or the tail.
    const size_t end = std::min(at + 8, text.size());
    while (at < end) {
      const auto byte = static_cast<unsigned char>(text[at]);
      if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
        at++;
        continue;
      }
      if (byte >= 0x80) {
        const size_t length = characterLength(text.substr(at));
        if (length > 0) {
          at += length;
          continue;
        }
      }
      out.append(text, plain, at - plain);
      if (byte >= 0x80)
        out += kReplacement;
      else
        appendControl(out, byte);
      plain = ++at;
    }
  }
  out.append(text, plain, text.size() - plain);
}

void JsonObject::key(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  text_ += '"';
  text_ += name;
  text_ += "\":";
}

JsonObject& JsonObject::add(std::string_view name, std::string_view value) {
  key(name);
  text_ += '"';
  appendEscaped(text_, value);
  text_ += '"';
  return *this;
}

JsonObject& JsonObject::add(std::string_view name, const std::vector<std::string>& values) {
  key(name);
  text_ += '[';
  for (const std::string& value : values) {
    if (text_.back() != '[') text_ += ',';
    text_ += '"';
    appendEscaped(text_, value);
    text_ += '"';
  }
  text_ += ']';
  return *this;
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  key(name);
  text_ += json;
  return *this;
}

}  // namespace tscompose
