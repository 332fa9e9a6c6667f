#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tscompose {

using Sysctls = std::vector<std::pair<std::string, std::string>>;

struct BridgeOptions {
  std::string name;
  uint32_t mtu = 0;
  std::vector<std::string> addresses;  ///< with prefix length
  std::string macAddress;
  Sysctls sysctls;
};

struct PlugInterface {
  std::string name;
  std::string hostInterface;
  std::string bridge;
  std::string macAddress;
  uint32_t mtu = 0;
  std::vector<std::string> addresses;
  std::vector<std::string> gateways;
  bool isIsolated = false;
};

struct PlugOptions {
  std::string netnsPath;
  std::vector<PlugInterface> interfaces;
  Sysctls sysctls;
};

struct LinkStatus {
  uint32_t index = 0;
  std::string name;
  std::string kind;
  uint32_t mtu = 0;
  bool isUp = false;
  std::string macAddress;
  uint32_t master = 0;
  uint32_t peer = 0;
  std::vector<std::string> addresses;
};

/// Subnets of the calling namespace's addresses and routes (all tables but local), without default routes.
std::vector<std::string> hostSubnets();

/// Makes the bridge as `options` say and sets it up; an existing bridge is repaired. Throws SysError, or InputError
/// NAME_TAKEN when another kind of link has the name.
void ensureBridge(const BridgeOptions& options);

/// Removes links by name, all in one go; a missing one is success.
void removeLinks(const std::vector<std::string>& names);

/// Makes the namespace and its links, or repairs what is missing. What this call made is gone again when it throws.
void plug(const PlugOptions& options);

/// Removes the namespaces' mounts, their links' host ends, and what the host remembers of connections to `addresses`;
/// missing is success.
void unplug(const std::vector<std::string>& netnsPaths, const std::vector<std::string>& hostInterfaces,
            const std::vector<std::string>& addresses);

/// The links of the calling namespace.
std::vector<LinkStatus> links();

/// The links of each namespace, loopback excluded; nothing where the path is no namespace.
std::vector<std::optional<std::vector<LinkStatus>>> namespaceLinks(const std::vector<std::string>& netnsPaths);

}  // namespace tscompose
