#include "core/error.h"

#include <cstring>
#include <utility>

namespace tscompose {

namespace {
std::string describe(int error, const std::string& syscall, const std::string& subject) {
  std::string text = syscall;
  if (!subject.empty()) text += " " + subject;
  return text + ": " + ::strerror(error);
}
}  // namespace

SysError::SysError(int error, std::string syscall, std::string subject)
    : std::runtime_error(describe(error, syscall, subject)),
      error_(error),
      syscall_(std::move(syscall)),
      subject_(std::move(subject)) {}

std::string SysError::code() const {
  const char* name = ::strerrorname_np(error_);
  return name != nullptr ? name : "E" + std::to_string(error_);
}

InputError::InputError(std::string code, const std::string& message)
    : std::runtime_error(message), code_(std::move(code)) {}

}  // namespace tscompose
