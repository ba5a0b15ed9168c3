#include "capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef _WIN32
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#endif

// Packets of one batch: after it, counters are published and requests to stop are heard.
#define BATCH 1024
// How long a slot is filled before it goes as it is, and waits on while JavaScript still has others: handing one over costs the
// same whatever it holds.
#define HOLD_MS 10
#define IDLE_MS 1000
// How long the kernel's buffer may hold packets for which no slot is free before they are read and dropped.
#define PATIENCE_MS 100
#define STATS_MS 500
// BPF: return a constant, the length to keep.
#define BPF_RETURN 0x06

static void fail(struct adtap_capture *capture, const char *text) {
  adtap_lock(&capture->lock);
  snprintf(capture->error, sizeof capture->error, "%s", text);
  adtap_unlock(&capture->lock);
}

static void deliver(struct adtap_capture *capture) {
  struct adtap_ready ready = {(uint32_t)capture->slot, capture->id, capture->packets, capture->used};
  capture->own.delivered += capture->packets;
  capture->slot = -1;
  capture->used = 0;
  capture->packets = 0;
  adtap_pool_deliver(capture->pool, ready);
}

// An adapter that hears nothing keeps no slot from others.
static void put_back(struct adtap_capture *capture) {
  if (capture->slot >= 0) adtap_pool_put_back(capture->pool, (uint32_t)capture->slot);
  capture->slot = -1;
}

static void on_packet(unsigned char *user, const struct adtap_pkthdr *header, const unsigned char *bytes) {
  struct adtap_capture *capture = (struct adtap_capture *)(void *)user;
  struct adtap_pool *pool = capture->pool;
  size_t caplen = header->caplen;
  capture->own.received++;
  capture->own.received_bytes += caplen;
  if (caplen > pool->slot_bytes - ADTAP_RECORD_BYTES) {
    capture->own.too_long++;
    return;
  }
  size_t need = ADTAP_ALIGN(ADTAP_RECORD_BYTES + caplen);
  if (capture->slot >= 0 && (capture->used + need > pool->slot_bytes || capture->packets >= pool->slot_packets)) deliver(capture);
  if (capture->slot < 0) {
    capture->slot = adtap_pool_grab(pool);
    if (capture->slot < 0) {
      capture->own.no_slot++;
      return;
    }
  }
  uint8_t *record = pool->memory + (size_t)capture->slot * pool->stride + capture->used;
  uint32_t fraction = (uint32_t)header->ts.tv_usec;
  uint32_t words[4] = {(uint32_t)header->ts.tv_sec, capture->is_nano ? fraction : fraction * 1000u, header->caplen, header->len};
  memcpy(record, words, sizeof words);
  memcpy(record + ADTAP_RECORD_BYTES, bytes, caplen);
  if (capture->packets == 0) capture->begun = adtap_milliseconds();
  capture->used += (uint32_t)need;
  capture->packets++;
  // A slot that may not hold one packet more goes now; without another the kernel keeps the rest for a while.
  size_t most = ADTAP_ALIGN(ADTAP_RECORD_BYTES + (size_t)capture->options.snaplen);
  if (capture->used + most <= pool->slot_bytes && capture->packets < pool->slot_packets) return;
  deliver(capture);
  capture->slot = adtap_pool_grab(pool);
  if (capture->slot < 0) pcap.breakloop(capture->pcap);
}

// libpcap counts in 32 bits, which wrap. 0 where it cannot tell.
static int read_stats(struct adtap_capture *capture) {
  struct adtap_pcap_stat now;
  memset(&now, 0, sizeof now);
  if (pcap.stats(capture->pcap, &now) != 0) return 0;
  capture->own.kernel_received += (uint32_t)(now.ps_recv - capture->last_stat.ps_recv);
  capture->own.kernel_dropped += (uint32_t)(now.ps_drop - capture->last_stat.ps_drop);
  // The adapter's own counter begins anew with its driver, and is gone with the adapter.
  int32_t adapter_dropped = (int32_t)(now.ps_ifdrop - capture->last_stat.ps_ifdrop);
  if (adapter_dropped > 0) capture->own.adapter_dropped += (uint32_t)adapter_dropped;
  capture->last_stat = now;
  return 1;
}

