{
  "targets": [
    {
      "target_name": "adtap_capture",
      "sources": ["src/addon.c", "src/capture.c", "src/pcap_api.c", "src/pool.c"],
      "defines": ["NAPI_VERSION=8"],
      "cflags": ["-std=c11", "-D_GNU_SOURCE", "-fvisibility=hidden"],
      "xcode_settings": { "GCC_SYMBOLS_PRIVATE_EXTERN": "YES", "MACOSX_DEPLOYMENT_TARGET": "11.0" },
      "conditions": [["OS=='win'", { "libraries": ["-lws2_32"] }]]
    }
  ]
}
