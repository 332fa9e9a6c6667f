#pragma once

#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

/// A test is a function with a sentence for a name; CHECK throws. main.cc runs all whose name holds argv[1].
namespace tscompose::test {

struct Case {
  std::string name;
  std::function<void()> run;
};

std::vector<Case>& cases();

struct Register {
  Register(std::string name, std::function<void()> run) { cases().push_back({std::move(name), std::move(run)}); }
};

/// Thrown, with what it lacks, where this kernel cannot show what a test asks for: the test must pass in another lane
/// (scripts/lanes.ts).
struct Skip : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& text) {
  throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + text);
}

template <typename A, typename B>
void checkEqual(const A& actual, const B& expected, const char* file, int line, const char* text) {
  if (actual == expected) return;
  std::ostringstream message;
  message << text << " is " << actual << ", not " << expected;
  fail(file, line, message.str());
}

/// The exception of type `Error` that `run` throws.
template <typename Error>
Error checkThrows(const std::function<void()>& run, const char* file, int line) {
  try {
    run();
  } catch (const Error& error) {
    return error;
  }
  fail(file, line, "nothing was thrown");
}

}  // namespace tscompose::test

#define TSCOMPOSE_JOIN2(a, b) a##b
#define TSCOMPOSE_JOIN(a, b) TSCOMPOSE_JOIN2(a, b)
#define TEST(name)                                                                                                   \
  static void TSCOMPOSE_JOIN(test, __LINE__)();                                                                      \
  static const ::tscompose::test::Register TSCOMPOSE_JOIN(register, __LINE__){name, TSCOMPOSE_JOIN(test, __LINE__)}; \
  static void TSCOMPOSE_JOIN(test, __LINE__)()
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) ::tscompose::test::fail(__FILE__, __LINE__, #condition); \
  } while (false)
#define CHECK_EQUAL(actual, expected) ::tscompose::test::checkEqual(actual, expected, __FILE__, __LINE__, #actual)
#define CHECK_THROWS(type, ...) ::tscompose::test::checkThrows<type>([&] { __VA_ARGS__; }, __FILE__, __LINE__)
