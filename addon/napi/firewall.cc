#include <memory>
#include <mutex>

#include "core/forwarder.h"
#include "core/nftables.h"
#include "napi/convert.h"
#include "napi/exports.h"
#include "napi/promise.h"

namespace tscompose {

namespace {

NftExpression expression(const Napi::Value& value, const std::string& what) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 2) convert::typeError(value.Env(), what, "a pair");
  const auto pair = value.As<Napi::Array>();
  NftExpression result{.name = convert::text(pair.Get(0U), what + "[0]"), .attributes = {}};
  const auto attributes = convert::object(pair.Get(1U), what + "[1]");
  const auto names = attributes.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = convert::text(names.Get(i), what);
    const Napi::Value attribute = attributes.Get(name);
    if (attribute.IsString()) {
      result.attributes.emplace_back(name, convert::text(attribute, what + "." + name));
    } else if (attribute.IsTypedArray()) {
      result.attributes.emplace_back(name, convert::bytes(attribute, what + "." + name));
    } else {
      result.attributes.emplace_back(name, uint64_t{convert::u32(attribute, what + "." + name)});
    }
  }
  return result;
}

NftSet set(const Napi::Value& value, const std::string& what) {
  const auto options = convert::object(value, what);
  return {
      .name = convert::text(options.Get("name"), what + ".name"),
      .keyLength = convert::u32(options.Get("keyLength"), what + ".keyLength"),
      .dataLength = convert::u32(options.Get("dataLength"), what + ".dataLength"),
      .keyType = convert::u32(options.Get("keyType"), what + ".keyType"),
      .dataType = convert::u32(options.Get("dataType"), what + ".dataType"),
      .elements = convert::list(options.Get("elements"), what + ".elements",
                                [](const Napi::Value& item, const std::string& name) {
                                  const auto element = convert::object(item, name);
                                  NftElement result{.key = convert::bytes(element.Get("key"), name + ".key"),
                                                    .data = {}};
                                  if (const Napi::Value data = element.Get("data"); !data.IsUndefined()) {
                                    result.data = convert::bytes(data, name + ".data");
                                  }
                                  return result;
                                }),
  };
}

NftHook hook(const Napi::Value& value, const std::string& what) {
  const auto options = convert::object(value, what);
  NftHook result{
      .type = convert::text(options.Get("type"), what + ".type"),
      .name = convert::text(options.Get("name"), what + ".name"),
      .priority =
          static_cast<int32_t>(convert::integer(options.Get("priority"), what + ".priority", INT32_MIN, INT32_MAX)),
      .devices = {},
  };
  if (const Napi::Value devices = options.Get("devices"); !devices.IsUndefined()) {
    result.devices = convert::texts(devices, what + ".devices");
  }
  return result;
}

NftChain chain(const Napi::Value& value, const std::string& what) {
  const auto options = convert::object(value, what);
  NftChain result{.name = convert::text(options.Get("name"), what + ".name"), .hook = {}, .rules = {}};
  if (const Napi::Value base = options.Get("hook"); !base.IsUndefined()) result.hook = hook(base, what + ".hook");
  result.rules = convert::list(
      options.Get("rules"), what + ".rules",
      [](const Napi::Value& rule, const std::string& name) { return convert::list(rule, name, expression); });
  return result;
}

NftTable table(const Napi::Value& value, const std::string& what) {
  const auto options = convert::object(value, what);
  return {
      .family = convert::text(options.Get("family"), what + ".family"),
      .name = convert::text(options.Get("name"), what + ".name"),
      .digest = convert::text(options.Get("digest"), what + ".digest"),
      .sets = convert::list(options.Get("sets"), what + ".sets", set),
      .chains = convert::list(options.Get("chains"), what + ".chains", chain),
  };
}

