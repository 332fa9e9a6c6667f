#include <napi.h>

#include "napi/exports.h"

namespace tscompose {

/// The export table; src/native/binding.ts types it, and a test compares the two.
static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("version", Napi::String::New(env, "0.1.0"));
  exportProcess(env, exports);
  exportForkServer(env, exports);
  exportFile(env, exports);
  exportTree(env, exports);
  exportNetwork(env, exports);
  exportFirewall(env, exports);
  exportDigest(env, exports);
  exportCgroup(env, exports);
  return exports;
}

}  // namespace tscompose

static Napi::Object initializeModule(Napi::Env env, Napi::Object exports) {
  return tscompose::initialize(env, exports);
}

NODE_API_MODULE(tscompose, initializeModule)
