#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "core/file.h"
#include "launcher/guess.h"
#include "test/unit/test.h"

using namespace tscompose;

namespace {

using Files = std::map<std::string, std::string>;

constexpr const char* kServices = "services:\n  web:\n    image: rootfs:/\n";

/// A directory called "My.Shop" with the files of a project.
class Project {
 public:
  explicit Project(const Files& files) {
    char path[] = "/tmp/tscompose-launcher-XXXXXX";
    root_ = ::mkdtemp(path);
    directory = root_ + "/My.Shop";
    ::mkdir(directory.c_str(), 0700);
    for (const auto& [name, text] : files) std::ofstream(directory + "/" + name) << text;
  }
  ~Project() { removeTree(root_); }

  /// The name, "-" when nothing is guessed.
  std::string guess(std::vector<std::string> arguments,
                    const std::map<std::string, std::string>& variables = {}) const {
    const auto found = guessSupervisor({.arguments = std::move(arguments),
                                        .workingDirectory = directory,
                                        .variable = [&](const char* name) -> std::optional<std::string> {
                                          const auto entry = variables.find(name);
                                          if (entry == variables.end()) return std::nullopt;
                                          return entry->second;
                                        }});
    return found ? found->projectName + (found->stateDir.empty() ? "" : " in " + found->stateDir) : "-";
  }

  std::string directory;

 private:
  std::string root_;
};

}  // namespace

TEST("launcher: the name is the flag's, the variable's, the file's or the directory's") {
  const Project plain(Files{{"compose.yaml", kServices}});
  CHECK_EQUAL(plain.guess({"up", "-d"}), "myshop");
  CHECK_EQUAL(plain.guess({"-p", "other", "run", "web", "true"}), "other");
  CHECK_EQUAL(plain.guess({"--project-name=other", "--ansi", "never", "restart"}), "other");
  CHECK_EQUAL(plain.guess({"up"}, {{"COMPOSE_PROJECT_NAME", "shop"}}), "shop");
  const Project named(Files{{"docker-compose.yml", std::string("name: stack-1\n") + kServices}});
  CHECK_EQUAL(named.guess({"up"}), "stack-1");
  CHECK_EQUAL(named.guess({"-f", named.directory + "/docker-compose.yml", "up"}), "stack-1");
  CHECK_EQUAL(named.guess({"-f", "docker-compose.yml", "create"}), "stack-1");
}

TEST("launcher: the state directory is told, absolute") {
  const Project project(Files{{"compose.yaml", kServices}});
  CHECK_EQUAL(project.guess({"--state-dir", "/s", "up"}), "myshop in /s");
  CHECK_EQUAL(project.guess({"up"}, {{"TSCOMPOSE_STATE_DIR", "s"}}), "myshop in " + project.directory + "/s");
}

TEST("launcher: a command that starts nothing gets no supervisor") {
  const Project project(Files{{"compose.yaml", kServices}});
  for (const char* name : {"ps", "down", "logs", "config", "help"}) CHECK_EQUAL(project.guess({name}), "-");
  CHECK_EQUAL(project.guess({}), "-");
  CHECK_EQUAL(project.guess({"up", "--dry-run"}), "-");
  CHECK_EQUAL(project.guess({"--dry-run", "up"}), "-");
  CHECK_EQUAL(project.guess({"up", "--help"}), "-");
}

TEST("launcher: what is not plain is left to the command") {
  const Project project(Files{{"compose.yaml", kServices}});
  CHECK_EQUAL(project.guess({"-p", "Not A Name", "up"}), "-");
  CHECK_EQUAL(project.guess({"-f", "-", "up"}), "-");
  CHECK_EQUAL(project.guess({"-f", "a.yaml", "-f", "b.yaml", "up"}), "-");
  CHECK_EQUAL(project.guess({"-f", "missing.yaml", "up"}), "-");
  CHECK_EQUAL(project.guess({"--env-file", "x", "up"}), "-");
  CHECK_EQUAL(project.guess({"--project-directory", "/", "up"}), "-");
  CHECK_EQUAL(project.guess({"--unknown", "up"}), "-");
  CHECK_EQUAL(project.guess({"-p"}), "-");
  CHECK_EQUAL(project.guess({"up"}, {{"COMPOSE_FILE", "x.yaml"}}), "-");
  for (const Files& files : {Files{},
                             {{"compose.yaml", "name: ${NAME}\nservices: {}\n"}},
                             {{"compose.yaml", "name: \"a\"\nservices: {}\n"}},
                             {{"compose.yaml", "name: a\nname: b\nservices: {}\n"}},
                             {{"compose.yaml", "{name: a, services: {}}\n"}},
                             {{"compose.yaml", "services: {}\n---\nname: b\n"}},
                             {{"compose.yaml", "include: [other.yaml]\n"}},
                             {{"compose.yaml", kServices}, {"compose.override.yaml", "name: x\n"}},
                             {{"compose.yaml", kServices}, {".env", "COMPOSE_PROJECT_NAME=x\n"}}})
    CHECK_EQUAL(Project(files).guess({"up"}), "-");
}
