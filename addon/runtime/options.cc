#include "runtime/options.h"

#include <algorithm>

#include "core/error.h"

namespace tscompose::runtime {

Options Options::parse(const std::vector<std::string>& arguments, const std::vector<OptionRule>& rules,
                       bool stopAtOperand) {
  Options result;
  for (size_t index = 0; index < arguments.size(); ++index) {
    const auto& argument = arguments[index];
    if (argument == "--") {
      result.operands_.insert(result.operands_.end(), arguments.begin() + static_cast<long>(index) + 1,
                              arguments.end());
      break;
    }
    if (argument.size() < 2 || argument.front() != '-') {
      if (stopAtOperand && !result.operands_.empty()) {
        result.operands_.insert(result.operands_.end(), arguments.begin() + static_cast<long>(index), arguments.end());
        break;
      }
      result.operands_.push_back(argument);
      continue;
    }
    if (stopAtOperand && !result.operands_.empty()) {
      result.operands_.insert(result.operands_.end(), arguments.begin() + static_cast<long>(index), arguments.end());
      break;
    }
    auto equals = argument.find('=');
    auto spelled = argument.substr(0, equals);
    /* like Go's flag package, which runc uses: one dash or two */
    auto name = spelled.substr(spelled.rfind("--", 0) == 0 ? 2 : 1);
    auto rule = std::find_if(rules.begin(), rules.end(), [&](const OptionRule& entry) {
      return name == entry.name || (name.size() == 1 && entry.letter != 0 && name[0] == entry.letter);
    });
    if (rule == rules.end()) throw InputError("USAGE", "unknown option: " + spelled);
    std::string value;
    if (rule->takesValue) {
      if (equals != std::string::npos)
        value = argument.substr(equals + 1);
      else if (++index < arguments.size())
        value = arguments[index];
      else
        throw InputError("USAGE", "option " + spelled + " needs a value");
    } else if (equals != std::string::npos) {
      auto word = argument.substr(equals + 1);
      if (word == "false") continue;
      if (word != "true") throw InputError("USAGE", "option " + spelled + " takes true or false");
    }
    result.values_[rule->name].push_back(value);
  }
  return result;
}

std::optional<std::string> Options::find(const std::string& name) const {
  auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Options::all(const std::string& name) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

const std::string& Options::operand(size_t index, const char* what) const {
  if (index >= operands_.size()) throw InputError("USAGE", std::string{what} + " is missing");
  return operands_[index];
}

}  // namespace tscompose::runtime
