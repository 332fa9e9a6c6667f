#include "launcher/guess.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"
#include "core/file.h"

namespace tscompose {

namespace {

constexpr std::array kStarting{"create", "restart", "run", "scale", "start", "up"};
constexpr std::array kFlags{"--all-resources", "--compatibility", "--no-ansi", "--verbose"};
constexpr std::array kValued{"--ansi",     "--env-file",          "--file",         "--parallel",  "--profile",
                             "--progress", "--project-directory", "--project-name", "--state-dir", "--workdir"};
constexpr std::array kFiles{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"};
constexpr std::array kOverrides{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml",
                                "docker-compose.override.yaml"};
constexpr size_t kMostText = 1U << 20U;

template <size_t N>
bool contains(const std::array<const char*, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The flags before the command that matter here.
struct Globals {
  std::string file;
  std::string projectName;
  std::string stateDir;
};

/// Nothing when there is anything that takes the whole parser.
std::optional<Globals> parse(const std::vector<std::string>& arguments) {
  Globals globals;
  size_t at = 0;
  for (; at < arguments.size() && arguments[at].starts_with('-'); ++at) {
    std::string name = arguments[at];
    if (contains(kFlags, name)) continue;
    std::string value;
    if (const size_t equals = name.find('='); name.starts_with("--") && equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (++at < arguments.size()) {
      value = arguments[at];
    }
    if (name == "-f") name = "--file";
    if (name == "-p") name = "--project-name";
    if (!contains(kValued, name) || value.empty()) return std::nullopt;
    std::string* kept = name == "--file"           ? &globals.file
                        : name == "--project-name" ? &globals.projectName
                        : name == "--state-dir"    ? &globals.stateDir
                                                   : nullptr;
    if (name == "--env-file" || name == "--project-directory" || name == "--workdir") return std::nullopt;
    if (kept == nullptr) continue;
    if (!kept->empty()) return std::nullopt;
    *kept = value;
  }
  if (at == arguments.size() || !contains(kStarting, arguments[at])) return std::nullopt;
  for (; at < arguments.size(); ++at) {
    const std::string& word = arguments[at];
    if (word == "--dry-run" || word == "--help" || word == "-h") return std::nullopt;
  }
  return globals;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string join(const std::string& directory, const std::string& path) {
  return path.starts_with('/') ? path : directory + "/" + path;
}

/// The file that is loaded; empty when there are several, or none.
std::string composeFile(const std::string& directory) {
  for (const char* name : kOverrides) {
    if (exists(join(directory, name))) return {};
  }
  for (const char* name : kFiles) {
    if (exists(join(directory, name))) return join(directory, name);
  }
  return {};
}

bool isNamePart(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
}

bool isName(std::string_view name) {
  return !name.empty() && name.front() != '-' && name.front() != '_' &&
         std::all_of(name.begin(), name.end(), isNamePart);
}

/// Lower case and without what no name may hold; empty for what is beyond ASCII.
std::string normalize(std::string_view text) {
  std::string name;
  for (const char letter : text) {
    if (static_cast<unsigned char>(letter) >= 0x80) return {};
    const char lower = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    if (isNamePart(lower) && (!name.empty() || (lower != '-' && lower != '_'))) name += lower;
  }
  return name;
}

/// The plain top-level `name:` of a file, or its directory's; empty when it takes the loader to know.
std::string nameOf(const std::string& path) {
  const std::string text = readFile(path, kMostText);
  std::string name;
  bool hasServices = false;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with("services:")) hasServices = true;
    if (line.starts_with("---") || line.starts_with("'") || line.starts_with("\"") || line.starts_with("{")) return {};
    if (!line.starts_with("name")) continue;
    line.remove_prefix(4);
    if (!line.starts_with(": ") || !name.empty()) return {};
    line.remove_prefix(2);
    if (!isName(line)) return {};
    name = line;
  }
  if (!hasServices) return {};
  if (!name.empty()) return name;
  const size_t slash = path.rfind('/');
  const std::string_view directory = std::string_view(path).substr(0, slash);
  return normalize(directory.substr(directory.rfind('/') + 1));
}

/// Whether a `.env` stands for flags.
bool hasComposeVariables(const std::string& directory) {
  const auto text = readFileIfExists(join(directory, ".env"));
  return text && text->find("COMPOSE_") != std::string::npos;
}

std::optional<SupervisorGuess> guess(const Standpoint& standpoint) {
  const auto globals = parse(standpoint.arguments);
  if (!globals) return std::nullopt;
  std::string stateDir = globals->stateDir;
  if (stateDir.empty()) stateDir = standpoint.variable("TSCOMPOSE_STATE_DIR").value_or("");
  if (!stateDir.empty()) stateDir = join(standpoint.workingDirectory, stateDir);
  std::string name = globals->projectName;
  if (name.empty()) name = standpoint.variable("COMPOSE_PROJECT_NAME").value_or("");
  if (name.empty()) {
    for (const char* other : {"COMPOSE_FILE", "COMPOSE_ENV_FILES", "COMPOSE_DISABLE_ENV_FILE"}) {
      if (standpoint.variable(other)) return std::nullopt;
    }
    const std::string& given = globals->file;
    const std::string& here = standpoint.workingDirectory;
    // "." and ".." in a path would take resolving to know the directory's name.
    if (given == "-" || given.find("./") != std::string::npos) return std::nullopt;
    const std::string file = given.empty() ? composeFile(here) : join(here, given);
    if (file.empty() || hasComposeVariables(file.substr(0, file.rfind('/')))) return std::nullopt;
    name = nameOf(file);
  }
  if (!isName(name)) return std::nullopt;
  return SupervisorGuess{.projectName = name, .stateDir = stateDir};
}

}  // namespace

std::optional<SupervisorGuess> guessSupervisor(const Standpoint& standpoint) {
  try {
    return guess(standpoint);
  } catch (const SysError&) {
    return std::nullopt;  // an unreadable file: the command will say so
  }
}

}  // namespace tscompose
