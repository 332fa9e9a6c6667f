#include "core/network.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <span>

#include "core/netlink.h"
#include "core/nftables.h"
#include "core/sockets.h"
#include "napi/convert.h"
#include "napi/exports.h"
#include "napi/poll.h"
#include "napi/promise.h"

namespace tscompose {

namespace {

BridgeOptions bridgeOptions(const Napi::Value& value) {
  const auto options = convert::object(value, "bridge");
  return {
      .name = convert::text(options.Get("name"), "bridge.name"),
      .mtu = convert::u32(options.Get("mtu"), "bridge.mtu"),
      .addresses = convert::texts(options.Get("addresses"), "bridge.addresses"),
      .macAddress = convert::text(options.Get("macAddress"), "bridge.macAddress"),
      .sysctls = convert::pairs(options.Get("sysctls"), "bridge.sysctls"),
  };
}

PlugInterface plugInterface(const Napi::Value& value, const std::string& what) {
  const auto options = convert::object(value, what);
  return {
      .name = convert::text(options.Get("name"), what + ".name"),
      .hostInterface = convert::text(options.Get("hostInterface"), what + ".hostInterface"),
      .bridge = convert::text(options.Get("bridge"), what + ".bridge"),
      .macAddress = convert::text(options.Get("macAddress"), what + ".macAddress"),
      .mtu = convert::u32(options.Get("mtu"), what + ".mtu"),
      .addresses = convert::texts(options.Get("addresses"), what + ".addresses"),
      .gateways = convert::texts(options.Get("gateways"), what + ".gateways"),
      .isIsolated = convert::boolean(options.Get("isIsolated"), what + ".isIsolated"),
  };
}

PlugOptions plugOptions(const Napi::Value& value) {
  const auto options = convert::object(value, "options");
  return {
      .netnsPath = convert::text(options.Get("netnsPath"), "options.netnsPath"),
      .interfaces = convert::list(options.Get("interfaces"), "options.interfaces", plugInterface),
      .sysctls = convert::pairs(options.Get("sysctls"), "options.sysctls"),
  };
}

Napi::Value linkList(Napi::Env env, const std::vector<LinkStatus>& links) {
  auto result = Napi::Array::New(env, links.size());
  for (uint32_t i = 0; i < links.size(); ++i) {
    const LinkStatus& link = links[i];
    auto object = Napi::Object::New(env);
    object.Set("index", link.index);
    object.Set("name", link.name);
    object.Set("kind", link.kind);
    object.Set("mtu", link.mtu);
    object.Set("isUp", Napi::Boolean::New(env, link.isUp));
    object.Set("macAddress", link.macAddress);
    object.Set("master", link.master);
    object.Set("peer", link.peer);
    object.Set("addresses", convert::array(env, link.addresses));
    result.Set(i, object);
  }
  return result;
}

Napi::Value exportedHostSubnets(const Napi::CallbackInfo& info) {
  return promise(
      info.Env(), "hostSubnets", [] { return hostSubnets(); }, convert::array);
}

Napi::Value exportedEnsureBridge(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "ensureBridge", [options = bridgeOptions(info[0])] { ensureBridge(options); });
}

Napi::Value exportedRemoveLinks(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "removeLinks", [names = convert::texts(info[0], "names")] { removeLinks(names); });
}

Napi::Value exportedPlug(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "plug", [options = plugOptions(info[0])] { plug(options); });
}

Napi::Value exportedUnplug(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "unplug",
                 [paths = convert::texts(info[0], "netnsPaths"), names = convert::texts(info[1], "hostInterfaces"),
                  addresses = convert::texts(info[2], "addresses")] { unplug(paths, names, addresses); });
}

Napi::Value exportedLinks(const Napi::CallbackInfo& info) {
  return promise(
      info.Env(), "links", [] { return links(); }, linkList);
}

Napi::Value exportedNamespaceLinks(const Napi::CallbackInfo& info) {
  return promise(
      info.Env(), "namespaceLinks", [paths = convert::texts(info[0], "netnsPaths")] { return namespaceLinks(paths); },
      [](Napi::Env env, const std::vector<std::optional<std::vector<LinkStatus>>>& all) -> Napi::Value {
        auto result = Napi::Array::New(env, all.size());
        for (uint32_t i = 0; i < all.size(); ++i) result.Set(i, all[i] ? linkList(env, *all[i]) : env.Null());
        return result;
      });
}

std::optional<KeptSockets> keptSockets(const Napi::Value& value) {
  if (value.IsNull()) return std::nullopt;
  const auto kept = convert::object(value, "kept");
  const auto descriptor = [&](const char* name) {
    return static_cast<int>(convert::integer(kept.Get(name), std::string("kept.") + name, 0, INT32_MAX));
  };
  return KeptSockets{.pid = convert::pid(kept.Get("pid")), .udp = descriptor("udp"), .tcp = descriptor("tcp")};
}

Napi::Value exportedOpenDnsSockets(const Napi::CallbackInfo& info) {
  return promise(
      info.Env(), "openDnsSockets",
      [path = convert::text(info[0], "netnsPath"), kept = keptSockets(info[1])] { return openDnsSockets(path, kept); },
      [](Napi::Env env, DnsSockets sockets) -> Napi::Value {
        auto object = Napi::Object::New(env);
        object.Set("udp", sockets.udp.release());
        object.Set("tcp", sockets.tcp.release());
        return object;
      });
}

