{
  "variables": {
    # What is in a static library stays our own: Node exports another version of the same OpenSSL functions.
    "own_symbols": ["-Wl,--exclude-libs,ALL"],
    # libarchive as a whole drags in libxml2 and more: a shared one is loaded, by the one addon that needs it.
    "archive_libraries": ["-larchive", "-lisal", "-lzstd", "-l:libcrypto.a"]
  },
  "target_defaults": {
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++20", "-fexceptions", "-frtti", "-fvisibility=hidden"],
    # -Wno-restrict: GCC 12 sees an overlap in std::string's operator+ where there is none (GCC bug 105651).
    "cflags": ["-Wall", "-Wextra", "-Werror", "-Wno-restrict", "-fPIC", "-D_GNU_SOURCE"],
    "include_dirs": ["."],
    # A third configuration beside node-gyp's Release and Debug: make BUILDTYPE=Asan (scripts/setup).
    "configurations": {
      "Asan": {
        "cflags": ["-O1", "-g", "-fsanitize=address,undefined", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"],
        "ldflags": ["-fsanitize=address,undefined"]
      }
    }
  },
  "targets": [
    {
      "target_name": "core",
      "type": "static_library",
      "sources": ["<!@(ls -1 core/*.cc)"]
    },
    {
      "target_name": "tscompose",
      "dependencies": ["core"],
      "sources": ["<!@(ls -1 napi/*.cc)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "libraries": ["-l:libcrypto.a", "-lnftnl", "-lmnl", "-l:libseccomp.a"],
      "ldflags": ["<@(own_symbols)"]
    },
    {
      # Apart, and loaded when an image is unpacked or written: its libraries take 2 ms to load.
      "target_name": "tscompose-archive",
      "dependencies": ["core"],
      "sources": ["<!@(ls -1 napi/archive/*.cc)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "libraries": ["<@(archive_libraries)"],
      "ldflags": ["<@(own_symbols)"]
    },
    {
      "target_name": "tscompose-runtime",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["<!@(ls -1 runtime/*.cc)"],
      "libraries": ["-l:libseccomp.a"],
      "ldflags": ["-static"],
      # runtime/early.cc
      "conditions": [["target_arch=='x64'", {"configurations": {"Release": {"ldflags": ["-Wl,-e,tscomposeStart"]}}}]]
    },
    {
      "target_name": "tscompose-monitor",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["<!@(ls -1 monitor/*.cc)"],
      "libraries": ["-l:libseccomp.a"],
      # Fully static: nothing to relocate, which saves most of what a process of its size costs. Sanitizers need the dynamic one.
      "configurations": { "Release": { "ldflags": ["-static"] } }
    },
    {
      # Started for what may block or needs more libraries than a monitor should carry: names, TLS, compression.
      "target_name": "tscompose-logger",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["<!@(ls -1 logger/*.cc)"],
      "libraries": ["-l:libssl.a", "-l:libcrypto.a", "-l:libz.a"]
    },
    {
      "target_name": "tscompose-launcher",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["<!@(ls -1 launcher/*.cc)"],
      "configurations": { "Release": { "ldflags": ["-static"] } }
    },
    {
      "target_name": "tscompose-tests",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["<!@(ls -1 test/unit/*.cc)", "<!@(ls -1 launcher/*.cc monitor/*.cc logger/*.cc | grep -v /main.cc)"],
      "libraries": ["-l:libssl.a", "<@(archive_libraries)", "-l:libz.a", "-lnftnl", "-lmnl", "-l:libseccomp.a"]
    }
  ]
}
