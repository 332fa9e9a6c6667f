#pragma once

#include <string>
#include <vector>

#include "runtime/state.h"

/// One function per verb of the OCI command line; each returns the exit code.
namespace tscompose::runtime {

struct Global {
  Store store;
  bool systemdCgroup = false;
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

/// Takes away everything of a container: process, cgroup, state. Shared by delete, run and a failed create.
void destroy(const Global& global, const Record& record);

}  // namespace tscompose::runtime
