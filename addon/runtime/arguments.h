#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace tscompose::runtime {

/// What is wrong with the command line; main prints it and exits with 1, as runc does.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Options that take a value and options that do not, by every name they have ("--bundle", "-b").
struct OptionTable {
  std::map<std::string, std::string> valued;  ///< spelling → name
  std::map<std::string, std::string> flags;
};

/// Options by name and what is left in order. Options end at the first operand or at `--`, as in runc.
struct Arguments {
  std::map<std::string, std::vector<std::string>> values;
  std::set<std::string> flags;
  std::vector<std::string> operands;

  bool has(const std::string& flag) const { return flags.contains(flag); }
  /// The last value given, else `fallback`.
  std::string value(const std::string& name, const std::string& fallback = {}) const;
};

/// Parses `words`. With `interleaved`, options may also follow operands. Throws UsageError for an unknown option.
Arguments parseArguments(const std::vector<std::string>& words, const OptionTable& table, bool interleaved);

}  // namespace tscompose::runtime