using OnEvent = std::shared_ptr<Napi::FunctionReference>;

void tell(Napi::Env env, const OnEvent& onEvent, const char* kind, const std::string& name) {
  auto event = Napi::Object::New(env);
  event.Set("kind", kind);
  event.Set("name", name);
  onEvent->Value().Call(env.Undefined(), {event});
}

/// Reads all datagrams that wait; `each` gets every message. An overrun is told as "lost".
template <typename Each>
void drain(Poll& poll, const OnEvent& onEvent, Each each) {
  const Napi::Env env = poll.env();
  std::vector<uint8_t> buffer(64 * 1024);
  for (;;) {
    const ssize_t length = ::recv(poll.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == ENOBUFS) {
      tell(env, onEvent, "lost", "");
      continue;
    }
    if (length <= 0) return;
    std::span<const uint8_t> datagram(buffer.data(), static_cast<size_t>(length));
    while (datagram.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header;
      std::memcpy(&header, datagram.data(), sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) break;
      each(header, datagram.subspan(sizeof header, header.nlmsg_len - sizeof header));
      datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    }
  }
}

void readLinkEvents(Poll& poll, const OnEvent& onEvent) {
  drain(poll, onEvent, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
    if (header.nlmsg_type != RTM_DELLINK || payload.size() < sizeof(ifinfomsg)) return;
    ifinfomsg link;
    std::memcpy(&link, payload.data(), sizeof link);
    if (link.ifi_family != AF_UNSPEC) return;  // AF_BRIDGE: only left its bridge
    const auto attributes = parseAttributes(payload.subspan(sizeof link), IFLA_IFNAME + 1);
    tell(poll.env(), onEvent, "link-removed", attributeText(attributes[IFLA_IFNAME]));
  });
}

/// One event per table and batch, however many of its rules changed.
void readFirewallEvents(Poll& poll, const OnEvent& onEvent) {
  std::set<std::string> changed;
  drain(poll, onEvent, [&](const nlmsghdr& header, std::span<const uint8_t> payload) {
    if ((header.nlmsg_type & 0xffU) == NFT_MSG_NEWGEN || payload.size() < 4) return;
    // The table's name is attribute 1 of tables, chains, rules, sets and elements alike.
    const auto attributes = parseAttributes(payload.subspan(4), NFTA_TABLE_NAME + 1);
    if (attributes[NFTA_TABLE_NAME].empty()) return;
    changed.insert(nftFamilyName(payload[0]) + " " + attributeText(attributes[NFTA_TABLE_NAME]));
  });
  for (const std::string& table : changed) tell(poll.env(), onEvent, "firewall-changed", table);
}

Napi::Value exportedLinkMonitor(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto onEvent =
      std::make_shared<Napi::FunctionReference>(Napi::Persistent(convert::function(info[0], "onEvent")));
  return guard(env, "linkMonitor", [&]() -> Napi::Value {
    UniqueFd links = openLinkEvents();
    UniqueFd firewall = openFirewallEvents();
    auto first = Poll::start(env, std::move(links), false, [onEvent](Poll& poll) {
                   readLinkEvents(poll, onEvent);
                 })->handleObject();
    auto second = Poll::start(env, std::move(firewall), false, [onEvent](Poll& poll) {
                    readFirewallEvents(poll, onEvent);
                  })->handleObject();
    const auto both = std::make_shared<std::array<Napi::ObjectReference, 2>>();
    (*both)[0] = Napi::Persistent(first);
    (*both)[1] = Napi::Persistent(second);
    auto handle = Napi::Object::New(env);
    handle.Set("close", Napi::Function::New(
                            env,
                            [both](const Napi::CallbackInfo&) {
                              for (auto& one : *both) {
                                if (!one.IsEmpty()) one.Get("close").As<Napi::Function>().Call(one.Value(), {});
                                one.Reset();
                              }
                            },
                            "close"));
    return handle;
  });
}

}  // namespace

void exportNetwork(Napi::Env env, Napi::Object exports) {
  exports.Set("hostSubnets", Napi::Function::New<exportedHostSubnets>(env, "hostSubnets"));
  exports.Set("ensureBridge", Napi::Function::New<exportedEnsureBridge>(env, "ensureBridge"));
  exports.Set("removeLinks", Napi::Function::New<exportedRemoveLinks>(env, "removeLinks"));
  exports.Set("plug", Napi::Function::New<exportedPlug>(env, "plug"));
  exports.Set("unplug", Napi::Function::New<exportedUnplug>(env, "unplug"));
  exports.Set("links", Napi::Function::New<exportedLinks>(env, "links"));
  exports.Set("openDnsSockets", Napi::Function::New<exportedOpenDnsSockets>(env, "openDnsSockets"));
  exports.Set("linkMonitor", Napi::Function::New<exportedLinkMonitor>(env, "linkMonitor"));
  exports.Set("namespaceLinks", Napi::Function::New<exportedNamespaceLinks>(env, "namespaceLinks"));
}

}  // namespace tscompose
