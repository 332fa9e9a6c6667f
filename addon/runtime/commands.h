#pragma once

#include <string>
#include <vector>

#include "runtime/container_store.h"

namespace tscompose::runtime {

/// What the global options say.
struct Globals {
  std::string root = "/run/tscompose-runtime";
  bool systemdCgroup = false;
};

using Words = std::vector<std::string>;

/// One function a verb; the result is the exit code. They throw UsageError, InputError, SysError and LaunchError.
int commandCreate(const Globals& globals, const Words& words);
int commandRun(const Globals& globals, const Words& words);
int commandStart(const Globals& globals, const Words& words);
int commandState(const Globals& globals, const Words& words);
int commandKill(const Globals& globals, const Words& words);
int commandDelete(const Globals& globals, const Words& words);
int commandExec(const Globals& globals, const Words& words);
int commandPs(const Globals& globals, const Words& words);
int commandList(const Globals& globals, const Words& words);
int commandPause(const Globals& globals, const Words& words);
int commandResume(const Globals& globals, const Words& words);
int commandUpdate(const Globals& globals, const Words& words);
int commandFeatures(const Globals& globals, const Words& words);

}  // namespace tscompose::runtime
