#include "core/network.h"

#include "napi/convert.h"
#include "napi/exports.h"
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
  return promise(info.Env(), "hostSubnets", [] { return hostSubnets(); }, convert::array);
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
                 [paths = convert::texts(info[0], "netnsPaths"), names = convert::texts(info[1], "hostInterfaces")] {
                   unplug(paths, names);
                 });
}

Napi::Value exportedLinks(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "links", [] { return links(); }, linkList);
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

}  // namespace

void exportNetwork(Napi::Env env, Napi::Object exports) {
  exports.Set("hostSubnets", Napi::Function::New<exportedHostSubnets>(env, "hostSubnets"));
  exports.Set("ensureBridge", Napi::Function::New<exportedEnsureBridge>(env, "ensureBridge"));
  exports.Set("removeLinks", Napi::Function::New<exportedRemoveLinks>(env, "removeLinks"));
  exports.Set("plug", Napi::Function::New<exportedPlug>(env, "plug"));
  exports.Set("unplug", Napi::Function::New<exportedUnplug>(env, "unplug"));
  exports.Set("links", Napi::Function::New<exportedLinks>(env, "links"));
  exports.Set("namespaceLinks", Napi::Function::New<exportedNamespaceLinks>(env, "namespaceLinks"));
}

}  // namespace tscompose