// How many packets are received once all that the kernel holds now is; never too few.
static uint64_t received_by_now(struct adtap_capture *capture) {
  const struct adtap_counts *own = &capture->own;
  if (!read_stats(capture) || !capture->is_exact || own->kernel_received < own->kernel_dropped + own->received) return UINT64_MAX;
  return own->kernel_received - own->kernel_dropped;
}

// Publishes the counters; returns the state that others wish.
static enum adtap_state publish(struct adtap_capture *capture, int *is_abandoned) {
  adtap_lock(&capture->lock);
  capture->counts = capture->own;
  enum adtap_state state = capture->state;
  *is_abandoned = capture->is_abandoned;
  adtap_unlock(&capture->lock);
  return state;
}

// Waits until there may be packets. On Windows, and where libpcap has no descriptor, pcap_dispatch() itself waits.
static void wait_for_packets(struct adtap_capture *capture, int fd, int milliseconds) {
#ifdef _WIN32
  (void)capture;
  (void)fd;
  (void)milliseconds;
#else
  if (fd < 0) return;
  struct pollfd fds[2] = {{fd, POLLIN, 0}, {capture->wake_pipe[0], POLLIN, 0}};
  if (poll(fds, 2, milliseconds) <= 0) return;
  if (fds[1].revents & POLLIN) {
    char bytes[16];
    while (read(capture->wake_pipe[0], bytes, sizeof bytes) > 0) continue;
  }
  // An adapter that went down keeps the descriptor readable: no busy waiting until libpcap says so.
  if ((fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) && !(fds[0].revents & POLLIN)) adtap_sleep(HOLD_MS);
#endif
}

static void capture_loop(struct adtap_capture *capture) {
  int fd = -1;
#ifndef _WIN32
  if (pcap.get_selectable_fd != NULL) fd = pcap.get_selectable_fd(capture->pcap);
  if (fd >= 0) {
    char error[ADTAP_ERRBUF_SIZE];
    if (pcap.setnonblock(capture->pcap, 1, error) != 0) fd = -1;
  }
#endif
  uint64_t stats_at = 0;
  uint64_t retired_at = 0;
  uint64_t drain_until = 0;
  uint64_t drained_with = 0;
  uint64_t full_until = 0;
  int wait = 0;
  for (;;) {
    if (wait > 0) wait_for_packets(capture, fd, wait);
    uint64_t began = adtap_milliseconds();
    int is_patient = 0;
    if (capture->slot < 0 && (capture->slot = adtap_pool_grab(capture->pool)) < 0) {
      if (full_until == 0) full_until = began + PATIENCE_MS;
      is_patient = began < full_until;
    } else {
      full_until = 0;
    }
    uint64_t before = capture->own.received;
    int status = 0;
    if (is_patient) adtap_sleep(1);
    else status = pcap.dispatch(capture->pcap, BATCH, on_packet, (unsigned char *)capture);
    uint64_t count = capture->own.received - before;
    uint64_t now = adtap_milliseconds();
    if (now >= stats_at) {
      read_stats(capture);
      stats_at = now + STATS_MS;
    }
    int is_abandoned;
    enum adtap_state state = publish(capture, &is_abandoned);
    if (is_abandoned) return;
    if (status < 0 && status != ADTAP_ERROR_BREAK) {
      fail(capture, pcap.geterr(capture->pcap));
      return;
    }
    int is_more = count >= BATCH || is_patient || status == ADTAP_ERROR_BREAK;
    if (state == ADTAP_STOPPING) {
      if (drain_until == 0) {
        drain_until = now + (uint64_t)capture->options.drain_ms;
        // What the kernel holds in a block that is not full comes when the block's time is over.
        retired_at = now + (uint64_t)capture->options.timeout_ms * 2 + HOLD_MS;
        drained_with = received_by_now(capture);
      }
      if (capture->own.received >= drained_with || now >= drain_until || (began >= retired_at && !is_more)) return;
    }
    if (is_more) {
      wait = 0;
      continue;
    }
    // Where pcap_dispatch() itself waits, it may be long before we are here again.
    int is_due = capture->packets > 0 && (fd < 0 || now >= capture->begun + HOLD_MS);
    if (is_due && adtap_pool_is_drained(capture->pool)) deliver(capture);
    if (capture->packets == 0) {
      wait = state == ADTAP_STOPPING ? HOLD_MS : IDLE_MS;
      put_back(capture);
    } else wait = is_due ? HOLD_MS : (int)(capture->begun + HOLD_MS - now);
#ifdef __APPLE__
    // BPF devices do not always report readiness: look again when a read would have timed out.
    if (wait > capture->options.timeout_ms && capture->options.timeout_ms > 0) wait = capture->options.timeout_ms;
#endif
  }
}

