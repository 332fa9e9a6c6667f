#include <napi.h>

#include <atomic>
#include <memory>

#include "core/archive_writer.h"
#include "napi/archive/exports.h"
#include "napi/convert.h"
#include "napi/promise.h"

namespace tscompose {

namespace {

template <typename Choice>
Choice choice(const Napi::Value& value, const std::string& what,
              std::initializer_list<std::pair<const char*, Choice>> choices) {
  const std::string text = convert::text(value, what);
  for (const auto& [name, meaning] : choices) {
    if (text == name) return meaning;
  }
  convert::typeError(value.Env(), what, "one of its words");
}

LayerOptions layerOptions(const Napi::Object& options) {
  LayerOptions result;
  result.form = choice<LayerOptions::Form>(options.Get("form"), "form",
                                           {{"diff", LayerOptions::Form::kDiff}, {"tree", LayerOptions::Form::kTree}});
  result.compression = choice<LayerOptions::Compression>(options.Get("compression"), "compression",
                                                         {{"none", LayerOptions::Compression::kNone},
                                                          {"gzip", LayerOptions::Compression::kGzip},
                                                          {"zstd", LayerOptions::Compression::kZstd}});
  const Napi::Value work = options.Get("work");
  if (!work.IsNull()) result.work = convert::text(work, "work");
  const Napi::Value epoch = options.Get("sourceDateEpoch");
  if (!epoch.IsNull()) result.sourceDateEpoch = convert::integer(epoch, "sourceDateEpoch", 0, INT64_C(1) << 40);
  result.settles = convert::boolean(options.Get("settles"), "settles");
  return result;
}

Napi::Object summaryObject(Napi::Env env, const LayerSummary& summary) {
  auto object = Napi::Object::New(env);
  object.Set("diffId", summary.diffId);
  object.Set("diffSizeBytes", static_cast<double>(summary.diffSizeBytes));
  object.Set("digest", summary.digest);
  object.Set("sizeBytes", static_cast<double>(summary.sizeBytes));
  object.Set("entries", static_cast<double>(summary.entries));
  return object;
}

/// `{ result, cancel() }`
Napi::Value exportedWriteLayer(const Napi::CallbackInfo& info) {
  const auto options = convert::object(info[2], "options");
  auto layers = convert::texts(info[0], "layers");
  if (layers.empty()) convert::typeError(info.Env(), "layers", "not empty");
  const auto output = static_cast<int>(convert::integer(info[1], "output", 0, INT32_MAX));
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  auto operation = Napi::Object::New(info.Env());
  operation.Set("result", promise(
                              info.Env(), "writeLayer",
                              [layers = std::move(layers), output, options = layerOptions(options), cancelled] {
                                return writeLayer(layers, output, options, *cancelled);
                              },
                              summaryObject));
  operation.Set("cancel",
                Napi::Function::New(
                    info.Env(), [cancelled](const Napi::CallbackInfo&) { cancelled->store(true); }, "cancel"));
  return operation;
}

}  // namespace

}  // namespace tscompose

/// The export table; src/native/archive.ts types it, and a test compares the two.
static Napi::Object initializeModule(Napi::Env env, Napi::Object exports) {
  exports.Set("writeLayer", Napi::Function::New<tscompose::exportedWriteLayer>(env, "writeLayer"));
  tscompose::exportReadLayer(env, exports);
  return exports;
}

NODE_API_MODULE(tscompose_archive, initializeModule)
