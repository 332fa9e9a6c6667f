#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace tscompose::test {

/// Writes archives as nobody else would: whatever a test says stands in them.
class Tar {
 public:
  struct Entry {
    std::string name;
    char type = '0';
    std::string data{};
    std::string link{};
    unsigned mode = 0644;
    unsigned uid = 0;
    unsigned gid = 0;
    unsigned major = 0;
    unsigned minor = 0;
    uint64_t modified = 1'000'000'000;
    /// Extended header of this entry.
    std::vector<std::pair<std::string, std::string>> records{};
    /// What the header claims; the data's own size when negative.
    int64_t size = -1;
  };

  Tar& add(const Entry& entry) {
    if (!entry.records.empty()) {
      std::string records;
      for (const auto& [key, value] : entry.records) records += record(key, value);
      header({.name = "pax", .type = 'x'}, records.size());
      body(records);
    }
    header(entry, entry.size >= 0 ? static_cast<uint64_t>(entry.size) : entry.data.size());
    body(entry.data);
    return *this;
  }
  Tar& directory(const std::string& name, unsigned mode = 0755) {
    return add({.name = name, .type = '5', .mode = mode});
  }
  Tar& file(const std::string& name, const std::string& data) { return add({.name = name, .data = data}); }
  Tar& symlink(const std::string& name, const std::string& target) {
    return add({.name = name, .type = '2', .link = target, .mode = 0777});
  }
  Tar& hardlink(const std::string& name, const std::string& target) {
    return add({.name = name, .type = '1', .link = target});
  }
  std::string finish() const { return bytes_ + std::string(1024, '\0'); }

 private:
  static std::string record(const std::string& key, const std::string& value) {
    const size_t length = key.size() + value.size() + 3;
    size_t digits = std::to_string(length).size();
    if (std::to_string(length + digits).size() > digits) ++digits;
    return std::to_string(length + digits) + " " + key + "=" + value + "\n";
  }

  void body(const std::string& data) {
    bytes_ += data;
    bytes_ += std::string((512 - data.size() % 512) % 512, '\0');
  }

  void header(const Entry& entry, uint64_t size) {
    std::string block(512, '\0');
    const auto text = [&](size_t offset, size_t width, const std::string& value) {
      std::memcpy(block.data() + offset, value.data(), std::min(width, value.size()));
    };
    const auto octal = [&](size_t offset, size_t width, uint64_t value) {
      char digits[32];
      std::snprintf(digits, sizeof digits, "%0*lo", static_cast<int>(width - 1), static_cast<unsigned long>(value));
      text(offset, width - 1, digits);
    };
    text(0, 100, entry.name);
    octal(100, 8, entry.mode);
    octal(108, 8, entry.uid);
    octal(116, 8, entry.gid);
    octal(124, 12, size);
    octal(136, 12, entry.modified);
    block[156] = entry.type;
    text(157, 100, entry.link);
    text(257, 8, std::string("ustar\00000", 8));
    octal(329, 8, entry.major);
    octal(337, 8, entry.minor);
    std::memset(block.data() + 148, ' ', 8);
    unsigned sum = 0;
    for (const char byte : block) sum += static_cast<unsigned char>(byte);
    octal(148, 7, sum);
    bytes_ += block;
  }

  std::string bytes_;
};

}  // namespace tscompose::test
