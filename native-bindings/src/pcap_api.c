#include "pcap_api.h"

#include <stdio.h>
#include <string.h>

#include "platform.h"

struct adtap_pcap_api pcap;

static adtap_library library;
static adtap_mutex library_lock = ADTAP_MUTEX_INITIALIZER;

#ifdef _WIN32
#define ADTAP_WHAT_TO_INSTALL "install Npcap 1.0 or newer from https://npcap.com"

// Npcap's own folder comes first: System32 itself may hold an old WinPcap.
static adtap_library open_library(void) {
  wchar_t path[MAX_PATH + 32];
  UINT length = GetSystemDirectoryW(path, MAX_PATH);
  if (length == 0 || length >= MAX_PATH) return NULL;
  wcscpy(path + length, L"\\Npcap\\wpcap.dll");
  HMODULE found = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
  if (found != NULL) return found;
  wcscpy(path + length, L"\\wpcap.dll");
  return LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
}
#else
#ifdef __APPLE__
#define ADTAP_WHAT_TO_INSTALL "it is part of macOS; reinstall the command line tools"
static const char *const names[] = {"/usr/lib/libpcap.A.dylib", "libpcap.A.dylib", "libpcap.dylib"};
#else
#define ADTAP_WHAT_TO_INSTALL "install the package libpcap0.8 (Debian, Ubuntu) or libpcap (Fedora, RHEL, Alpine, Arch)"
static const char *const names[] = {"libpcap.so.1", "libpcap.so.0.8", "libpcap.so"};
#endif

static adtap_library open_library(void) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    void *found = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (found != NULL) return found;
  }
  return NULL;
}
#endif

static int load_locked(char *error, size_t size) {
  if (library != NULL) return 1;
  adtap_library found = open_library();
  if (found == NULL) {
    snprintf(error, size, "libpcap was not found: %s", ADTAP_WHAT_TO_INSTALL);
    return 0;
  }
  // A function pointer may not be cast from void * in ISO C; copying its bytes is what POSIX asks for.
#define ADTAP_FIND(result, name, parameters)                                                  \
  {                                                                                           \
    void *symbol = adtap_symbol(found, "pcap_" #name);                                        \
    memcpy(&pcap.name, &symbol, sizeof symbol);                                               \
  }
#define ADTAP_REQUIRE(result, name, parameters)                                               \
  ADTAP_FIND(result, name, parameters)                                                        \
  if (pcap.name == NULL) {                                                                    \
    snprintf(error, size, "this libpcap is too old, it has no pcap_" #name "(): %s",          \
             ADTAP_WHAT_TO_INSTALL);                                                          \
    adtap_library_close(found);                                                               \
    return 0;                                                                                 \
  }
  ADTAP_PCAP_REQUIRED(ADTAP_REQUIRE)
  ADTAP_PCAP_OPTIONAL(ADTAP_FIND)
#undef ADTAP_REQUIRE
#undef ADTAP_FIND
  void *validate = adtap_symbol(found, "bpf_validate");
  memcpy(&pcap.validate, &validate, sizeof validate);
  library = found;
  return 1;
}

int adtap_pcap_load(char *error, size_t size) {
  adtap_lock(&library_lock);
  int is_loaded = load_locked(error, size);
  adtap_unlock(&library_lock);
  return is_loaded;
}

int adtap_linktype(int dlt) {
  switch (dlt) {
    case 12: // DLT_RAW
    case 14: // DLT_RAW of OpenBSD
      return 101;
    case 11: // DLT_ATM_RFC1483
      return 100;
    case 50: // DLT_PPP_SERIAL
      return 50;
#ifdef __APPLE__
    case 149: // DLT_USER2, used for PKTAP
      return 258;
#endif
    default:
      return dlt;
  }
}

int adtap_dlt(int linktype) {
  switch (linktype) {
    case 101:
#ifdef __OpenBSD__
      return 14;
#else
      return 12;
#endif
    case 100:
      return 11;
#ifdef __APPLE__
    case 258:
      return 149;
#endif
    default:
      return linktype;
  }
}
