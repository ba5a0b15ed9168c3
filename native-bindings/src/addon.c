// The Node-API surface: arguments in, handles out. No packet passes through here; JavaScript sees them in the shared slots.
#define NAPI_VERSION 8
#include <node_api.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "pcap_api.h"
#include "pool.h"

#ifdef _WIN32
#include <process.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

// Captures that one pool may have at a time.
#define MAX_CAPTURES 64
#define MAX_ARGUMENTS 6
#define TEXT_BYTES 16384
#define STAT_WORDS 10
#define MAX_INSTRUCTIONS 65536

struct binding_pool {
  struct adtap_pool pool;
  struct adtap_capture *captures[MAX_CAPTURES];
  napi_threadsafe_function wake;
  napi_ref memory;
  napi_env env;
  int is_open;
};

// So that one kind of handle is never taken for the other.
static const napi_type_tag pool_tag = {0x9c1f5e2a7b3d4f60, 0x8e4a1c7d2b6f9035};
static const napi_type_tag handle_tag = {0x4b7e9d1f3a5c8260, 0xa1d3f58e7c2b4690};

static napi_value throw_error(napi_env env, const char *code, const char *message) {
  napi_throw_error(env, code, message);
  return NULL;
}

static int arguments(napi_env env, napi_callback_info info, napi_value *values, size_t wanted) {
  size_t count = MAX_ARGUMENTS;
  napi_value given[MAX_ARGUMENTS];
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok || count < wanted) {
    throw_error(env, "ADTAP_NATIVE_ARGUMENT", "too few arguments");
    return 0;
  }
  memcpy(values, given, wanted * sizeof *values);
  return 1;
}

static int get_uint32(napi_env env, napi_value value, uint32_t *number) {
  if (napi_get_value_uint32(env, value, number) == napi_ok) return 1;
  throw_error(env, "ADTAP_NATIVE_ARGUMENT", "a number was expected");
  return 0;
}

// A text of at most `size` - 1 bytes without NUL inside; libpcap would read it only up to there.
static int get_text(napi_env env, napi_value value, char *text, size_t size) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok || length >= size) {
    throw_error(env, "ADTAP_NATIVE_ARGUMENT", "a text was expected, and not so long a one");
    return 0;
  }
  napi_get_value_string_utf8(env, value, text, size, &length);
  if (strlen(text) == length) return 1;
  throw_error(env, "ADTAP_NATIVE_ARGUMENT", "a text must not hold a NUL");
  return 0;
}

static int get_array(napi_env env, napi_value value, napi_typedarray_type wanted, void **data, size_t *length) {
  napi_typedarray_type type;
  if (napi_get_typedarray_info(env, value, &type, length, data, NULL, NULL) == napi_ok && type == wanted) return 1;
  throw_error(env, "ADTAP_NATIVE_ARGUMENT", "a typed array of another type was expected");
  return 0;
}

static void *tagged(napi_env env, napi_value value, const napi_type_tag *tag) {
  napi_valuetype type;
  bool is_tagged = false;
  void *data = NULL;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_external && napi_check_object_type_tag(env, value, tag, &is_tagged) == napi_ok &&
      is_tagged && napi_get_value_external(env, value, &data) == napi_ok)
    return data;
  throw_error(env, "ADTAP_NATIVE_ARGUMENT", "a handle of another kind was expected");
  return NULL;
}

static uint32_t get_property(napi_env env, napi_value object, const char *name) {
  napi_value value;
  uint32_t number = 0;
  if (napi_get_named_property(env, object, name, &value) == napi_ok) napi_get_value_uint32(env, value, &number);
  return number;
}

static void set_text(napi_env env, napi_value object, const char *name, const char *text) {
  napi_value value;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) napi_set_named_property(env, object, name, value);
}

static void set_number(napi_env env, napi_value object, const char *name, double number) {
  napi_value value;
  if (napi_create_double(env, number, &value) == napi_ok) napi_set_named_property(env, object, name, value);
}

static void set_boolean(napi_env env, napi_value object, const char *name, int truth) {
  napi_value value;
  if (napi_get_boolean(env, truth != 0, &value) == napi_ok) napi_set_named_property(env, object, name, value);
}

static napi_value undefined(napi_env env) {
  napi_value value;
  return napi_get_undefined(env, &value) == napi_ok ? value : NULL;
}

