#pragma once

#include <unistd.h>

#include <array>
#include <string>

namespace tscompose::test {

/// All that comes until the last one who could write has closed it.
inline std::string readAll(int fd) {
  std::string text;
  std::array<char, 256> buffer{};
  for (;;) {
    const ssize_t length = ::read(fd, buffer.data(), buffer.size());
    if (length <= 0) return text;
    text.append(buffer.data(), static_cast<size_t>(length));
  }
}

}  // namespace tscompose::test