NftGuest guest(const Napi::Value& value, const std::string& what) {
  const auto options = convert::object(value, what);
  return {
      .family = convert::text(options.Get("family"), what + ".family"),
      .table = convert::text(options.Get("table"), what + ".table"),
      .chain = convert::text(options.Get("chain"), what + ".chain"),
      .owner = convert::text(options.Get("owner"), what + ".owner"),
      .digest = convert::text(options.Get("digest"), what + ".digest"),
      .rules = convert::list(
          options.Get("rules"), what + ".rules",
          [](const Napi::Value& rule, const std::string& name) { return convert::list(rule, name, expression); }),
  };
}

/// Calls `work` with the process's one session in the host's namespace; it lives as long as the process.
template <typename Work>
auto withNftables(Work work) {
  static std::mutex mutex;
  static auto* nftables = new Nftables();
  const std::lock_guard lock(mutex);
  return work(*nftables);
}

Napi::Value exportedReplaceTables(const Napi::CallbackInfo& info) {
  return promise(info.Env(), "replaceTables",
                 [tables = convert::list(info[0], "tables", table), guests = convert::list(info[1], "guests", guest)] {
                   withNftables([&](Nftables& nftables) { nftables.replaceTables(tables, guests); });
                 });
}

Napi::Value exportedRulesStatus(const Napi::CallbackInfo& info) {
  return promise(
      info.Env(), "rulesStatus",
      [family = convert::text(info[0], "family"), name = convert::text(info[1], "name"),
       guests = convert::list(info[2], "guests", guest)] {
        return withNftables([&](Nftables& nftables) { return nftables.status(family, name, guests); });
      },
      [](Napi::Env env, const RulesStatus& status) -> Napi::Value {
        auto result = Napi::Object::New(env);
        result.Set("table", env.Null());
        if (status.table) {
          auto table = Napi::Object::New(env);
          table.Set("digest", status.table->digest);
          table.Set("chains", status.table->chains);
          table.Set("rules", status.table->rules);
          table.Set("elements", status.table->elements);
          result.Set("table", table);
        }
        auto guests = Napi::Array::New(env, status.guests.size());
        for (uint32_t i = 0; i < status.guests.size(); ++i) {
          auto object = Napi::Object::New(env);
          object.Set("rules", status.guests[i].rules);
          object.Set("last", status.guests[i].last);
          guests.Set(i, object);
        }
        result.Set("guests", guests);
        return result;
      });
}

Napi::Value exportedForwardChains(const Napi::CallbackInfo& info) {
  return promise(
      info.Env(), "forwardChains",
      [] { return withNftables([](Nftables& nftables) { return nftables.forwardChains(); }); },
      [](Napi::Env env, const std::vector<ForwardChain>& chains) -> Napi::Value {
        auto result = Napi::Array::New(env, chains.size());
        for (uint32_t i = 0; i < chains.size(); ++i) {
          auto object = Napi::Object::New(env);
          object.Set("family", chains[i].family);
          object.Set("table", chains[i].table);
          object.Set("chain", chains[i].chain);
          object.Set("policy", chains[i].policy);
          result.Set(i, object);
        }
        return result;
      });
}

Napi::Value exportedStartForwarder(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto queue = static_cast<uint16_t>(convert::integer(info[0], "queue", 0, UINT16_MAX));
  const std::string lockPath = convert::text(info[1], "lockPath");
  return guard(env, "startForwarder", [&]() -> Napi::Value {
    const auto forwarder = std::make_shared<Forwarder>(queue, lockPath);
    auto handle = Napi::Object::New(env);
    handle.Set("close", Napi::Function::New(
                            env, [forwarder](const Napi::CallbackInfo&) { forwarder->stop(); }, "close"));
    return handle;
  });
}

}  // namespace

void exportFirewall(Napi::Env env, Napi::Object exports) {
  exports.Set("replaceTables", Napi::Function::New<exportedReplaceTables>(env, "replaceTables"));
  exports.Set("startForwarder", Napi::Function::New<exportedStartForwarder>(env, "startForwarder"));
  exports.Set("rulesStatus", Napi::Function::New<exportedRulesStatus>(env, "rulesStatus"));
  exports.Set("forwardChains", Napi::Function::New<exportedForwardChains>(env, "forwardChains"));
}

}  // namespace tscompose
