#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/copy_entries.h"
#include "core/fd.h"
#include "core/file.h"
#include "core/list_tree.h"
#include "core/overlay.h"
#include "napi/convert.h"
#include "napi/exports.h"
#include "napi/promise.h"

namespace tscompose {

namespace {

std::string optionalText(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  return value.IsUndefined() ? std::string{} : convert::text(value, name);
}

template <typename Number>
std::optional<Number> optionalNumber(const Napi::Object& object, const char* name, int64_t least, int64_t most) {
  const Napi::Value value = object.Get(name);
  if (value.IsUndefined()) return std::nullopt;
  return static_cast<Number>(convert::integer(value, name, least, most));
}

Napi::Value exportedOpenOverlay(const Napi::CallbackInfo& info) {
  const auto options = convert::object(info[0], "overlay");
  Overlay overlay;
  overlay.lower = convert::texts(options.Get("lower"), "lower");
  overlay.upper = optionalText(options, "upper");
  overlay.work = optionalText(options, "work");
  if (overlay.lower.empty()) convert::typeError(info.Env(), "lower", "a list with at least one directory");
  return promise(
      info.Env(), "openOverlay",
      [overlay = std::move(overlay), place = convert::text(options.Get("place"), "place")] {
        return makeOverlay(overlay, place);
      },
      [](Napi::Env env, UniqueFd fd) { return Napi::Number::New(env, fd.release()); });
}

TreeEntry::Kind kindOf(const Napi::Value& value) {
  const std::string kind = convert::text(value, "kind");
  if (kind == "directory") return TreeEntry::Kind::kDirectory;
  if (kind == "file") return TreeEntry::Kind::kFile;
  if (kind == "other") return TreeEntry::Kind::kOther;
  if (kind == "link") return TreeEntry::Kind::kHardLink;
  convert::typeError(value.Env(), "kind", "directory, file, other or link");
}

TreeEntry entryOf(const Napi::Value& value, const std::string& what) {
  const auto object = convert::object(value, what);
  TreeEntry entry;
  entry.kind = kindOf(object.Get("kind"));
  entry.target = convert::text(object.Get("target"), "target");
  entry.source = optionalText(object, "source");
  if (const Napi::Value content = object.Get("content"); !content.IsUndefined()) {
    const auto bytes = convert::bytes(content, "content");
    entry.content.assign(bytes.begin(), bytes.end());
  }
  entry.mode = optionalNumber<mode_t>(object, "mode", 0, 07777);
  entry.uid = optionalNumber<uid_t>(object, "uid", 0, UINT32_MAX - 1);
  entry.gid = optionalNumber<gid_t>(object, "gid", 0, UINT32_MAX - 1);
  entry.modified = optionalNumber<int64_t>(object, "modified", 0, int64_t{1} << 40);
  if (const Napi::Value atOnce = object.Get("atOnce"); !atOnce.IsUndefined())
    entry.atOnce = convert::boolean(atOnce, "atOnce");
  if (const Napi::Value attributes = object.Get("attributes"); !attributes.IsUndefined())
    entry.attributes = convert::boolean(attributes, "attributes");
  if (const Napi::Value updated = object.Get("updated"); !updated.IsUndefined())
    entry.updated = convert::boolean(updated, "updated");
  return entry;
}

using Flag = std::shared_ptr<std::atomic<bool>>;

/// `{ result, cancel() }`
Napi::Object operationOf(Napi::Env env, const Napi::Value& result, const Flag& cancelled) {
  auto operation = Napi::Object::New(env);
  operation.Set("result", result);
  operation.Set("cancel", Napi::Function::New(
                              env, [cancelled](const Napi::CallbackInfo&) { cancelled->store(true); }, "cancel"));
  return operation;
}

int descriptorOf(const Napi::Value& value, const char* name) {
  return static_cast<int>(convert::integer(value, name, 0, INT32_MAX));
}

Napi::Value exportedCopyEntries(const Napi::CallbackInfo& info) {
  const int root = descriptorOf(info[0], "root");
  auto entries = convert::list(info[1], "entries", entryOf);
  std::optional<int> sourceRoot;
  if (!info[2].IsUndefined()) sourceRoot = descriptorOf(info[2], "sourceRoot");
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  const auto result = promise(info.Env(), "copyEntries", [root, entries = std::move(entries), sourceRoot, cancelled] {
    copyEntries(root, entries, sourceRoot, *cancelled);
  });
  return operationOf(info.Env(), result, cancelled);
}

Napi::Value exportedRemoveInRoot(const Napi::CallbackInfo& info) {
  const int root = descriptorOf(info[0], "root");
  return promise(info.Env(), "removeInRoot", [root, paths = convert::texts(info[1], "paths")] {
    for (const std::string& path : paths) removeInRoot(root, path);
  });
}

Napi::Value foundEntries(Napi::Env env, const std::vector<FoundEntry>& found) {
  auto list = Napi::Array::New(env, found.size());
  for (uint32_t index = 0; index < found.size(); ++index) {
    const FoundEntry& entry = found[index];
    auto object = Napi::Object::New(env);
    object.Set("kind", entry.kind == FoundEntry::Kind::kDirectory ? "directory"
                       : entry.kind == FoundEntry::Kind::kFile    ? "file"
                                                                  : "other");
    object.Set("path", entry.path);
    const auto& [device, inode] = entry.identity;
    object.Set("identity",
               inode == 0 ? env.Null()
                          : Napi::Value{Napi::String::New(env, std::to_string(device) + ":" + std::to_string(inode))});
    list.Set(index, object);
  }
  return list;
}

Napi::Value exportedListTree(const Napi::CallbackInfo& info) {
  const int root = descriptorOf(info[0], "root");
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  const auto result = promise(
      info.Env(), "listTree",
      [root, path = convert::text(info[1], "path"), cancelled] { return listTree(root, path, *cancelled); },
      foundEntries);
  return operationOf(info.Env(), result, cancelled);
}

}  // namespace

void exportTree(Napi::Env env, Napi::Object exports) {
  exports.Set("openOverlay", Napi::Function::New(env, exportedOpenOverlay, "openOverlay"));
  exports.Set("listTree", Napi::Function::New(env, exportedListTree, "listTree"));
  exports.Set("removeInRoot", Napi::Function::New(env, exportedRemoveInRoot, "removeInRoot"));
  exports.Set("copyEntries", Napi::Function::New(env, exportedCopyEntries, "copyEntries"));
}

}  // namespace tscompose