static ADTAP_THREAD run(void *argument) {
  struct adtap_capture *capture = argument;
  capture_loop(capture);
  if (capture->packets > 0) deliver(capture);
  put_back(capture);
  read_stats(capture);
  uint64_t seen = capture->own.received + capture->own.kernel_dropped;
  if (capture->is_exact && capture->own.kernel_received > seen) capture->own.left = capture->own.kernel_received - seen;
  adtap_lock(&capture->lock);
  capture->counts = capture->own;
  capture->state = capture->error[0] != '\0' ? ADTAP_FAILED : ADTAP_ENDED;
  adtap_unlock(&capture->lock);
  adtap_pool_wake(capture->pool);
  return ADTAP_THREAD_END;
}

// Compiling takes hundreds of milliseconds, in which the kernel would count, and libpcap throw away, whatever comes: first nothing
// is let through, and `before` is what was counted until then.
static int set_filter(adtap_pcap *handle, const char *filter, struct adtap_pcap_stat *before, char *error) {
  struct adtap_bpf_insn nothing = {BPF_RETURN, 0, 0, 0};
  struct adtap_bpf_program program = {1, &nothing};
  if (pcap.setfilter(handle, &program) == 0) pcap.stats(handle, before);
  if (pcap.compile(handle, &program, filter, 1, ADTAP_NETMASK_UNKNOWN) != 0) {
    snprintf(error, ADTAP_ERROR_BYTES, "filter: %s", pcap.geterr(handle));
    return 0;
  }
  int result = pcap.setfilter(handle, &program);
  if (result != 0) snprintf(error, ADTAP_ERROR_BYTES, "filter: %s", pcap.geterr(handle));
  pcap.freecode(&program);
  return result == 0;
}

