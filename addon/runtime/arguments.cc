#include "runtime/arguments.h"

namespace tscompose::runtime {

std::string Arguments::value(const std::string& name, const std::string& fallback) const {
  const auto found = values.find(name);
  return found == values.end() ? fallback : found->second.back();
}

Arguments parseArguments(const std::vector<std::string>& words, const OptionTable& table, bool interleaved) {
  Arguments result;
  size_t i = 0;
  for (; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      ++i;
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      if (!interleaved) break;
      result.operands.push_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const std::string spelling = word.substr(0, equals);
    if (const auto flag = table.flags.find(spelling); flag != table.flags.end()) {
      if (equals == std::string::npos || word.substr(equals + 1) == "true") result.flags.insert(flag->second);
      continue;
    }
    const auto valued = table.valued.find(spelling);
    if (valued == table.valued.end()) throw UsageError("unknown option " + spelling);
    if (equals != std::string::npos) {
      result.values[valued->second].push_back(word.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      result.values[valued->second].push_back(words[++i]);
    } else {
      throw UsageError("option " + spelling + " needs a value");
    }
  }
  result.operands.insert(result.operands.end(), words.begin() + static_cast<ptrdiff_t>(i), words.end());
  return result;
}

}  // namespace tscompose::runtime