static napi_value boolean(napi_env env, int truth) {
  napi_value value;
  return napi_get_boolean(env, truth != 0, &value) == napi_ok ? value : NULL;
}

static int has_libpcap(napi_env env) {
  char error[ADTAP_ERROR_BYTES];
  if (adtap_pcap_load(error, sizeof error)) return 1;
  throw_error(env, "ADTAP_NO_LIBPCAP", error);
  return 0;
}

// load(): string, libpcap's own description of itself.
static napi_value js_load(napi_env env, napi_callback_info info) {
  (void)info;
  if (!has_libpcap(env)) return NULL;
  napi_value version;
  return napi_create_string_utf8(env, pcap.lib_version(), NAPI_AUTO_LENGTH, &version) == napi_ok ? version : NULL;
}

static int address_text(const struct sockaddr *address, char *text, size_t size) {
  if (address == NULL) return 0;
  if (address->sa_family == AF_INET)
    return inet_ntop(AF_INET, (void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr, text, size) != NULL;
  if (address->sa_family == AF_INET6)
    return inet_ntop(AF_INET6, (void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text, size) != NULL;
  return 0;
}

static napi_value device_object(napi_env env, const struct adtap_pcap_if *device) {
  napi_value object, addresses;
  if (napi_create_object(env, &object) != napi_ok || napi_create_array(env, &addresses) != napi_ok) return NULL;
  set_text(env, object, "name", device->name);
  set_text(env, object, "description", device->description == NULL ? "" : device->description);
  uint32_t count = 0;
  for (const struct adtap_pcap_addr *one = device->addresses; one != NULL; one = one->next) {
    char text[64];
    napi_value entry;
    if (!address_text(one->addr, text, sizeof text) || napi_create_object(env, &entry) != napi_ok) continue;
    set_text(env, entry, "address", text);
    // A netmask's family field is not always filled in; it is that of its address.
    char mask[64] = "";
    if (one->netmask != NULL && one->netmask->sa_family == one->addr->sa_family) address_text(one->netmask, mask, sizeof mask);
    set_text(env, entry, "netmask", mask);
    napi_set_element(env, addresses, count++, entry);
  }
  napi_set_named_property(env, object, "addresses", addresses);
  uint32_t connection = device->flags & ADTAP_IF_CONNECTION_STATUS;
  set_boolean(env, object, "isLoopback", device->flags & ADTAP_IF_LOOPBACK);
  set_boolean(env, object, "isUp", device->flags & ADTAP_IF_UP);
  set_boolean(env, object, "isRunning", device->flags & ADTAP_IF_RUNNING);
  set_boolean(env, object, "isWireless", device->flags & ADTAP_IF_WIRELESS);
  set_boolean(env, object, "isDisconnected", connection == ADTAP_IF_CONNECTION_STATUS_DISCONNECTED);
  return object;
}

// devices(): an array of what libpcap can open.
// leave(code): ends the process without waiting for threads that a dead disk holds, as exit() does.
static napi_value js_leave(napi_env env, napi_callback_info info) {
  napi_value values[1];
  uint32_t code;
  if (!arguments(env, info, values, 1) || !get_uint32(env, values[0], &code)) return NULL;
  _exit((int)(code & 0xff));
}

static napi_value js_devices(napi_env env, napi_callback_info info) {
  (void)info;
  if (!has_libpcap(env)) return NULL;
  char error[ADTAP_ERRBUF_SIZE] = "";
  struct adtap_pcap_if *first = NULL;
  if (pcap.findalldevs(&first, error) != 0) return throw_error(env, "ADTAP_NATIVE_DEVICES", error);
  napi_value list;
  if (napi_create_array(env, &list) != napi_ok) list = NULL;
  uint32_t count = 0;
  for (const struct adtap_pcap_if *device = first; device != NULL && list != NULL; device = device->next) {
    napi_value object = device_object(env, device);
    if (object != NULL) napi_set_element(env, list, count++, object);
  }
  pcap.freealldevs(first);
  return list;
}

// linktype(device): number. Opens the device for a moment; it need not be up where the platform allows that.
static napi_value js_linktype(napi_env env, napi_callback_info info) {
  napi_value values[1];
  char device[1024];
  if (!arguments(env, info, values, 1) || !get_text(env, values[0], device, sizeof device) || !has_libpcap(env)) return NULL;
  char error[ADTAP_ERRBUF_SIZE] = "";
  adtap_pcap *handle = pcap.create(device, error);
  if (handle == NULL) return throw_error(env, "ADTAP_NATIVE_OPEN", error);
  int status = pcap.activate(handle);
  napi_value number = NULL;
  if (status < 0) throw_error(env, "ADTAP_NATIVE_OPEN", pcap.statustostr(status));
  else napi_create_int32(env, adtap_linktype(pcap.datalink(handle)), &number);
  pcap.close(handle);
  return number;
}

// compile(expression, linktype, snaplen): Uint32Array of four words an instruction: code, jt, jf, k.
static napi_value js_compile(napi_env env, napi_callback_info info) {
  napi_value values[3];
  char expression[TEXT_BYTES];
  uint32_t linktype, snaplen;
  if (!arguments(env, info, values, 3) || !get_text(env, values[0], expression, sizeof expression) ||
      !get_uint32(env, values[1], &linktype) || !get_uint32(env, values[2], &snaplen) || !has_libpcap(env))
    return NULL;
  adtap_pcap *dead = pcap.open_dead(adtap_dlt((int)linktype), (int)snaplen);
  if (dead == NULL) return throw_error(env, "ADTAP_NATIVE_FILTER", "libpcap has no such linktype");
  struct adtap_bpf_program program;
  napi_value result = NULL;
  if (pcap.compile(dead, &program, expression, 1, ADTAP_NETMASK_UNKNOWN) != 0) {
    throw_error(env, "ADTAP_NATIVE_FILTER", pcap.geterr(dead));
  } else {
    napi_value buffer;
    void *data;
    size_t words = (size_t)program.bf_len * 4;
    if (napi_create_arraybuffer(env, words * 4, &data, &buffer) == napi_ok) {
      uint32_t *out = data;
      for (unsigned i = 0; i < program.bf_len; i++) {
        const struct adtap_bpf_insn *instruction = &program.bf_insns[i];
        *out++ = instruction->code;
        *out++ = instruction->jt;
        *out++ = instruction->jf;
        *out++ = instruction->k;
      }
      napi_create_typedarray(env, napi_uint32_array, words, buffer, 0, &result);
    }
    pcap.freecode(&program);
  }
  pcap.close(dead);
  return result;
}

// Instructions that libpcap's machine knows; it calls abort() on others, which bpf_validate() does not all refuse.
static int is_known(uint16_t code) {
  static const uint8_t known[] = {
      0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0c, 0x14, 0x15, 0x16, 0x1c, 0x1d, 0x20, 0x24, 0x25, 0x28, 0x2c, 0x2d, 0x30, 0x34, 0x35, 0x3c, 0x3d,
      0x40, 0x44, 0x45, 0x48, 0x4c, 0x4d, 0x50, 0x54, 0x5c, 0x60, 0x61, 0x64, 0x6c, 0x74, 0x7c, 0x80, 0x84, 0x87, 0x94, 0x9c, 0xa4, 0xac, 0xb1,
  };
  return code <= UINT8_MAX && memchr(known, code, sizeof known) != NULL;
}

// match(program, frame, wirelen): boolean, by pcap_offline_filter().
static napi_value js_match(napi_env env, napi_callback_info info) {
  napi_value values[3];
  void *words, *frame;
  size_t count, length;
  uint32_t wirelen;
  if (!arguments(env, info, values, 3) || !get_array(env, values[0], napi_uint32_array, &words, &count) ||
      !get_array(env, values[1], napi_uint8_array, &frame, &length) || !get_uint32(env, values[2], &wirelen) || !has_libpcap(env))
    return NULL;
  size_t instructions = count / 4;
  if (instructions == 0 || instructions > MAX_INSTRUCTIONS) return throw_error(env, "ADTAP_NATIVE_ARGUMENT", "no program");
  struct adtap_bpf_insn *copy = calloc(instructions, sizeof *copy);
  if (copy == NULL) return throw_error(env, "ADTAP_NATIVE_MEMORY", "out of memory");
  const uint32_t *word = words;
  int is_valid = 1;
  for (size_t i = 0; i < instructions; i++, word += 4) {
    copy[i] = (struct adtap_bpf_insn){(uint16_t)word[0], (uint8_t)word[1], (uint8_t)word[2], word[3]};
    if (!is_known(copy[i].code)) is_valid = 0;
  }
  // The library's machine runs a program as it is: one that nobody compiled could read and write anywhere.
  if (!is_valid || pcap.validate == NULL || !pcap.validate(copy, (int)instructions)) {
    free(copy);
    return throw_error(env, "ADTAP_NATIVE_ARGUMENT", "not a program that libpcap would run");
  }
  struct adtap_bpf_program program = {(unsigned)instructions, copy};
  struct adtap_pkthdr header;
  memset(&header, 0, sizeof header);
  header.caplen = (uint32_t)length;
  header.len = wirelen;
  int result = pcap.offline_filter(&program, &header, frame);
  free(copy);
  return boolean(env, result);
}

static void on_wake(void *context) {
  struct binding_pool *pool = context;
  // Full or closing: JavaScript looks anyway, or never again.
  napi_call_threadsafe_function(pool->wake, NULL, napi_tsfn_nonblocking);
}

static void close_captures(struct binding_pool *pool) {
  for (size_t i = 0; i < MAX_CAPTURES; i++) {
    if (pool->captures[i] == NULL) continue;
    adtap_capture_close(pool->captures[i]);
    pool->captures[i] = NULL;
  }
}

// Runs when the environment (process or worker) ends while a pool is open: no thread may touch its memory after that.
static void on_environment_end(void *data) {
  struct binding_pool *pool = data;
  if (!pool->is_open) return;
  pool->is_open = 0;
  close_captures(pool);
  napi_release_threadsafe_function(pool->wake, napi_tsfn_abort);
  adtap_pool_free(&pool->pool);
}

static void close_pool(napi_env env, struct binding_pool *pool) {
  if (!pool->is_open) return;
  napi_remove_env_cleanup_hook(env, on_environment_end, pool);
  on_environment_end(pool);
  napi_delete_reference(env, pool->memory);
}

static void finalize_pool(napi_env env, void *data, void *hint) {
  (void)hint;
  close_pool(env, data);
  free(data);
}

static struct binding_pool *get_pool(napi_env env, napi_value value) {
  struct binding_pool *pool = tagged(env, value, &pool_tag);
  if (pool == NULL || pool->is_open) return pool;
  throw_error(env, "ADTAP_NATIVE_CLOSED", "the pool is closed");
  return NULL;
}

// createPool(memory, { stride, slots, slotBytes, slotPackets }, wake): a pool of slots in `memory`, which stays referenced.
static napi_value js_create_pool(napi_env env, napi_callback_info info) {
  napi_value values[3], name, external;
  void *memory;
  size_t length;
  if (!arguments(env, info, values, 3) || !get_array(env, values[0], napi_uint8_array, &memory, &length) || !has_libpcap(env)) return NULL;
  uint32_t stride = get_property(env, values[1], "stride");
  uint32_t slots = get_property(env, values[1], "slots");
  uint32_t slot_bytes = get_property(env, values[1], "slotBytes");
  uint32_t slot_packets = get_property(env, values[1], "slotPackets");
  if (slots == 0 || slots > 65536 || slot_packets == 0 || slot_bytes < 1024 || slot_bytes > stride || stride % 8 != 0 ||
      (uint64_t)stride * slots > length)
    return throw_error(env, "ADTAP_NATIVE_ARGUMENT", "the slots do not fit into the memory");
  struct binding_pool *pool = calloc(1, sizeof *pool);
  if (pool == NULL || !adtap_pool_init(&pool->pool, memory, stride, slots, slot_bytes, slot_packets)) {
    free(pool);
    return throw_error(env, "ADTAP_NATIVE_MEMORY", "out of memory");
  }
  pool->env = env;
  if (napi_create_string_utf8(env, "adtap capture", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, values[2], NULL, name, 1, 1, NULL, NULL, NULL, NULL, &pool->wake) != napi_ok) {
    adtap_pool_free(&pool->pool);
    free(pool);
    return throw_error(env, "ADTAP_NATIVE_ARGUMENT", "a function was expected");
  }
  pool->pool.wake = on_wake;
  pool->pool.wake_context = pool;
  pool->is_open = 1;
  napi_create_reference(env, values[0], 1, &pool->memory);
  // After the function above was made: hooks run last in, first out, so threads end before what they call goes.
  napi_add_env_cleanup_hook(env, on_environment_end, pool);
  if (napi_create_external(env, pool, finalize_pool, NULL, &external) != napi_ok ||
      napi_type_tag_object(env, external, &pool_tag) != napi_ok) {
    close_pool(env, pool); // its finalizer, if it has one already, frees it
    return throw_error(env, "ADTAP_NATIVE_MEMORY", "out of memory");
  }
  return external;
}

// giveSlot(pool, slot): boolean, whether the slot was not there already.
static napi_value js_give_slot(napi_env env, napi_callback_info info) {
  napi_value values[2];
  uint32_t slot;
  if (!arguments(env, info, values, 2)) return NULL;
  struct binding_pool *pool = get_pool(env, values[0]);
  if (pool == NULL || !get_uint32(env, values[1], &slot)) return NULL;
  return boolean(env, adtap_pool_give(&pool->pool, slot));
}

// takeSlot(pool, out): boolean; out = slot, capture, packets, bytes. Once it was false, the next slot wakes again.
static napi_value js_take_slot(napi_env env, napi_callback_info info) {
  napi_value values[2];
  void *out;
  size_t length;
  if (!arguments(env, info, values, 2)) return NULL;
  struct binding_pool *pool = get_pool(env, values[0]);
  if (pool == NULL || !get_array(env, values[1], napi_uint32_array, &out, &length)) return NULL;
  if (length < 4) return throw_error(env, "ADTAP_NATIVE_ARGUMENT", "four words were expected");
  struct adtap_ready ready;
  int found = adtap_pool_take(&pool->pool, &ready);
  if (found) {
    uint32_t words[4] = {ready.slot, ready.capture, ready.packets, ready.bytes};
    memcpy(out, words, sizeof words);
  }
  return boolean(env, found);
}

// closePool(pool): ends its captures at once and lets go of the memory.
static napi_value js_close_pool(napi_env env, napi_callback_info info) {
  napi_value values[1];
  if (!arguments(env, info, values, 1)) return NULL;
  struct binding_pool *pool = tagged(env, values[0], &pool_tag);
  if (pool == NULL) return NULL;
  close_pool(env, pool);
  return undefined(env);
}

// openCapture(pool, id, device, { snaplen, isPromiscuous, timeoutMs, bufferBytes, drainMs }, filter): { linktype, snaplen, isNano, warning }
static napi_value js_open_capture(napi_env env, napi_callback_info info) {
  napi_value values[5], object;
  uint32_t id;
  char device[1024];
  char filter[TEXT_BYTES];
  if (!arguments(env, info, values, 5)) return NULL;
  struct binding_pool *pool = get_pool(env, values[0]);
  if (pool == NULL || !get_uint32(env, values[1], &id) || !get_text(env, values[2], device, sizeof device) ||
      !get_text(env, values[4], filter, sizeof filter))
    return NULL;
  if (id >= MAX_CAPTURES || pool->captures[id] != NULL)
    return throw_error(env, "ADTAP_NATIVE_ARGUMENT", "no such place for a capture, or it is taken");
  struct adtap_capture_options options = {
      .snaplen = (int)get_property(env, values[3], "snaplen"),
      .is_promiscuous = get_property(env, values[3], "isPromiscuous") != 0,
      .timeout_ms = (int)get_property(env, values[3], "timeoutMs"),
      .buffer_bytes = (int)get_property(env, values[3], "bufferBytes"),
      .drain_ms = (int)get_property(env, values[3], "drainMs"),
  };
  char error[ADTAP_ERROR_BYTES] = "", warning[ADTAP_ERROR_BYTES] = "";
  struct adtap_capture *capture = adtap_capture_open(&pool->pool, id, device, &options, filter, error, warning);
  if (capture == NULL) return throw_error(env, "ADTAP_NATIVE_OPEN", error);
  pool->captures[id] = capture;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  set_number(env, object, "linktype", capture->linktype);
  set_number(env, object, "snaplen", pcap.snapshot(capture->pcap));
  set_boolean(env, object, "isNano", capture->is_nano);
  set_text(env, object, "warning", warning);
  return object;
}

static struct adtap_capture *get_capture(napi_env env, napi_callback_info info, struct binding_pool **pool, uint32_t *id,
                                         napi_value *values, size_t wanted) {
  if (!arguments(env, info, values, wanted)) return NULL;
  *pool = get_pool(env, values[0]);
  if (*pool == NULL || !get_uint32(env, values[1], id)) return NULL;
  if (*id < MAX_CAPTURES && (*pool)->captures[*id] != NULL) return (*pool)->captures[*id];
  throw_error(env, "ADTAP_NATIVE_ARGUMENT", "no such capture");
  return NULL;
}

static napi_value js_start_capture(napi_env env, napi_callback_info info) {
  napi_value values[2];
  struct binding_pool *pool;
  uint32_t id;
  struct adtap_capture *capture = get_capture(env, info, &pool, &id, values, 2);
  if (capture == NULL) return NULL;
  if (!adtap_capture_start(capture)) return throw_error(env, "ADTAP_NATIVE_THREAD", "the capture cannot be started");
  return undefined(env);
}

static napi_value js_stop_capture(napi_env env, napi_callback_info info) {
  napi_value values[2];
  struct binding_pool *pool;
  uint32_t id;
  struct adtap_capture *capture = get_capture(env, info, &pool, &id, values, 2);
  if (capture == NULL) return NULL;
  adtap_capture_stop(capture);
  return undefined(env);
}

// Gives the error's text, '' without one; out = state, then the counts in the order of struct adtap_counts.
static napi_value tell_stats(napi_env env, struct adtap_capture *capture, void *out) {
  napi_value text;
  char error[ADTAP_ERROR_BYTES];
  adtap_lock(&capture->lock);
  struct adtap_counts counts = capture->counts;
  double words[STAT_WORDS] = {
      (double)capture->state,        (double)counts.received,       (double)counts.received_bytes, (double)counts.delivered,
      (double)counts.no_slot,        (double)counts.too_long,       (double)counts.kernel_received, (double)counts.kernel_dropped,
      (double)counts.adapter_dropped, capture->is_exact ? (double)counts.left : NAN,
  };
  memcpy(error, capture->error, sizeof error);
  adtap_unlock(&capture->lock);
  memcpy(out, words, sizeof words);
  return napi_create_string_utf8(env, error, NAPI_AUTO_LENGTH, &text) == napi_ok ? text : NULL;
}

// The capture of (pool, id, out), with room for its stats.
static struct adtap_capture *get_counted(napi_env env, napi_callback_info info, struct binding_pool **pool, uint32_t *id,
                                         void **out) {
  napi_value values[3];
  size_t length;
  struct adtap_capture *capture = get_capture(env, info, pool, id, values, 3);
  if (capture == NULL || !get_array(env, values[2], napi_float64_array, out, &length)) return NULL;
  if (length >= STAT_WORDS) return capture;
  throw_error(env, "ADTAP_NATIVE_ARGUMENT", "too few words");
  return NULL;
}

static napi_value js_capture_stats(napi_env env, napi_callback_info info) {
  struct binding_pool *pool;
  uint32_t id;
  void *out;
  struct adtap_capture *capture = get_counted(env, info, &pool, &id, &out);
  return capture == NULL ? NULL : tell_stats(env, capture, out);
}

static napi_value js_close_capture(napi_env env, napi_callback_info info) {
  struct binding_pool *pool;
  uint32_t id;
  void *out;
  struct adtap_capture *capture = get_counted(env, info, &pool, &id, &out);
  if (capture == NULL) return NULL;
  adtap_capture_end(capture);
  napi_value text = tell_stats(env, capture, out);
  adtap_capture_close(capture);
  pool->captures[id] = NULL;
  return text;
}

struct binding_handle {
  adtap_pcap *pcap;
  const struct adtap_pkthdr *header;
  const unsigned char *bytes;
  int is_nano;
};

static void finalize_handle(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct binding_handle *handle = data;
  if (handle->pcap != NULL) pcap.close(handle->pcap);
  free(handle);
}

static napi_value wrap_handle(napi_env env, adtap_pcap *opened, int is_nano) {
  struct binding_handle *handle = calloc(1, sizeof *handle);
  napi_value external;
  if (handle == NULL) {
    pcap.close(opened);
    return throw_error(env, "ADTAP_NATIVE_MEMORY", "out of memory");
  }
  handle->pcap = opened;
  handle->is_nano = is_nano;
  if (napi_create_external(env, handle, finalize_handle, NULL, &external) == napi_ok) {
    napi_type_tag_object(env, external, &handle_tag);
    return external;
  }
  finalize_handle(env, handle, NULL);
  return throw_error(env, "ADTAP_NATIVE_MEMORY", "out of memory");
}

static struct binding_handle *get_handle(napi_env env, napi_value value) {
  struct binding_handle *handle = tagged(env, value, &handle_tag);
  if (handle == NULL || handle->pcap != NULL) return handle;
  throw_error(env, "ADTAP_NATIVE_CLOSED", "the file or adapter is closed");
  return NULL;
}

// openFile(path): handle of a capture file, read by libpcap itself.
static napi_value js_open_file(napi_env env, napi_callback_info info) {
  napi_value values[1];
  char path[4096];
  if (!arguments(env, info, values, 1) || !get_text(env, values[0], path, sizeof path) || !has_libpcap(env)) return NULL;
  char error[ADTAP_ERRBUF_SIZE] = "";
  int is_nano = pcap.open_offline_with_tstamp_precision != NULL;
  adtap_pcap *opened = is_nano ? pcap.open_offline_with_tstamp_precision(path, ADTAP_TSTAMP_PRECISION_NANO, error)
                               : pcap.open_offline(path, error);
  if (opened == NULL) return throw_error(env, "ADTAP_NATIVE_OPEN", error);
  return wrap_handle(env, opened, is_nano);
}

// readFile(handle, bytes): number of bytes filled with records as a capture thread writes them; 0 at the end.
static napi_value js_read_file(napi_env env, napi_callback_info info) {
  napi_value values[2], number;
  void *memory;
  size_t length;
  if (!arguments(env, info, values, 2)) return NULL;
  struct binding_handle *handle = get_handle(env, values[0]);
  if (handle == NULL || !get_array(env, values[1], napi_uint8_array, &memory, &length)) return NULL;
  uint8_t *out = memory;
  size_t used = 0;
  for (;;) {
    if (handle->header == NULL) {
      struct adtap_pkthdr *header;
      int status = pcap.next_ex(handle->pcap, &header, &handle->bytes);
      if (status == ADTAP_ERROR_BREAK) break;
      if (status < 0) {
        if (used > 0) break; // said at the next call, which reads here again
        return throw_error(env, "ADTAP_NATIVE_READ", pcap.geterr(handle->pcap));
      }
      if (status == 0) continue;
      handle->header = header;
    }
    const struct adtap_pkthdr *header = handle->header;
    size_t need = ADTAP_ALIGN(ADTAP_RECORD_BYTES + (size_t)header->caplen);
    if (need > length - used) {
      if (used > 0) break;
      return throw_error(env, "ADTAP_NATIVE_READ", "a packet is larger than the memory");
    }
    uint32_t fraction = (uint32_t)header->ts.tv_usec;
    uint32_t words[4] = {(uint32_t)header->ts.tv_sec, handle->is_nano ? fraction : fraction * 1000u, header->caplen, header->len};
    memcpy(out + used, words, sizeof words);
    memcpy(out + used + ADTAP_RECORD_BYTES, handle->bytes, header->caplen);
    used += need;
    handle->header = NULL;
  }
  return napi_create_double(env, (double)used, &number) == napi_ok ? number : NULL;
}

// handleLinktype(handle): number.
static napi_value js_handle_linktype(napi_env env, napi_callback_info info) {
  napi_value values[1], number;
  if (!arguments(env, info, values, 1)) return NULL;
  struct binding_handle *handle = get_handle(env, values[0]);
  if (handle == NULL) return NULL;
  return napi_create_int32(env, adtap_linktype(pcap.datalink(handle->pcap)), &number) == napi_ok ? number : NULL;
}

// openPlayer(device): handle that sends frames. It captures nothing: its filter lets nothing in.
static napi_value js_open_player(napi_env env, napi_callback_info info) {
  napi_value values[1];
  char device[1024], error[ADTAP_ERRBUF_SIZE] = "";
  if (!arguments(env, info, values, 1) || !get_text(env, values[0], device, sizeof device) || !has_libpcap(env)) return NULL;
  adtap_pcap *opened = pcap.create(device, error);
  if (opened == NULL) return throw_error(env, "ADTAP_NATIVE_OPEN", error);
  pcap.set_snaplen(opened, 64);
  pcap.set_timeout(opened, 1000);
  int status = pcap.activate(opened);
  if (status < 0) {
    const char *detail = pcap.geterr(opened);
    snprintf(error, sizeof error, "%.100s: %.140s", pcap.statustostr(status), detail);
    pcap.close(opened);
    return throw_error(env, "ADTAP_NATIVE_OPEN", error);
  }
  struct adtap_bpf_insn refuse = {0x06, 0, 0, 0}; // BPF_RET | BPF_K: no byte of any packet
  struct adtap_bpf_program program = {1, &refuse};
  if (pcap.setfilter(opened, &program) != 0) {
    snprintf(error, sizeof error, "%s", pcap.geterr(opened));
    pcap.close(opened);
    return throw_error(env, "ADTAP_NATIVE_OPEN", error);
  }
  return wrap_handle(env, opened, 0);
}

#ifdef __linux__
#define BATCH 64
// Frames sent by one call of the system each BATCH, up to the first that is refused.
static uint32_t send_batches(adtap_pcap *player, unsigned char *bytes, const uint32_t *range, uint32_t count) {
  int fd = pcap.get_selectable_fd == NULL ? -1 : pcap.get_selectable_fd(player);
  uint32_t sent = 0;
  while (fd >= 0 && sent < count) {
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    unsigned wanted = count - sent < BATCH ? count - sent : BATCH;
    for (unsigned i = 0; i < wanted; i++) {
      const uint32_t *one = range + 2 * (sent + i);
      parts[i] = (struct iovec){bytes + one[0], one[1] - one[0]};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    int taken = sendmmsg(fd, messages, wanted, 0);
    if (taken > 0) sent += (uint32_t)taken;
    if (taken != (int)wanted) break;
  }
  return sent;
}
#endif

// send(handle, bytes, ranges, count): how many of the frames [ranges[2i], ranges[2i+1]) of `bytes` the adapter took, up to the first it refused.
static napi_value js_send(napi_env env, napi_callback_info info) {
  napi_value values[4], number;
  void *bytes, *ranges;
  size_t length, words;
  uint32_t count, sent = 0;
  if (!arguments(env, info, values, 4)) return NULL;
  struct binding_handle *handle = get_handle(env, values[0]);
  if (handle == NULL || !get_array(env, values[1], napi_uint8_array, &bytes, &length) ||
      !get_array(env, values[2], napi_uint32_array, &ranges, &words) || !get_uint32(env, values[3], &count))
    return NULL;
  const uint32_t *range = ranges;
  if ((size_t)count * 2 > words) return throw_error(env, "ADTAP_NATIVE_ARGUMENT", "too few ranges");
  for (uint32_t i = 0; i < count; i++)
    if (range[2 * i] >= range[2 * i + 1] || range[2 * i + 1] > length)
      return throw_error(env, "ADTAP_NATIVE_ARGUMENT", "a frame lies outside the bytes");
#ifdef __linux__
  sent = send_batches(handle->pcap, bytes, range, count);
#endif
  // What is left, one by one: libpcap then says why a frame is refused.
  for (; sent < count; sent++) {
    const uint32_t *one = range + 2 * sent;
    if (pcap.sendpacket(handle->pcap, (const unsigned char *)bytes + one[0], (int)(one[1] - one[0])) != 0) break;
  }
  return napi_create_uint32(env, sent, &number) == napi_ok ? number : NULL;
}

static napi_value js_handle_error(napi_env env, napi_callback_info info) {
  napi_value values[1], text;
  if (!arguments(env, info, values, 1)) return NULL;
  struct binding_handle *handle = get_handle(env, values[0]);
  if (handle == NULL) return NULL;
  return napi_create_string_utf8(env, pcap.geterr(handle->pcap), NAPI_AUTO_LENGTH, &text) == napi_ok ? text : NULL;
}

static napi_value js_close_handle(napi_env env, napi_callback_info info) {
  napi_value values[1];
  if (!arguments(env, info, values, 1)) return NULL;
  struct binding_handle *handle = get_handle(env, values[0]);
  if (handle == NULL) return NULL;
  pcap.close(handle->pcap);
  handle->pcap = NULL;
  handle->header = NULL;
  return undefined(env);
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback call;
  } functions[] = {
      {"load", js_load},
      {"leave", js_leave},
      {"devices", js_devices},
      {"linktype", js_linktype},
      {"compile", js_compile},
      {"match", js_match},
      {"createPool", js_create_pool},
      {"giveSlot", js_give_slot},
      {"takeSlot", js_take_slot},
      {"closePool", js_close_pool},
      {"openCapture", js_open_capture},
      {"startCapture", js_start_capture},
      {"stopCapture", js_stop_capture},
      {"captureStats", js_capture_stats},
      {"closeCapture", js_close_capture},
      {"openFile", js_open_file},
      {"readFile", js_read_file},
      {"handleLinktype", js_handle_linktype},
      {"openPlayer", js_open_player},
      {"send", js_send},
      {"handleError", js_handle_error},
      {"closeHandle", js_close_handle},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, function) != napi_ok)
      return NULL;
  }
  return exports;
}