struct adtap_capture *adtap_capture_open(struct adtap_pool *pool, uint32_t id, const char *device,
                                         const struct adtap_capture_options *options, const char *filter,
                                         char *error, char *warning) {
  char message[ADTAP_ERRBUF_SIZE] = "";
  warning[0] = '\0';
  adtap_pcap *handle = pcap.create(device, message);
  if (handle == NULL) {
    snprintf(error, ADTAP_ERROR_BYTES, "%s", message);
    return NULL;
  }
  pcap.set_snaplen(handle, options->snaplen);
  pcap.set_promisc(handle, options->is_promiscuous);
  pcap.set_timeout(handle, options->timeout_ms);
  pcap.set_buffer_size(handle, options->buffer_bytes);
  int is_nano = pcap.set_tstamp_precision != NULL && pcap.set_tstamp_precision(handle, ADTAP_TSTAMP_PRECISION_NANO) == 0;
  int status = pcap.activate(handle);
  if (status != 0) {
    const char *detail = pcap.geterr(handle);
    const char *general = pcap.statustostr(status);
    snprintf(status < 0 ? error : warning, ADTAP_ERROR_BYTES, "%s%s%s", general, detail[0] == '\0' ? "" : ": ", detail);
  }
  struct adtap_pcap_stat before;
  memset(&before, 0, sizeof before);
  if (status < 0 || (filter[0] != '\0' && !set_filter(handle, filter, &before, error))) {
    pcap.close(handle);
    return NULL;
  }
  struct adtap_capture *capture = calloc(1, sizeof *capture);
  if (capture == NULL) {
    snprintf(error, ADTAP_ERROR_BYTES, "out of memory");
    pcap.close(handle);
    return NULL;
  }
  capture->pool = pool;
  capture->id = id;
  capture->pcap = handle;
  capture->options = *options;
  capture->linktype = adtap_linktype(pcap.datalink(handle));
#ifdef __linux__
  // Of loopback it counts each packet twice, going out and coming in, and libpcap passes on one.
  capture->is_exact = strcmp(device, "lo") != 0;
#endif
  capture->is_nano = is_nano && pcap.get_tstamp_precision != NULL && pcap.get_tstamp_precision(handle) == ADTAP_TSTAMP_PRECISION_NANO;
  capture->last_stat = before;
  capture->slot = -1;
  capture->wake_pipe[0] = -1;
  capture->wake_pipe[1] = -1;
  adtap_mutex_init(&capture->lock);
  return capture;
}

static void close_pipe(struct adtap_capture *capture) {
#ifndef _WIN32
  for (int i = 0; i < 2; i++) {
    if (capture->wake_pipe[i] >= 0) close(capture->wake_pipe[i]);
    capture->wake_pipe[i] = -1;
  }
#else
  (void)capture;
#endif
}

int adtap_capture_start(struct adtap_capture *capture) {
  if (capture->has_thread || capture->state != ADTAP_OPEN) return 0;
#ifndef _WIN32
  if (pipe(capture->wake_pipe) != 0) return 0;
  for (int i = 0; i < 2; i++) {
    fcntl(capture->wake_pipe[i], F_SETFL, O_NONBLOCK);
    fcntl(capture->wake_pipe[i], F_SETFD, FD_CLOEXEC);
  }
#endif
  capture->state = ADTAP_RUNNING;
  capture->has_thread = adtap_thread_start(&capture->thread, run, capture);
  if (!capture->has_thread) {
    capture->state = ADTAP_OPEN;
    close_pipe(capture);
  }
  return capture->has_thread;
}

static void rouse(struct adtap_capture *capture) {
#ifndef _WIN32
  if (capture->wake_pipe[1] >= 0 && write(capture->wake_pipe[1], "", 1) < 0) return; // full: it is awake already
#else
  (void)capture;
#endif
}

void adtap_capture_stop(struct adtap_capture *capture) {
  adtap_lock(&capture->lock);
  if (capture->state == ADTAP_RUNNING) capture->state = ADTAP_STOPPING;
  else if (capture->state == ADTAP_OPEN) capture->state = ADTAP_ENDED;
  adtap_unlock(&capture->lock);
  rouse(capture);
}

void adtap_capture_end(struct adtap_capture *capture) {
  if (!capture->has_thread) return;
  adtap_lock(&capture->lock);
  capture->is_abandoned = 1;
  adtap_unlock(&capture->lock);
  rouse(capture);
  pcap.breakloop(capture->pcap);
  adtap_thread_join(capture->thread);
  capture->has_thread = 0;
}

void adtap_capture_close(struct adtap_capture *capture) {
  adtap_capture_end(capture);
  close_pipe(capture);
  pcap.close(capture->pcap);
  adtap_mutex_destroy(&capture->lock);
  free(capture);
}
