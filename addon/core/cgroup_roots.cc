#include "core/cgroup_roots.h"

#include <fcntl.h>

#include "core/file.h"

namespace tscompose {

CgroupRoots openCgroupRoots() {
  CgroupRoots roots;
  const std::string own = readFileIfExists("/proc/self/cgroup").value_or("");
  if (own.empty()) return roots;
  for (const CgroupHierarchy* hierarchy : hierarchiesAbove(cgroupLayout(), own)) {
    if (hierarchy->isV2) {
      roots.v2 = UniqueFd{::open(hierarchy->mount.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    } else {
      UniqueFd tasks{::open((hierarchy->mount + "/tasks").c_str(), O_WRONLY | O_CLOEXEC)};
      if (tasks) roots.v1.push_back(std::move(tasks));
    }
  }
  return roots;
}

std::vector<const CgroupHierarchy*> hierarchiesAbove(const CgroupLayout& layout, std::string_view ownCgroups) {
  std::vector<const CgroupHierarchy*> above;
  while (!ownCgroups.empty()) {
    // cgroups(7): number:controllers:path, the number 0 and no controllers for v2
    const std::string_view line = ownCgroups.substr(0, ownCgroups.find('\n'));
    ownCgroups.remove_prefix(std::min(line.size() + 1, ownCgroups.size()));
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos || line.substr(second + 1) == "/") continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const CgroupHierarchy* hierarchy =
        controllers.empty() ? layout.v2() : layout.v1(controllers.substr(0, controllers.find(',')));
    if (hierarchy != nullptr) above.push_back(hierarchy);
  }
  return above;
}

}  // namespace tscompose
