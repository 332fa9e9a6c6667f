#pragma once

#include <napi.h>

namespace tscompose {

void exportReadLayer(Napi::Env env, Napi::Object exports);

}  // namespace tscompose
