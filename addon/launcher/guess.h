#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tscompose {

/// The supervisor that a command line will want.
struct SupervisorGuess {
  std::string projectName;
  std::string stateDir;  ///< empty: the default
};

/// Where a command line stands.
struct Standpoint {
  std::vector<std::string> arguments;  ///< without the program's name
  std::string workingDirectory;
  std::function<std::optional<std::string>(const char*)> variable;
};

/// What the command will find out itself a while later (src/cli/project.ts): only when it is plain. Nothing when the
/// command needs no supervisor, or when the name takes more than a look at one file. Reads files; throws nothing.
std::optional<SupervisorGuess> guessSupervisor(const Standpoint& standpoint);

}  // namespace tscompose
