#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tscompose {

/// A user as the kernel wants it, with what /etc/passwd adds.
struct ResolvedUser {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::vector<uint32_t> groups;  ///< supplementary
  std::string home = "/";
};

/// Resolves "name|uid[:group|gid]" in the /etc/passwd and /etc/group of the tree `root` (a directory fd), as Docker's
/// `--user` does: a numeric user needs no entry; without ":group" the primary and supplementary groups come from the
/// files. `groupNames` (names or numbers) are added. Throws InputError USER_NOT_FOUND.
ResolvedUser resolveUser(int root, const std::string& user, const std::vector<std::string>& groupNames);

/// The home directory of `uid` there, "/" when it has no entry.
std::string findHome(int root, uint32_t uid);

}  // namespace tscompose
