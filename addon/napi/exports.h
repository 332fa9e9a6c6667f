#pragma once

#include <napi.h>

namespace tscompose {

void exportProcess(Napi::Env env, Napi::Object exports);
void exportForkServer(Napi::Env env, Napi::Object exports);
void exportFile(Napi::Env env, Napi::Object exports);
void exportTree(Napi::Env env, Napi::Object exports);
void exportNetwork(Napi::Env env, Napi::Object exports);
void exportCgroup(Napi::Env env, Napi::Object exports);
void exportDigest(Napi::Env env, Napi::Object exports);
void exportFirewall(Napi::Env env, Napi::Object exports);

}  // namespace tscompose
