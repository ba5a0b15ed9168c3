// One adapter, one thread: packets go from libpcap's buffer into slots. When no slot is free they are dropped here, and counted.
#ifndef ADTAP_CAPTURE_H
#define ADTAP_CAPTURE_H

#include "pcap_api.h"
#include "platform.h"
#include "pool.h"

#define ADTAP_ERROR_BYTES 512

enum adtap_state { ADTAP_OPEN, ADTAP_RUNNING, ADTAP_STOPPING, ADTAP_ENDED, ADTAP_FAILED };

struct adtap_capture_options {
  int snaplen;
  int is_promiscuous;
  int timeout_ms;
  int buffer_bytes;
  int drain_ms;
};

// All packets since the start. received = delivered + no_slot + too_long; what the kernel saw is what libpcap says of it.
struct adtap_counts {
  uint64_t received;
  uint64_t received_bytes;
  uint64_t delivered;
  uint64_t no_slot;
  uint64_t too_long;
  uint64_t kernel_received;
  uint64_t kernel_dropped;
  uint64_t adapter_dropped;
  // Seen by the kernel but not read when the capture ended, where `is_exact`.
  uint64_t left;
};

struct adtap_capture {
  struct adtap_pool *pool;
  uint32_t id;
  adtap_pcap *pcap;
  struct adtap_capture_options options;
  int linktype;
  int is_nano;
  // What libpcap says that the kernel received is what it let through to us.
  int is_exact;
  adtap_thread thread;
  int has_thread;
  int wake_pipe[2];
  // Behind the lock: what other threads read or write.
  adtap_mutex lock;
  enum adtap_state state;
  int is_abandoned;
  struct adtap_counts counts;
  char error[ADTAP_ERROR_BYTES];
  // The capture thread's own.
  struct adtap_counts own;
  struct adtap_pcap_stat last_stat;
  int64_t slot;
  uint32_t used;
  uint32_t packets;
  // When the slot's first packet was copied, in milliseconds.
  uint64_t begun;
};

// Opens and activates a device. NULL with a message in `error`; a warning of libpcap goes to `warning` ('' without one).
struct adtap_capture *adtap_capture_open(struct adtap_pool *pool, uint32_t id, const char *device,
                                         const struct adtap_capture_options *options, const char *filter,
                                         char *error, char *warning);
// 0 when it cannot be, and when it was told to stop already.
int adtap_capture_start(struct adtap_capture *capture);
// Asks the thread to read what the kernel holds by now and to end; returns at once.
void adtap_capture_stop(struct adtap_capture *capture);
// Ends the thread, without reading on: what it counted stays as it is.
void adtap_capture_end(struct adtap_capture *capture);
// Ends the thread and frees everything.
void adtap_capture_close(struct adtap_capture *capture);

#endif
