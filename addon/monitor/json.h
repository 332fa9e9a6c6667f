#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tscompose {

/// Appends `text` escaped for a JSON string, without quotes. Bytes that are not UTF-8 become U+FFFD, so the result is
/// always valid; runs of plain characters are copied eight at a time.
void appendEscaped(std::string& out, std::string_view text);

/// Writes one JSON object, field by field.
class JsonObject {
 public:
  JsonObject& add(std::string_view name, std::string_view value);
  JsonObject& add(std::string_view name, const char* value) { return add(name, std::string_view(value)); }
  JsonObject& add(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) JsonObject& add(std::string_view name, Number value) {
    return raw(name, std::to_string(value));
  }
  template <typename Value>
  JsonObject& add(std::string_view name, const std::optional<Value>& value) {
    return value ? add(name, *value) : raw(name, "null");
  }
  JsonObject& add(std::string_view name, const std::vector<std::string>& values);
  /// A value that is JSON already.
  JsonObject& raw(std::string_view name, std::string_view json);
  std::string text() const { return text_ + "}"; }

 private:
  void key(std::string_view name);
  std::string text_ = "{";
};

}  // namespace tscompose
