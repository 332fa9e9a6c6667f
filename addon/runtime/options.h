#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tscompose::runtime {

/// One option a command knows: "--bundle"/"-b" with a value, or a switch.
struct OptionRule {
  const char* name;
  char letter = 0;
  bool takesValue = false;
};

/// Options and operands of one command. Options end at the first operand when `stopAtOperand`, as the container's own
/// arguments must not be read.
class Options {
 public:
  /// Throws InputError USAGE for an unknown option or a missing value.
  static Options parse(const std::vector<std::string>& arguments, const std::vector<OptionRule>& rules,
                       bool stopAtOperand);

  bool has(const std::string& name) const { return values_.contains(name); }
  /// The last value given.
  std::optional<std::string> find(const std::string& name) const;
  std::vector<std::string> all(const std::string& name) const;
  const std::vector<std::string>& operands() const { return operands_; }
  /// Operand `index`. Throws InputError USAGE when there is none.
  const std::string& operand(size_t index, const char* what) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> operands_;
};

}  // namespace tscompose::runtime
