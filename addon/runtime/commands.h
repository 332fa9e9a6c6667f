#pragma once

#include <string>
#include <vector>

#include "runtime/options.h"
#include "runtime/state.h"

/// One function per verb of the OCI command line; each returns the exit code.
namespace tscompose::runtime {

struct Global {
  Store store;
  bool systemdCgroup = false;
  /// Descriptors 3, 4, … that our caller left open: as many as --preserve-fds may ask for.
  unsigned inheritedFds = 0;
  /// Warnings go where errors go, but are not the answer.
  void (*warn)(const std::string& message);
};

using Words = std::vector<std::string>;

int createCommand(const Global& global, const Words& arguments);
int startCommand(const Global& global, const Words& arguments);
int runCommand(const Global& global, const Words& arguments);
int stateCommand(const Global& global, const Words& arguments);
int killCommand(const Global& global, const Words& arguments);
int deleteCommand(const Global& global, const Words& arguments);
int execCommand(const Global& global, const Words& arguments);
int psCommand(const Global& global, const Words& arguments);
int listCommand(const Global& global, const Words& arguments);
int featuresCommand(const Global& global, const Words& arguments);
int pauseCommand(const Global& global, const Words& arguments);
int resumeCommand(const Global& global, const Words& arguments);
int updateCommand(const Global& global, const Words& arguments);

/// The number that --preserve-fds gives. Throws InputError USAGE for more than there are: the next ones are our own.
unsigned preservedFds(const Global& global, const Options& options);

/// Takes away everything of a container: process, cgroup, state. Shared by delete, run and a failed create.
void destroy(const Global& global, const Record& record);

}  // namespace tscompose::runtime
