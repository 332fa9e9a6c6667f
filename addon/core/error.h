#pragma once

#include <stdexcept>
#include <string>

namespace tscompose {

/// A failed system call: what was attempted (`syscall`), on what (`subject`), and why (`errno`).
/// The message reads "open /etc/passwd: No such file or directory".
class SysError : public std::runtime_error {
 public:
  SysError(int error, std::string syscall, std::string subject = {});

  int error() const noexcept { return error_; }
  const std::string& syscall() const noexcept { return syscall_; }
  const std::string& subject() const noexcept { return subject_; }
  /// The kernel's symbolic name of errno ("ENOENT"), or "E<number>" for one glibc does not know.
  std::string code() const;

 private:
  int error_;
  std::string syscall_;
  std::string subject_;
};

/// Input that is wrong rather than a system that failed (a bad config.json, an unknown user).
/// `code` is one of the ErrorCode words of src/util/errors.ts.
class InputError : public std::runtime_error {
 public:
  InputError(std::string code, const std::string& message);
  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

}  // namespace tscompose
