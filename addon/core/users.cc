#include "core/users.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/file.h"

namespace tscompose {

namespace {

using Fields = std::vector<std::string_view>;

Fields split(std::string_view text, char separator) {
  Fields parts;
  for (;;) {
    auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<uint32_t> parseId(std::string_view text) {
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value > 0x7fffffffU)
    return std::nullopt;
  return value;
}

/// The lines of a colon-separated file that have at least `count` fields.
std::vector<Fields> readTable(const std::optional<std::string>& text, size_t count) {
  std::vector<Fields> rows;
  if (!text) return rows;
  for (auto line : split(*text, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    auto fields = split(line, ':');
    if (fields.size() >= count) rows.push_back(std::move(fields));
  }
  return rows;
}

constexpr size_t kPasswdFields = 6; /* name:password:uid:gid:gecos:home(:shell) */
constexpr size_t kGroupFields = 3;  /* name:password:gid(:members) */

uint32_t resolveGroup(const std::vector<Fields>& groups, std::string_view name) {
  for (const auto& row : groups)
    if (row[0] == name)
      if (auto gid = parseId(row[2])) return *gid;
  if (auto gid = parseId(name)) return *gid;
  throw InputError("USER_NOT_FOUND",
                   "unable to find group " + std::string{name} + ": no matching entries in group file");
}

}  // namespace

ResolvedUser resolveUser(int root, const std::string& user, const std::vector<std::string>& groupNames) {
  auto passwdText = readFileInRoot(root, "etc/passwd");
  auto groupText = readFileInRoot(root, "etc/group");
  auto passwd = readTable(passwdText, kPasswdFields);
  auto groups = readTable(groupText, kGroupFields);
  auto colon = user.find(':');
  std::string_view userPart = std::string_view{user}.substr(0, colon);
  std::string_view groupPart =
      colon == std::string::npos ? std::string_view{} : std::string_view{user}.substr(colon + 1);

  ResolvedUser result;
  auto numeric = parseId(userPart);
  std::string_view name;
  auto row = std::find_if(passwd.begin(), passwd.end(), [&](const Fields& fields) {
    return userPart.empty() ? fields[2] == "0" : fields[0] == userPart;
  });
  if (row == passwd.end() && numeric)
    row =
        std::find_if(passwd.begin(), passwd.end(), [&](const Fields& fields) { return parseId(fields[2]) == numeric; });
  if (row != passwd.end()) {
    auto uid = parseId((*row)[2]);
    auto gid = parseId((*row)[3]);
    if (!uid || !gid)
      throw InputError("USER_NOT_FOUND", "the entry of " + std::string{userPart} + " in the passwd file is damaged");
    name = (*row)[0];
    result.uid = *uid;
    result.gid = *gid;
    if (!(*row)[5].empty()) result.home = std::string{(*row)[5]};
  } else if (numeric) {
    result.uid = *numeric;
  } else if (!userPart.empty()) {
    throw InputError("USER_NOT_FOUND",
                     "unable to find user " + std::string{userPart} + ": no matching entries in passwd file");
  }

  if (!groupPart.empty()) {
    result.gid = resolveGroup(groups, groupPart);
  } else if (!name.empty()) {
    for (const auto& group : groups) {
      if (group.size() < 4) continue;
      auto members = split(group[3], ',');
      if (std::find(members.begin(), members.end(), name) == members.end()) continue;
      if (auto gid = parseId(group[2])) result.groups.push_back(*gid);
    }
  }
  for (const auto& group : groupNames) result.groups.push_back(resolveGroup(groups, group));
  return result;
}

std::string findHome(int root, uint32_t uid) {
  std::optional<std::string> text;
  try {
    text = readFileInRoot(root, "etc/passwd");
  } catch (const std::exception&) {
    /* HOME is a convenience: an odd passwd file does not keep a container with a numeric user from starting */
    return "/";
  }
  for (const auto& row : readTable(text, kPasswdFields))
    if (parseId(row[2]) == uid && !row[5].empty()) return std::string{row[5]};
  return "/";
}

}  // namespace tscompose
