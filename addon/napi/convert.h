#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tscompose::convert {

/// Each of these throws a TypeError that names what was wrong: `what` is the argument or the property.

[[noreturn]] inline void typeError(Napi::Env env, const std::string& what, const char* expected) {
  throw Napi::TypeError::New(env, what + " must be " + expected);
}

inline Napi::Object object(const Napi::Value& value, const std::string& what) {
  if (!value.IsObject() || value.IsArray() || value.IsFunction()) typeError(value.Env(), what, "an object");
  return value.As<Napi::Object>();
}

/// A string without NUL, which would cut a path short.
inline std::string text(const Napi::Value& value, const std::string& what) {
  if (!value.IsString()) typeError(value.Env(), what, "a string");
  std::string result = value.As<Napi::String>().Utf8Value();
  if (result.find('\0') != std::string::npos) typeError(value.Env(), what, "a string without NUL");
  return result;
}

inline bool boolean(const Napi::Value& value, const std::string& what) {
  if (!value.IsBoolean()) typeError(value.Env(), what, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

/// An integer that JavaScript holds exactly.
inline int64_t integer(const Napi::Value& value, const std::string& what, int64_t least, int64_t most) {
  if (!value.IsNumber()) typeError(value.Env(), what, "a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(std::trunc(number) == number) || number < static_cast<double>(least) || number > static_cast<double>(most)) {
    typeError(value.Env(), what, "an integer in range");
  }
  return static_cast<int64_t>(number);
}

inline uint32_t u32(const Napi::Value& value, const std::string& what) {
  return static_cast<uint32_t>(integer(value, what, 0, UINT32_MAX));
}

inline pid_t pid(const Napi::Value& value) { return static_cast<pid_t>(integer(value, "pid", 1, INT32_MAX)); }

inline std::vector<uint8_t> bytes(const Napi::Value& value, const std::string& what) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    typeError(value.Env(), what, "a Uint8Array");
  }
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.Data() + array.ByteLength()};
}

inline Napi::Function function(const Napi::Value& value, const std::string& what) {
  if (!value.IsFunction()) typeError(value.Env(), what, "a function");
  return value.As<Napi::Function>();
}

/// Calls `each` with every element of an array.
template <typename Each>
auto list(const Napi::Value& value, const std::string& what, Each each) {
  if (!value.IsArray()) typeError(value.Env(), what, "an array");
  const auto array = value.As<Napi::Array>();
  std::vector<decltype(each(std::declval<Napi::Value>(), std::declval<std::string>()))> result;
  result.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) {
    Napi::HandleScope scope(value.Env());
    result.push_back(each(array.Get(i), what + "[" + std::to_string(i) + "]"));
  }
  return result;
}

inline std::vector<std::string> texts(const Napi::Value& value, const std::string& what) {
  return list(value, what, text);
}

/// An array of [string, string].
inline std::vector<std::pair<std::string, std::string>> pairs(const Napi::Value& value, const std::string& what) {
  return list(value, what, [](const Napi::Value& pair, const std::string& name) {
    auto both = texts(pair, name);
    if (both.size() != 2) typeError(pair.Env(), name, "a pair");
    return std::pair{std::move(both[0]), std::move(both[1])};
  });
}

inline Napi::Array array(Napi::Env env, const std::vector<std::string>& values) {
  auto result = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) result.Set(i, values[i]);
  return result;
}

}  // namespace tscompose::convert
