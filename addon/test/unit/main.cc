#include <cstdio>
#include <string>

#include "test/unit/test.h"

namespace tscompose::test {
std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}
}  // namespace tscompose::test

int main(int argc, char** argv) {
  using namespace tscompose::test;
  const std::string filter = argc > 1 ? argv[1] : "";
  int failed = 0;
  int passed = 0;
  for (const Case& test : cases()) {
    if (test.name.find(filter) == std::string::npos) continue;
    try {
      test.run();
      std::printf("ok   %s\n", test.name.c_str());
      passed++;
    } catch (const Skip& skip) {
      std::printf("skip %s: %s\n", test.name.c_str(), skip.what());
    } catch (const std::exception& error) {
      std::printf("FAIL %s\n     %s\n", test.name.c_str(), error.what());
      failed++;
    }
    std::fflush(stdout);
  }
  // scripts/lanes.ts reads these lines.
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
